"""Asking bpftrace whether it would take a program: by which option, and what becomes of its answer."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer import program_check
from bttop.engine.tracer.program_check import check_options, complaints
from bttop.model.record.release import Release
from bttop.script.language.reader import read
from bttop.script.process.pin import Pin
from bttop.script.rewrite.prepare import Prepared, prepare
from tests.engine.asking import queries
from tests.standin import standin

PROGRAM = "kprobe:vfs_read { @calls[comm] = cuont(); }"


def prepared(text: str = PROGRAM, pin: Pin | None = None) -> Prepared:
    return prepare(read(text), pin=pin)


def asked(path: Path, one: Prepared) -> tuple[str, ...]:
    """What a bpftrace has against a program."""
    with queries() as through:
        return asyncio.run(complaints(through, Bpftrace(str(path), Release(0, 17)), one, "calls.bt"))


def script(folder: Path, body: str) -> Path:
    """A bpftrace that is a shell script."""
    path = folder / "bpftrace"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("release", "options"),
    [
        (Release(0, 14), ["--test", "codegen"]),
        (Release(0, 17), ["--test", "codegen"]),
        (Release(0, 23), ["--test", "codegen"]),
        (Release(0, 24), ["--test-mode", "codegen"]),
        (Release(0, 25), ["--mode", "codegen"]),
        (Release(0, 27), ["--mode", "codegen"]),
    ],
)
def test_each_release_has_its_option(release: Release, options: list[str]) -> None:
    assert check_options(release) == options


def test_the_prepared_text_and_its_parameters_are_checked(tmp_path: Path) -> None:
    path = script(tmp_path, f'printf "%s\\n" "$@" >{tmp_path}/asked')
    one = prepared("kprobe:vfs_read /pid == $1/ { @ = count(); }", Pin(pids=(42,)))
    assert one.args
    assert asked(path, one) == ()
    said = (tmp_path / "asked").read_text()
    assert said == "\n".join(["--test", "codegen", "-e", one.text, "--", *one.args, ""])


def test_an_error_is_shown_at_its_place_in_the_text_as_it_was_written(tmp_path: Path) -> None:
    one = prepared(pin=Pin(pids=(42,)))
    column = one.text.index("cuont") + 1
    said = f"stdin:1:{column}-{column + 7}: ERROR: Unknown function: cuont\n"
    found = asked(standin(tmp_path, [["refuse", said, 1]]), one)
    assert found[0].endswith("Unknown function: cuont")
    assert f"calls.bt:1:{PROGRAM.index('cuont') + 1} " in found[0]
    assert found[1].strip() == PROGRAM
    assert found[2].index("^") == found[1].index("cuont")


def test_warnings_are_no_complaint(tmp_path: Path) -> None:
    path = standin(tmp_path, [["error", "stdin:1:1-7: WARNING: kprobe:vfs_read is odd\n"], ["exit", 0]])
    assert asked(path, prepared()) == ()


def test_a_program_that_is_taken_has_no_complaint(tmp_path: Path) -> None:
    assert asked(standin(tmp_path), prepared()) == ()


@pytest.mark.parametrize("body", ["kill -SEGV $$", "kill -KILL $$"])
def test_a_crash_of_the_check_counts_as_nothing(tmp_path: Path, body: str) -> None:
    assert asked(script(tmp_path, body), prepared()) == ()


def test_a_bpftrace_that_is_not_there_counts_as_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path / "none", prepared()) == ()


def test_what_is_no_text_is_still_shown(tmp_path: Path) -> None:
    path = script(tmp_path, "printf 'ERROR: no \\377 such probe\\n'; exit 1")
    found = asked(path, prepared())
    assert len(found) == 1
    assert "such probe" in found[0]


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process; the suite's timeout ends a wait in vain."""
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.01)


def waiting(folder: Path) -> Path:
    """A bpftrace that says who it is and never answers."""
    return script(folder, f"echo $$ >{folder}/pid.tmp; mv {folder}/pid.tmp {folder}/pid; exec sleep 60")


def test_a_check_without_an_answer_counts_as_nothing_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_check, "TIMEOUT", 5.0)
    path = script(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60")
    with queries() as through:
        refused = asyncio.run(complaints(through, Bpftrace(str(path), Release(0, 17)), prepared(), "calls.bt"))
        assert refused == ()
        wait_until_gone(int((tmp_path / "pid").read_text()))


def test_leaving_while_it_checks_ends_the_check(tmp_path: Path) -> None:
    async def leave() -> None:
        path = str(waiting(tmp_path))
        task = asyncio.create_task(complaints(through, Bpftrace(path, Release(0, 17)), prepared(), "calls.bt"))
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with queries() as through:
        asyncio.run(leave())
        wait_until_gone(int((tmp_path / "pid").read_text()))
