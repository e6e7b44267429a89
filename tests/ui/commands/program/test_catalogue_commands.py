"""The catalogue as it is used, and what could be asked better."""

from __future__ import annotations

from pathlib import Path

from tests.standin import standin
from tests.ui.dashboard import probe
from tests.ui.session import kit
from tests.ui.session.kit import CURL, rows_of, session

EVERY = "tracepoint:syscalls:sys_enter_* { @calls[probe] = count(); }"


def test_a_probe_is_found_while_typing_and_a_first_question_becomes_a_pane(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a")
        shown.wait_for("5 probes of this kernel", "▪ biolatency")
        shown.press("enter openat")
        shown.wait_for("const char * filename", lambda: "biolatency" not in shown.text)
        shown.press("Enter")
        shown.wait_for("count by comm", "count by filename", "histogram of dfd", "its program")
        shown.press("Enter")
        shown.wait_for("2 of 2 live", "━2 sys_enter_openat ", "w saves it, X closes it")
        assert "tracepoint:syscalls:sys_enter_openat" in shown.programs()[-1]


def test_a_first_question_can_be_edited_before_it_is_asked(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a")
        shown.wait_for("5 probes of this kernel")
        shown.press("tcp_sendmsg", "Enter")
        shown.wait_for("count by comm")
        shown.press("e")
        shown.wait_for("kprobe:tcp_sendmsg", "━1 calls", lambda: "count by comm" not in shown.text)
        assert len(shown.programs()) == 1


def test_a_file_of_the_library_runs_under_a_name_of_its_own(tmp_path: Path) -> None:
    with session(tmp_path, {"signals": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a", "signals")
        shown.wait_for("▪ signals")
        shown.press("Enter")
        shown.wait_for("2 of 2 live", "━2 signals (2) ")


def test_a_file_of_the_library_runs_as_it_was_saved_last(tmp_path: Path) -> None:
    (tmp_path / "other.bt").write_text(rows_of(perl=8))
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        (tmp_path / "other.bt").write_text(rows_of(ruby=7))
        # The watch tells one change after the other: when it has seen this one, it has seen that one.
        (tmp_path / "calls.bt").write_text(rows_of(lua=6))
        shown.wait_for(" lua ")
        shown.press("a")
        shown.wait_for("▪ other")
        shown.press("other", "Enter")
        shown.wait_for("2 of 2 live", " lua ", " ruby ")


def test_a_tracepoint_that_this_kernel_lacks_is_no_hint(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a")
        shown.wait_for("5 probes of this kernel")
        shown.press("tcp_retransmit_skb", "Enter")
        shown.wait_for("count by comm")
        assert "stays from kernel to kernel" not in shown.text


def test_the_hint_names_the_tracepoint_that_stays(tmp_path: Path) -> None:
    listing = f"{kit.LISTING}tracepoint:tcp:tcp_retransmit_skb\n"
    other = tmp_path / "other"
    other.mkdir()
    path = standin(other, CURL, answers={"-l": listing, "-lv": ""})
    with session(tmp_path, {"calls": rows_of(java=9)}, options=["--bpftrace", str(path)]) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press("a")
        shown.wait_for("6 probes of this kernel")
        shown.press("kprobe:tcp_retransmit_skb", "Enter")
        shown.wait_for("tracepoint:tcp:tcp_retransmit_skb (Linux 4.15) reports about the same")


def test_the_catalogue_is_left_by_esc_and_ctrl_c(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        for leave in ("Esc", "C-c"):
            shown.press("a")
            shown.wait_for("search:", "5 probes of this kernel")
            shown.paste("tcp\nsend")
            shown.wait_for("search: tcp send", "kprobe:tcp_sendmsg")
            shown.press(leave)
            shown.wait_for(" java ", "q quit")


def test_what_could_be_asked_better_is_offered_and_taken_only_when_chosen(tmp_path: Path) -> None:
    pane = probe(EVERY, [["attach", 1], ["wait"]])
    with session(tmp_path, {"every": pane, "calls": rows_of(java=9)}, columns=120) as shown:
        shown.wait_for("1 every", " java ")
        shown.press("2", "O")
        shown.wait_for("calls: no suggestions for this script")
        shown.press("1", "O")
        shown.wait_for("every: suggestions", "one probe for all system calls", "@calls[args->id] = count()")
        shown.press("Esc")
        shown.wait_for("1 every")
        before = len(shown.programs())
        shown.press("O")
        shown.wait_for("one probe for all system calls")
        shown.press("Enter")
        shown.wait_for("every: one probe for all system calls", lambda: len(shown.programs()) == before + 1)
        assert "tracepoint:raw_syscalls:sys_enter" in shown.programs()[-1]
        assert EVERY in (tmp_path / "every.bt").read_text()
