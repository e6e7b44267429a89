"""Short questions through the tracer: answers, limits, and what becomes of those that get none."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bttop.engine.engine import Engine
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer import bpftrace_queries as module
from bttop.engine.tracer.bpftrace_queries import Asker, BpftraceQueries
from bttop.engine.tracer.privilege import Privilege
from bttop.model.record.release import Release
from tests.engine.asking import queries

PATIENCE = 60.0


@pytest.fixture
def through() -> Iterator[BpftraceQueries]:
    with queries() as running:
        yield running


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def python(text: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", text]


def waiting(mark: Path) -> list[str]:
    """A command that says who it is and never ends."""
    return python(f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")


def test_an_answer_has_both_outputs_and_the_exit_code(through: BpftraceQueries) -> None:
    words = python("import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(3)")
    answer = through.run(words).answer.result(PATIENCE)
    assert sorted(answer.lines) == [("stderr", b"two"), ("stdout", b"one")]
    assert answer.code == 3
    assert answer.output() == b"one\n"


def test_only_what_is_given_is_in_its_environment(through: BpftraceQueries) -> None:
    words = python("import os; print(sorted(os.environ))")
    answer = through.run(words, {"BPFTRACE_COLOR": "never"}).answer.result(PATIENCE)
    assert answer.output() == b"['BPFTRACE_COLOR', 'HOME', 'LANG', 'PATH']\n"


def test_an_answer_without_end_is_cut_at_a_line_and_its_command_ended(through: BpftraceQueries, tmp_path: Path) -> None:
    words = python(
        f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nwhile True: print('kprobe:x')"
    )
    said = Asker(through).ask(words, 1000)
    assert 900 < len(said) <= 1000
    assert set(said.splitlines()) == {b"kprobe:x"}
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_what_cannot_be_run_is_an_error_with_its_reason(through: BpftraceQueries) -> None:
    with pytest.raises(OSError, match="No such file"):
        Asker(through).ask(["/no/such/bpftrace"], 1000)


def test_a_question_that_is_called_off_ends_its_command(through: BpftraceQueries, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    asker = Asker(through)
    failures: list[OSError] = []

    def ask() -> None:
        try:
            asker.ask(waiting(mark), 1000)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: mark.exists() and bool(mark.read_text()))
    asker.close()
    thread.join(PATIENCE)
    assert len(failures) == 1
    wait_until(lambda: not Path(f"/proc/{mark.read_text()}").exists())
    with pytest.raises(OSError, match="cancelled"):
        asker.ask(["true"], 1000)


def test_no_answer_in_time_is_an_error(
    through: BpftraceQueries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.05)
    with pytest.raises(TimeoutError, match="no answer within"):
        Asker(through).ask(waiting(tmp_path / "pid"), 1000)


def test_whoever_waits_is_told_when_all_ends(tmp_path: Path) -> None:
    with queries() as running:
        query = running.run(waiting(tmp_path / "pid"))
        wait_until((tmp_path / "pid").exists)
    # Whether the tracer still tells the end of the command, or nobody does.
    assert query.answer.exception(PATIENCE) is not None or query.answer.result().code != 0
    with pytest.raises(OSError, match="bttop is ending"):
        running.run(["true"]).answer.result(PATIENCE)


def test_questions_go_the_way_that_programs_go() -> None:
    wrapped = Privilege(bpftrace=("env", "-i"), settings=True)
    engine = Engine(Host.read(), Bpftrace("bpftrace", Release(0, 17)), privilege=wrapped)
    engine.start()
    try:
        words = python("import os; print(sorted(os.environ))")
        answer = engine.queries.run(words, {"BPFTRACE_COLOR": "never"}).answer.result(PATIENCE)
    finally:
        engine.close()
    names = eval(answer.output())
    assert "BPFTRACE_COLOR" in names
    assert "HOME" not in names
