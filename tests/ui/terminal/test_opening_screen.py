"""The terminal between the first picture and the framework, in a real pseudo-terminal."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bttop
from tests.terminal import TIMEOUT, Terminal
from tests.ui.dashboard import assert_restored, still_set
from tests.ui.opener import PICTURE

ROOT = Path(bttop.__file__).parents[2]
OPENER = str(Path(__file__).parents[1] / "opener.py")
BOUND = 10.0
"""Seconds for an end that a blocking write never comes to."""


class Opener:
    """The program in its terminal; `go` lets it take its next step."""

    def __init__(self, terminal: Terminal, going: int) -> None:
        self.terminal = terminal
        self._going = going

    def go(self) -> None:
        os.write(self._going, b"\n")


@contextmanager
def opener(act: str, columns: int = 80, rows: int = 24) -> Iterator[Opener]:
    """Run the program until its picture stands."""
    waits, going = os.pipe()
    command = [sys.executable, OPENER, act, "--go", str(waits)]
    env = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    try:
        with Terminal(command, columns, rows, env, pass_fds=[waits]) as terminal:
            os.close(waits)
            yield Opener(terminal, going)
    finally:
        os.close(going)


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again until the condition holds."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def shown(act: str) -> Iterator[Opener]:
    """The same, with its picture on the screen."""
    with opener(act) as run:
        run.go()
        run.terminal.wait_for(PICTURE)
        assert not run.terminal.echo
        assert still_set(bytes(run.terminal.raw))
        yield run


@pytest.mark.parametrize(("act", "code"), [("raise", 1), ("refuse", 2), ("leave", 0)])
def test_every_way_out_of_the_context_restores_the_terminal(act: str, code: int) -> None:
    with shown(act) as run:
        run.go()
        assert run.terminal.exit_code() == code
        assert_restored(run.terminal)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 0), (signal.SIGUSR1, 138)]
)
def test_a_signal_restores_the_terminal(number: signal.Signals, code: int) -> None:
    with shown("wait") as run:
        run.go()
        run.terminal.signal(number)
        assert run.terminal.exit_code() == code
        assert_restored(run.terminal)


def test_a_signal_whose_exception_is_swallowed_restores_the_terminal_too() -> None:
    with shown("hang") as run:
        run.go()
        run.terminal.signal(signal.SIGTERM)
        assert run.terminal.exit_code() == 143
        assert_restored(run.terminal)


@pytest.mark.parametrize(("key", "code"), [("\x03", 0), ("\x1c", 131)], ids=["ctrl-c", "ctrl-backslash"])
def test_the_keys_that_end_a_program_end_it_at_once(key: str, code: int) -> None:
    with shown("wait") as run:
        run.terminal.send(key)
        assert run.terminal.exit_code() == code
        assert_restored(run.terminal)


def test_the_closed_terminal_ends_it() -> None:
    with shown("wait") as run:
        run.terminal.hang_up()
        assert run.terminal.exit_code() == 129


def test_sigtstp_gives_the_terminal_back_and_going_on_paints_the_picture_again() -> None:
    with shown("wait") as run:
        run.terminal.signal(signal.SIGTSTP)
        os.waitid(os.P_PID, run.terminal.process.pid, os.WSTOPPED)
        run.terminal.wait_for(lambda: not still_set(bytes(run.terminal.raw)))
        assert run.terminal.attributes() == run.terminal.attributes_before
        run.terminal.erase()
        run.terminal.signal(signal.SIGCONT)
        run.terminal.wait_for(PICTURE)
        assert not run.terminal.echo
        run.terminal.signal(signal.SIGTERM)
        assert run.terminal.exit_code() == 143
        assert_restored(run.terminal)


@pytest.mark.parametrize(("number", "code"), [(None, 0), (signal.SIGTERM, 143)])
def test_a_terminal_that_is_not_read_blocks_nothing(number: signal.Signals | None, code: int) -> None:
    with opener("leave" if number is None else "wait", 200, 60) as run:
        run.terminal.pause()
        run.go()
        run.go()
        if number is not None:
            wait_until(lambda: run.terminal.unread > 0)
            run.terminal.signal(number)
        assert run.terminal.exit_code(BOUND) == code
        assert_restored(run.terminal)


def test_textual_takes_over_without_clearing_and_gets_the_keys_that_were_typed_before() -> None:
    with shown("paint") as run:
        run.terminal.send("ab\x1a")
        run.go()
        run.terminal.wait_for("ready a b ctrl+z")
        sent = bytes(run.terminal.raw)
        assert sent.count(b"\x1b[?1049h") == 1
        assert b"\x1b[2J" not in sent
        run.terminal.send("q")
        assert run.terminal.exit_code() == 0
        assert_restored(run.terminal)


def test_a_signal_after_the_take_over_ends_in_order() -> None:
    with shown("paint") as run:
        run.go()
        run.terminal.wait_for("ready")
        run.terminal.signal(signal.SIGTERM)
        assert run.terminal.exit_code() == 143
        assert_restored(run.terminal)
