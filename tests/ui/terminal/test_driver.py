"""The driver and the last resort, in a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual._ansi_sequences import SYNC_END, SYNC_START

import bttop
from bttop.engine.headless.end_signals import ENDING
from bttop.ui.terminal.raw_terminal import RESTORE, WAITING_LIMIT, open_output, send_restore
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog
from tests.terminal import TIMEOUT, Terminal

SOURCES = str(Path(bttop.__file__).parents[1])
PAINTER = str(Path(__file__).parents[1] / "painter.py")
SYNCHRONIZED = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
STUCK_BOUND = 10.0
"""Seconds for an end that a blocking driver never comes to."""


class Painting:
    """The painter in its terminal, and what it reports past it."""

    def __init__(self, terminal: Terminal, reports: int) -> None:
        self.terminal = terminal
        self._reports = reports
        self._rest = b""
        self.last: dict[str, Any] = {}

    def wait_for_report(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first report from now on for which the condition holds."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for report in self._read(deadline - time.monotonic()):
                self.last = report
                if condition(report):
                    return report
        raise AssertionError(f"no such report within {TIMEOUT} s; the last one was {self.last}")

    def wait_for_still_picture(self) -> int:
        """The number of the picture at which painting has stopped: two reports in a row tell the same."""
        numbers = [-1]

        def same_again(report: dict[str, Any]) -> bool:
            numbers.append(report["number"])
            return numbers[-1] == numbers[-2]

        return int(self.wait_for_report(same_again)["number"])

    def wait_until_loop_hangs(self) -> None:
        """Read reports until none comes for many of the painter's intervals."""
        while self._read(0.3):
            pass

    def get_stuck(self) -> None:
        """Stop reading until the driver has had to drop something."""
        before = self.wait_for_report(lambda report: "dropped" in report)["dropped"]
        self.terminal.pause()
        self.wait_for_report(lambda report: report["dropped"] > before)

    def restored(self) -> None:
        """Assert that the shell gets back the terminal that it had."""
        sent = self.terminal.everything()
        last_frame = sent.rindex(b"\x1b[?1049h")
        for undone in (
            b"?1049l",
            b"?25h",
            b"?1000l",
            b"?1003l",
            b"?1006l",
            b"?2004l",
            b"?1004l",
            b"?7h",
            b"<u",
        ):
            assert sent.rfind(b"\x1b[" + undone) > last_frame, undone
        assert self.terminal.attributes() == self.terminal.attributes_before
        assert self.terminal.echo

    def _read(self, seconds: float) -> list[dict[str, Any]]:
        if not select.select([self._reports], [], [], max(0.0, seconds))[0]:
            return []
        data = os.read(self._reports, 65536)
        assert data, f"the painter has ended; its last report was {self.last}"
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]


@contextmanager
def painter(*arguments: str, **options: Any) -> Iterator[Painting]:
    """Run the painter until its first picture stands."""
    reports, reporting = os.pipe()
    command = [sys.executable, PAINTER, "--report", str(reporting), *arguments]
    env = {"PYTHONPATH": SOURCES} | options.pop("env", {})
    try:
        with Terminal(command, env=env, pass_fds=[reporting], **options) as terminal:
            os.close(reporting)
            terminal.wait_for("picture")
            yield Painting(terminal, reports)
    finally:
        os.close(reports)


def test_q_leaves_with_0_and_a_restored_terminal() -> None:
    with painter() as painting:
        painting.terminal.send("q")
        assert painting.terminal.exit_code() == 0
        painting.restored()


@pytest.mark.parametrize("answers", [{}, SYNCHRONIZED], ids=["plain", "synchronized"])
def test_loop_goes_on_and_the_picture_becomes_current_after_a_stall(answers: dict[bytes, bytes]) -> None:
    with painter(columns=160, rows=48, answers=answers) as painting:
        painting.get_stuck()
        stuck_at = painting.last["number"]
        painting.wait_for_report(lambda report: report["number"] > stuck_at + 50)
        painting.terminal.send("p")
        number = painting.wait_for_still_picture()
        painting.terminal.resume()
        letter = chr(97 + number % 26)
        head = f"picture {number} of 160x48 keys p"
        painting.terminal.wait_for(
            lambda: (
                head in painting.terminal.screen.display[0]
                and all(row == letter * 160 for row in painting.terminal.screen.display[1:])
            )
        )


