"""`p`, `P` and `u`: programs are held to the row's process in the kernel, and its end is said."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.dashboard import CALLS, beat, probe, record
from tests.ui.session.kit import rows_of, session

BY_CPU = "profile:hz:99 { @runs[cpu] = count(); }"


def counting(pid: int, name: str) -> str:
    return probe(CALLS, [["attach", 1], beat(CALLS, record(CALLS, "@calls", {f"{pid},{name}": 9}))])


def test_p_pins_a_pane_in_the_kernel_and_u_lifts_it(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9), "other": rows_of(perl=8)}, columns=160) as shown:
        shown.wait_for("2 of 2 live", " java ", " perl ")
        shown.press("p")
        shown.wait_for(f"calls will count only pid {pid}; u unpins", "1 of 2 pinned", "2 of 2 live")
        shown.wait_for(lambda: len(shown.programs()) == 3, lambda: f" pid {pid} " in shown.line("━1 calls"))
        assert f"/pid == {pid}/" in shown.programs()[-1]
        shown.press("u")
        shown.wait_for("will count every process", " no pin ", lambda: len(shown.programs()) == 4)
        assert "pid ==" not in shown.programs()[-1]


def test_a_process_that_has_ended_is_not_pinned_to(tmp_path: Path, mortal: subprocess.Popen[bytes]) -> None:
    mortal.kill()
    mortal.wait()
    with session(tmp_path, {"calls": counting(mortal.pid, "sleep")}, columns=160) as shown:
        shown.wait_for("1 of 1 live", " sleep ")
        for key in ("p", "P"):
            shown.press(key)
            shown.wait_for(f"pid {mortal.pid} has ended: a pin to it would show nothing")
        assert len(shown.programs()) == 1


def test_a_pin_on_a_detached_pane_says_that_it_is_detached(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9), "other": rows_of(perl=8)}, columns=160) as shown:
        shown.wait_for("2 of 2 live", " java ", " perl ")
        shown.press("x")
        shown.wait_for(" stopped ")
        shown.press("p")
        shown.wait_for(f"calls will count only pid {pid} once it is attached (x); u unpins")
        shown.press("P")
        shown.wait_for(f"each pane will count only pid {pid}, calls once attached again (x); U unpins all")
        shown.press("x")
        shown.wait_for("2 of 2 live")
        assert f"pid == {pid}" in shown.programs()[-1]


def test_capital_p_pins_all_panes_and_u_lifts_the_pin_of_the_focused_one(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9), "other": rows_of(perl=8)}, columns=160) as shown:
        shown.wait_for("2 of 2 live", " java ", " perl ")
        shown.press("P")
        shown.wait_for(f"each pane will count only pid {pid}", lambda: f" pid {pid} " in shown.lines[0])
        shown.wait_for("2 of 2 live", lambda: len(shown.programs()) == 4)
        assert all(f"pid == {pid}" in text for text in shown.programs()[2:])
        shown.press("u")
        shown.wait_for("1 of 2 pinned", lambda: f" pid {pid} " in shown.line("2 other").partition("2 other")[2])
        shown.press("u")
        shown.wait_for("calls has no pin; U unpins all panes", "1 of 2 pinned")
        shown.press("U")
        shown.wait_for("other will count every process", " no pin ", "2 of 2 live")


def test_a_pane_without_processes_is_asked_what_to_pin_to(tmp_path: Path) -> None:
    runs = probe(BY_CPU, [["attach", 1], beat(BY_CPU, record(BY_CPU, "@runs", {"7": 9}))])
    with session(tmp_path, {"runs": runs}, columns=160) as shown:
        shown.wait_for("1 of 1 live")
        for text, said in (
            ("999999999", "there is no process 999999999"),
            ("/no/such", "there is no cgroup /no/such below "),
            ("none.service", "there is no cgroup none.service below "),
        ):
            shown.press("p")
            shown.wait_for("no row with a process is selected", "pin to PID, name, unit, container or cgroup:")
            shown.press(text, "Enter")
            shown.wait_for(said)
        shown.press("p")
        shown.wait_for("pin to PID")
        shown.press("Esc")
        shown.wait_for(" no pin ", lambda: "pin to PID" not in shown.text)
        shown.press("p", "java", "Enter")
        shown.wait_for("runs will count only comm java", lambda: " comm java " in shown.lines[0])
        shown.wait_for(lambda: len(shown.programs()) == 2)
        assert '/comm == "java"/' in shown.programs()[-1]


@pytest.fixture
def mortal() -> Iterator[subprocess.Popen[bytes]]:
    """A process that a test may end."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_the_end_of_a_pinned_process_is_said_with_its_time_and_the_pane_keeps_what_it_showed(
    tmp_path: Path, mortal: subprocess.Popen[bytes]
) -> None:
    pid = mortal.pid
    with session(tmp_path, {"calls": counting(pid, "sleep")}, columns=120) as shown:
        shown.wait_for("1 of 1 live", f"{pid} sleep")
        shown.press("p")
        shown.wait_for(lambda: f" pid {pid} " in shown.line("━1 calls"), lambda: len(shown.programs()) == 2)
        mortal.kill()
        mortal.wait()
        shown.wait_for(f"calls: pid {pid} ended", "u unpins")
        assert re.search(rf" ended \d\d:\d\d:\d\d: pid {pid} ", shown.line("━1 calls"))
        shown.wait_for(f"{pid} sleep")
        shown.press("u")
        shown.wait_for("will count every process", " no pin ", lambda: "ended" not in shown.text)


def test_the_ladder_of_a_process_that_has_ended_is_not_opened(tmp_path: Path, mortal: subprocess.Popen[bytes]) -> None:
    pid = mortal.pid
    with session(tmp_path, {"calls": counting(pid, "sleep")}, columns=120) as shown:
        shown.wait_for("1 of 1 live", f"{pid} sleep")
        mortal.kill()
        mortal.wait()
        shown.press("L")
        shown.wait_for(f"pid {pid} has ended: panes about it would show nothing", "1 of 1 live")


def test_a_pin_from_the_command_line_holds_for_every_pane_and_its_children(tmp_path: Path) -> None:
    options = ["-p", str(os.getpid()), "--children"]
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160, options=options) as shown:
        shown.wait_for("1 of 1 live", lambda: f" pid {os.getpid()}," in shown.lines[0])
        (text,) = shown.programs()
        assert f"pid == {os.getpid()}" in text
        # bttop itself is a child of the tests.
        assert f"pid == {shown.terminal.process.pid}" in text
        assert "tracepoint:task:task_newtask" in text


def test_children_need_a_process(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, options=["-p", "java", "--children"]) as shown:
        assert shown.terminal.exit_code() == 2
        assert b"--children needs a process: add -p with its PID" in shown.terminal.everything()
