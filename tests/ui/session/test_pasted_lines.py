"""Pasted lines: the prompt, the dashboard, `stream` and `record` run the same and refuse the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bttop.model.format.text import visible
from tests.pasted import REFUSED, REFUSED_BY_ENGINE
from tests.ui.session.kit import OPENS, Session, noting_bpftrace, rows_of, session, starts_in

LINES: Final = {
    f"[root@host ~]# bpftrace -e '{OPENS}'": (),
    f"bpftrace -e ‘{OPENS}’ | head": (),
    f"sudo bpftrace - <<'EOF'\n{OPENS}\nEOF": (),
    f"echo '{OPENS}' | bpftrace -": (),
    f"bpftrace --include linux/limits.h -I inc -e '{OPENS}'": ("--include", "linux/limits.h", "-I", "inc"),
    f"timeout 10 bpftrace -p {os.getpid()} -e '{OPENS}'": (),
}
"""Lines, and the options that bpftrace must get."""


def runs(folder: Path, given: Sequence[Sequence[str]]) -> list[tuple[tuple[str, ...], bool]]:
    """The user's options of each program that was run, and whether it has a pin."""
    found = []
    for words in given:
        if words[0] != "-f":
            continue
        at = words.index("-e")
        options = tuple(word.replace(f"{folder}/", "") for word in words[2:at] if word != "--no-warnings")
        found.append((options, f"pid == {os.getpid()}" in words[at + 1]))
    return found


OPENED: Final = "sys_enter_openat"
EXPECTED: Final = sorted((options, " -p " in line) for line, options in LINES.items())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder, which has a folder of headers."""
    (tmp_path / "inc").mkdir()
    monkeypatch.chdir(tmp_path)


def test_the_prompt_runs_every_line(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160) as shown:
        shown.wait_for("1 of 1 live")
        for line in LINES:
            before = len(shown.programs())
            shown.press(":")
            shown.ask(line)
            shown.wait_for(partial(more_than, before, shown))
        started = [one for one in shown.starts() if OPENED in " ".join(one)]
        assert sorted(runs(tmp_path, started)) == EXPECTED
        checked = [one for one in started if one[0] != "-f"]
        assert [one for one in checked if "--include" in one and "-I" in one], "the check has the options too"


def test_the_dashboard_runs_every_line(tmp_path: Path) -> None:
    words = [word for line in LINES for word in ("-e", line)]
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160, options=words) as shown:
        shown.wait_for(lambda: len(shown.programs()) == len(LINES) + 1)
        started = [one for one in shown.starts() if OPENED in " ".join(one)]
    assert sorted(runs(tmp_path, started)) == EXPECTED


@pytest.mark.parametrize("command", [("stream",), ("record", "-o", "out.bttop")])
def test_a_command_without_a_screen_runs_every_line_and_says_what_it_left_out(
    tmp_path: Path, command: Sequence[str]
) -> None:
    words = [word for line in LINES for word in ("-e", line)]
    bpftrace = noting_bpftrace(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "bttop", *command, *words, "--bpftrace", str(bpftrace), "--for", "1s", "--force"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sorted(runs(tmp_path, starts_in(tmp_path))) == EXPECTED, ended.stderr
    assert "-e 2: replaced characters of a web page: ‘ ’" in ended.stderr
    assert "-e 2: left out: everything from `|` on" in ended.stderr
    assert "-e 6: left out: timeout 10" in ended.stderr


def more_than(before: int, shown: Session) -> bool:
    """Whether a further program was started."""
    return len(shown.programs()) > before


def refused(shown: Session, line: str, sentence: str) -> None:
    """Paste a line and wait for its sentence."""
    shown.ask(line)
    shown.wait_for(visible(sentence)[:100])


def test_the_prompt_refuses_every_line_with_its_sentence(tmp_path: Path) -> None:
    # A terminal interprets the control characters of a pasted text itself; an empty line closes the prompt.
    lines = [(line, said) for line, said in (*REFUSED, *REFUSED_BY_ENGINE) if line.isprintable() and line.strip()]
    assert len(lines) > 35
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        for line, sentence in lines:
            refused(shown, line, sentence)
        assert len(shown.programs()) == 1


def test_a_saved_program_is_named_with_the_options_that_it_needs(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=250) as shown:
        shown.wait_for("1 of 1 live")
        shown.press(":")
        shown.ask(f"BPFTRACE_STRLEN=99 bpftrace --include linux/limits.h -e '{OPENS}'")
        shown.wait_for("2 of 2 live", "4711 curl")
        shown.press("w", "\x01", "\x0b", "mine", "Enter")
        shown.wait_for("saved; `", "-e 'BPFTRACE_STRLEN=99 bpftrace --include linux/limits.h /", "/mine.bt'` runs it")


def test_a_file_keeps_the_options_of_its_line_when_it_is_saved(tmp_path: Path) -> None:
    script = tmp_path / "mine.bt"
    script.write_text(f"{OPENS}\n")
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160) as shown:
        shown.wait_for("1 of 1 live")
        shown.press(":")
        shown.ask(f"bpftrace -I inc {script}")
        shown.wait_for("2 of 2 live", "4711 curl")
        script.write_text(f"// changed\n{OPENS}\n")
        shown.wait_for("the new text takes over", lambda: any("changed" in text for text in shown.programs()))
        changed = [one for one in shown.starts() if "// changed" in " ".join(one)]
        assert all("-I" in one for one in changed)
