"""The one-liner prompt: a program or a shell line becomes a pane, or is refused in its place."""

from __future__ import annotations

import os
from pathlib import Path

from tests.ui.dashboard import CALLS
from tests.ui.session.kit import CURL, OPENS, misspelt, refused, rows_of, session


def test_a_program_that_is_typed_becomes_a_pane(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":", OPENS, "Enter")
        shown.wait_for("2 of 2 live", "━2 sys_enter_openat ", "4711 curl", "w saves it, X closes it", " java ")
        shown.press("X")
        shown.wait_for("1 of 1 live", "sys_enter_openat is closed", lambda: "curl" not in shown.text)


def test_a_pasted_program_of_several_lines_is_shown_its_error_and_nothing_is_attached(tmp_path: Path) -> None:
    # The stand-in's message has a place in the text without the condition that leaves bttop out.
    with session(tmp_path, {"calls": rows_of(java=9)}, options=["--show-self"]) as shown:
        shown.wait_for("1 of 1 live", " java ")
        before = shown.programs()
        shown.press(":")
        shown.paste(refused(misspelt()))
        shown.press("Enter")
        shown.wait_for("Unknown function: count", CALLS, lambda: "^" in shown.text)
        lines = shown.lines
        mark = next(number for number, line in enumerate(lines) if line.strip().startswith("^"))
        assert lines[mark - 1][lines[mark].index("^") :].startswith("@calls[pid, comm] = count(); }")
        assert "1 of 1 live" in shown.text
        assert shown.programs() == before
        shown.ask(OPENS)
        shown.wait_for("2 of 2 live", "4711 curl")
        assert "Unknown function" not in shown.text


def test_a_pasted_kprobe_is_told_its_stable_tracepoint_when_it_runs_and_when_it_is_refused(tmp_path: Path) -> None:
    function = "kprobe:vfs_read { @opens[pid, comm] = count(); }"
    hint = "kprobe:vfs_read: tracepoint:syscalls:sys_enter_read reports about the same"
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":", function, "Enter")
        shown.wait_for("━2 vfs_read ", hint)
        shown.press(":")
        shown.paste(refused(misspelt()).replace("profile:hz:99 {", "profile:hz:99,kprobe:vfs_read {"))
        shown.press("Enter")
        shown.wait_for("Unknown function: count", hint)


def test_a_long_refusal_and_a_long_notice_are_shown_whole_on_a_narrow_screen(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=60) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":", "slow_things 5ms", "Enter")
        shown.wait_for(lambda: "or the path of a .bt file" in " ".join(shown.text.split()), ":slow_things 5ms")
        shown.press("Esc")
        shown.wait_for("Enter row", lambda: "slow_things" not in shown.text)
        (tmp_path / "calls.bt").write_text(rows_of(perl=9))
        whole = "calls.bt: the new text takes over at its first flush"
        shown.wait_for(lambda: whole in " ".join(shown.text.split()), " perl ")
        shown.press("<")
        shown.wait_for("Enter row", " perl ", lambda: "takes over" not in shown.text)


def test_the_prompt_runs_a_probe_of_the_library_with_its_parameters(tmp_path: Path) -> None:
    front = '// /// bttop\n// [[parameter]]\n// name = "rate"\n// kind = "number"\n// ///\n'
    rate = rows_of(perl=8).replace("{ @calls", "/cpu < $1/ { @calls")
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        (tmp_path / "rate.bt").write_text(front + rate)
        shown.wait_for("rate.bt is new")
        shown.press(":", "rate fast", "Enter")
        shown.wait_for("`rate`: 'fast' is not an integer", ":rate fast")
        shown.press("\x15", "rate 99", "Enter")
        shown.wait_for("2 of 2 live", "2 rate 99 ")


