"""Enter on a row, what can be asked of it, the ladder, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

from tests.ui.dashboard import CALLS, beat, probe, record
from tests.ui.session.kit import rows_of, session

SYSCALLS = """// /// bttop
// [map.calls]
// columns = ["pid", "comm", "syscall"]
// decoders = { syscall = "syscall" }
// ///
tracepoint:raw_syscalls:sys_enter { @calls[pid, comm, args->id] = count(); }"""


def test_enter_shows_who_a_row_is_about_and_a_choice_adds_a_pane_that_backspace_closes(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=120, rows=48) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("Enter")
        shown.wait_for("calls: calls", "ask next", "its system calls", "its sockets", "its lock waits")
        for told in ("command ", "user ", "parents ", "threads "):
            shown.wait_for(told)
        assert "its program" not in shown.text
        shown.press("v")
        shown.wait_for("its program", "rawtracepoint:sys_enter")
        shown.press("s")
        shown.wait_for("2 of 2 live", "━2 syscalls ", "starts and counts from now; Backspace", " java ")
        shown.wait_for(lambda: f" pid {pid} " in shown.line("━2 syscalls"))
        assert str(pid) in shown.starts()[-1]
        shown.press("\x7f")
        shown.wait_for("1 of 1 live", "━1 calls ", lambda: "syscalls" not in shown.text)
        shown.press("\x7f")
        shown.wait_for("nothing to go back to")
        shown.press("[")
        shown.wait_for(" ago, still tracing")
        shown.press("Enter")
        shown.wait_for("ask next")
        shown.press("s")
        shown.wait_for("2 of 2 live", lambda: " ago, still tracing" not in shown.text)


def test_the_menu_is_walked_and_its_program_can_be_edited_before_it_is_asked(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=120, rows=48) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("Enter")
        shown.wait_for("its system calls", "its threads' switches")
        assert "its program" not in shown.text
        shown.press("v", "Down", "j", "k", "Up", "Up", "Down", "Down")
        shown.wait_for("its program", "@latency", lambda: "///" not in shown.text)
        shown.press("e")
        shown.wait_for("━1 calls", lambda: "ask next" not in shown.text)
        shown.press("Home")
        shown.wait_for(" :// /// bttop")
        assert len(shown.programs()) == 1
        shown.press("Esc")
        shown.wait_for(lambda: "/// bttop" not in shown.text)
        shown.press("Enter")
        shown.wait_for("ask next")
        shown.press("z")
        shown.wait_for("Esc back", lambda: "ask next" not in shown.text)
        shown.press("Esc")
        shown.wait_for("ask next")
        shown.press("C-c")
        shown.wait_for("q quit", lambda: "ask next" not in shown.text)


def test_a_click_chooses_what_stands_there(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=120, rows=48) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("Enter")
        shown.click("its reads")
        shown.wait_for("2 of 2 live", "━2 vfs_read ")


def test_the_system_call_of_a_row_is_asked_about_first(tmp_path: Path) -> None:
    rows = record(SYSCALLS, "@calls", {f"{os.getpid()},java,257": 9})
    text = probe(SYSCALLS, [["attach", 1], beat(SYSCALLS, rows)])
    with session(tmp_path, {"asked": text}, columns=120, rows=48) as shown:
        shown.wait_for("1 of 1 live", " java ", " openat")
        shown.press("Enter")
        shown.wait_for("openat: latency", "openat: who calls it")
        assert shown.text.index("openat: latency") < shown.text.index("its system calls")


def test_the_ladder_is_a_page_of_its_own_and_backspace_closes_it(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160, rows=48) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("L")
        shown.wait_for(f"panes about pid {pid}", f"1 syscalls {pid}", f"6 profile {pid}", "7 of 7 live")
        shown.wait_for(lambda: "1 calls" not in shown.text)
        assert all(str(pid) in " ".join(one) for one in shown.starts()[2:] if one[0] == "-f")
        shown.press("0")
        shown.wait_for("━1 calls ", " java ", lambda: f"syscalls {pid}" not in shown.text)
        shown.press("0")
        shown.wait_for(f"1 syscalls {pid}")
        shown.press("\x7f")
        shown.wait_for("━1 calls ", "1 of 1 live")


def test_a_row_without_a_process_has_no_ladder(tmp_path: Path) -> None:
    text = CALLS.replace("[pid, comm]", "[cpu]")
    pane = probe(text, [["attach", 1], beat(text, record(text, "@calls", {"1": 9}))])
    with session(tmp_path, {"calls": pane}) as shown:
        shown.wait_for("1 of 1 live")
        shown.press("L")
        shown.wait_for("this row has no process")


def test_escape_leaves_the_zoom_after_a_row_was_opened_there(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9), "other": rows_of(perl=8)}) as shown:
        shown.wait_for("2 of 2 live", " java ", " perl ")
        shown.press("z")
        shown.wait_until_gone(" perl ")
        shown.press("Enter")
        shown.wait_for("ask next")
        shown.press("Esc", "Esc")
        shown.wait_for(" java ", " perl ")
        shown.press("Esc")
        shown.wait_for("nothing to go back from")