def test_every_synchronized_update_that_begins_also_ends_across_a_stall() -> None:
    begin, end = SYNC_START.encode(), SYNC_END.encode()
    with painter(columns=160, rows=48, answers=SYNCHRONIZED) as painting:
        painting.get_stuck()
        painting.terminal.send("p")
        number = painting.wait_for_still_picture()
        painting.terminal.resume()
        painting.terminal.wait_for(f"picture {number} of")
        painting.terminal.wait_for(lambda: painting.terminal.raw.endswith(end))
        marks = re.findall(re.escape(begin) + b"|" + re.escape(end), bytes(painting.terminal.raw))
        assert marks == [begin, end] * (len(marks) // 2)
        assert len(marks) > 2


def test_what_waits_for_a_stuck_terminal_is_bounded() -> None:
    with painter(columns=160, rows=48) as painting:
        painting.get_stuck()
        stuck = painting.last
        later = painting.wait_for_report(lambda report: report["dropped"] > stuck["dropped"] + 50)
        assert later["written"] - stuck["written"] < WAITING_LIMIT


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)])
def test_signal_ends_a_stuck_dashboard(number: signal.Signals, code: int) -> None:
    with painter() as painting:
        painting.get_stuck()
        painting.terminal.signal(number)
        assert painting.terminal.exit_code(STUCK_BOUND) == code
        painting.restored()


def test_q_ends_a_stuck_dashboard() -> None:
    with painter() as painting:
        painting.get_stuck()
        painting.terminal.send("q")
        assert painting.terminal.exit_code(STUCK_BOUND) == 0
        painting.restored()


@pytest.mark.parametrize("stuck", [False, True], ids=["read", "stuck"])
def test_closed_terminal_ends_with_129(stuck: bool) -> None:
    with painter() as painting:
        if stuck:
            painting.get_stuck()
        painting.terminal.hang_up()
        assert painting.terminal.exit_code() == 129


def test_closed_terminal_ends_with_129_although_sighup_is_ignored() -> None:
    with painter("--ignore-hangup") as painting:
        painting.terminal.hang_up()
        assert painting.terminal.exit_code() == 129


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0)])
def test_last_resort_ends_a_hanging_loop_after_stopping_the_children(number: signal.Signals, code: int) -> None:
    with painter() as painting:
        painting.terminal.send("h")
        painting.wait_until_loop_hangs()
        painting.terminal.signal(number)
        painting.wait_for_report(lambda report: report == {"children": "stopped"})
        assert painting.terminal.exit_code(STUCK_BOUND) == code
        painting.restored()


def test_last_resort_works_while_the_terminal_is_stuck_too() -> None:
    with painter() as painting:
        painting.get_stuck()
        painting.terminal.send("h")
        painting.wait_until_loop_hangs()
        painting.terminal.signal(signal.SIGTERM)
        assert painting.terminal.exit_code(STUCK_BOUND) == 143
        painting.restored()


def test_what_is_typed_arrives() -> None:
    with painter("--still") as painting:
        painting.terminal.send("aé\x1b[A")
        painting.terminal.wait_for("keys a é up")


def test_half_a_character_waits_for_its_other_half() -> None:
    with painter("--still") as painting:
        first, second = "é".encode()[:1], "é".encode()[1:]
        painting.terminal.send(first)
        painting.terminal.wait_until_read()
        painting.terminal.send(second)
        painting.terminal.wait_for("keys é")


def test_bytes_that_are_no_utf_8_end_nothing() -> None:
    with painter("--still") as painting:
        painting.terminal.send(b"\xff\xfe")
        painting.terminal.send("b")
        painting.terminal.wait_for(" b ")


def test_lone_escape_arrives_without_another_key() -> None:
    with painter("--still") as painting:
        painting.terminal.send("\x1b")
        painting.terminal.wait_for("keys escape")


def test_new_size_is_painted() -> None:
    with painter("--still") as painting:
        painting.terminal.resize(100, 30)
        painting.terminal.wait_for("of 100x30")