def test_esc_leaves_the_prompt_and_its_complaint(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        shown.ask("bpftrace -c ls -e 'BEGIN { }'")
        shown.wait_for("-c starts a command")
        shown.press("Esc")
        shown.wait_for("q quit", lambda: "-c starts" not in shown.text)
        shown.press("?")
        shown.wait_for("bttop: keys")


def test_what_cannot_be_run_from_a_shell_line_is_said_and_the_line_stays(tmp_path: Path) -> None:
    lines = {
        "sudo bpftrace --unsafe -e 'BEGIN { system(\"true\"); }'": "--unsafe would let the program change the system",
        "bpftrace -e 'kprobe:f { @ = count(); }": "is not closed",
        "bpftrace -p $(pidof java) -e 'BEGIN { }'": "the shell would replace $(pidof java)",
        "bpftrace -p 4194304 -e 'BEGIN { }'": "there is no process 4194304",
        "bpftrace": "there is no program",
        f"bpftrace {tmp_path}/none.bt": "none.bt: cannot be read: No such file or directory",
    }
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=300) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        for line, said in lines.items():
            shown.ask(line)
            shown.wait_for(said, line, "1 of 1 live")
        assert len(shown.programs()) == 1


def test_the_process_of_a_shell_line_becomes_the_pin(tmp_path: Path) -> None:
    pid = os.getpid()
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        shown.ask(f"$ sudo bpftrace -p {pid} -e '{OPENS}' | head")
        shown.wait_for("2 of 2 live", "4711 curl", "-p became the pin", "left out: everything from `|` on")
        shown.wait_for(lambda: f"pid {pid}" in shown.line("━2 sys_enter_openat "), "1 of 2 pinned")
        assert f"pid == {pid}" in shown.programs()[-1]


def test_what_is_left_out_of_a_shell_line_is_said(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}, columns=160) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        shown.ask(f"BPFTRACE_STRLEN=200 BPFTRACE_COLOR=always bpftrace -o out.txt -k -e '{OPENS}'")
        shown.wait_for("2 of 2 live", "4711 curl", "left out: -o out.txt; left out: BPFTRACE_COLOR=always, which bttop")


def test_a_shell_line_may_name_a_file(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "calls.bt").write_text(rows_of(ruby=5))
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        shown.press(":")
        shown.ask(f"bpftrace {other}/calls.bt")
        shown.wait_for("2 of 2 live", "━2 calls (2) ", " java ", " ruby ")


def test_tab_completes_probes_builtins_and_arguments(tmp_path: Path) -> None:
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live", " java ")
        # The catalogue says when the probes are listed, and when the arguments of one are known.
        shown.press("a", "enter openat")
        shown.wait_for("5 probes of this kernel", "const char * filename")
        shown.press("Esc")
        shown.wait_for(" java ")
        shown.press(":", "kprobe:tcp_s", "Tab")
        shown.wait_for(":kprobe:tcp_send ", "kprobe:tcp_sendmsg", "kprobe:tcp_sendpage")
        shown.press("Tab", "Tab")
        shown.wait_for(":kprobe:tcp_sendpage ")
        shown.press("Tab", " { @[com", "Tab", "] = coun", "Tab")
        shown.wait_for(":kprobe:tcp_sendmsg { @[comm] = count")
        shown.press("\x01", "\x0b", "tracepoint:syscalls:sys_enter_openat { @[args->f", "Tab")
        shown.wait_for("{ @[args->filename ")


def test_what_was_asked_comes_back_in_the_next_run(tmp_path: Path) -> None:
    asked = ["profile:hz:49 { @one = count(); }", "profile:hz:49 { @two = count(); }"]
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live")
        for name, text in zip(("2 profile", "3 profile (2)"), asked, strict=True):
            shown.press(":", text, "Enter")
            shown.wait_for(f"━{name} ")
        shown.press("q")
        assert shown.terminal.exit_code() == 0
    with session(tmp_path, {"calls": rows_of(java=9)}) as shown:
        shown.wait_for("1 of 1 live")
        shown.press(":", "half", "Up")
        shown.wait_for(f":{asked[1]}")
        shown.press("Up", "Up")
        shown.wait_for(f":{asked[0]}")
        shown.press("Down", "Down")
        shown.wait_for(":half ")


def test_a_state_folder_that_cannot_be_written_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "bttop").write_text("a file where the folder should be")
    with session(tmp_path, {"calls": rows_of(java=9)}, steps=CURL) as shown:
        shown.wait_for("1 of 1 live")
        shown.press(":", OPENS, "Enter")
        shown.wait_for("2 of 2 live", "4711 curl")
        shown.press(":", "Up")
        shown.wait_for(f":{OPENS}")