def test_terminal_is_lent_and_taken_back() -> None:
    with painter() as painting:
        painting.terminal.send("e")
        painting.terminal.wait_for("the shell has it")
        assert painting.terminal.attributes() == painting.terminal.attributes_before
        lent_at = painting.wait_for_report(lambda report: "bttop-input" not in report["threads"])["number"]
        painting.wait_for_report(lambda report: report["number"] > lent_at + 20)
        painting.terminal.send("\r")
        painting.terminal.wait_for("picture")
        painting.terminal.send("x")
        painting.terminal.wait_for("keys e x")
        painting.terminal.send("q")
        assert painting.terminal.exit_code() == 0
        painting.restored()


def test_continue_without_a_stop_starts_no_second_input_and_keeps_the_shells_attributes() -> None:
    with painter() as painting:
        seen = painting.terminal.raw.count(b"\x1b[?1049h")
        painting.terminal.signal(signal.SIGCONT)
        painting.terminal.wait_for(lambda: painting.terminal.raw.count(b"\x1b[?1049h") > seen)
        threads = painting.wait_for_report(lambda report: "threads" in report)["threads"]
        assert threads.count("bttop-input") == 1
        painting.terminal.send("q")
        assert painting.terminal.exit_code() == 0
        painting.restored()


def test_continue_after_the_end_does_not_take_the_terminal_again() -> None:
    with painter("--continue-at-end") as painting:
        painting.terminal.send("q")
        assert painting.terminal.exit_code() == 0
        painting.restored()
        assert painting.terminal.raw.count(b"\x1b[?1049h") == 1


def test_stop_and_continue_by_signal_give_the_terminal_back_in_between() -> None:
    with painter() as painting:
        painting.terminal.signal(signal.SIGTSTP)
        os.waitid(os.P_PID, painting.terminal.process.pid, os.WSTOPPED)
        assert painting.terminal.attributes() == painting.terminal.attributes_before
        entered = painting.terminal.raw.count(b"\x1b[?1049h")
        painting.terminal.signal(signal.SIGCONT)
        painting.terminal.wait_for(lambda: painting.terminal.raw.count(b"\x1b[?1049h") > entered)
        painting.terminal.send("y")
        painting.terminal.wait_for("keys y")


def test_output_is_utf_8_in_any_locale() -> None:
    with painter(env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}) as painting:
        painting.terminal.wait_for("█")


def test_no_writer_thread_runs() -> None:
    with painter() as painting:
        assert painting.wait_for_report(lambda report: True)["threads"] == ["MainThread", "bttop-input"]


def test_last_resort_imports_no_textual() -> None:
    command = (
        "import sys, bttop.ui.terminal.shutdown_watchdog;sys.exit('textual' in sys.modules or 'rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True, env={"PYTHONPATH": SOURCES})


def test_first_signal_decides_the_exit_code() -> None:
    asked: list[int] = []
    last_resort = ShutdownWatchdog(lambda: None, asked.append)
    last_resort.arm()
    try:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
    finally:
        last_resort.disarm()
    assert asked == [143]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGQUIT, 131)])
def test_what_keys_send_is_ignored_only_while_an_editor_has_the_terminal(number: int, code: int) -> None:
    asked: list[int] = []
    last_resort = ShutdownWatchdog(lambda: None, asked.append)
    last_resort.arm()
    try:
        with last_resort.interrupts_ignored():
            signal.raise_signal(number)
        assert asked == []
        signal.raise_signal(number)
    finally:
        last_resort.disarm()
    assert asked == [code]


def test_disarm_puts_back_the_earlier_handlers() -> None:
    numbers = ENDING
    before = [signal.getsignal(number) for number in numbers]
    last_resort = ShutdownWatchdog(lambda: None, lambda code: None)
    last_resort.arm()
    armed = [signal.getsignal(number) for number in numbers]
    last_resort.disarm()
    assert all(was is not now for was, now in zip(before, armed, strict=True))
    assert [signal.getsignal(number) for number in numbers] == before


def test_restore_goes_out_although_the_kernel_holds_unread_output() -> None:
    master, slave = os.openpty()
    out = open_output(slave)
    try:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(out, b"x" * 4096)
        send_restore(out)
        received = b""
        while not received.endswith(RESTORE):
            assert select.select([master], [], [], TIMEOUT)[0], "the restore sequences never came"
            received += os.read(master, 65536)
    finally:
        for fd in (out, slave, master):
            os.close(fd)
