"""A terminal for tests: a command in a pseudo-terminal, with pyte as its screen."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, TypeAlias

import pyte

Condition: TypeAlias = Callable[[], bool] | str

TIMEOUT: Final = 80.0
"""Seconds that any condition gets: generous, since only a failing test waits that long."""

_UNKNOWN_TO_PYTE: Final = re.compile(rb"\x1b\[[<=][0-9;]*u")
_MAY_GO_ON: Final = re.compile(rb"\x1b(\[[<=]?[0-9;]*)?\Z")


class Terminal:
    """Runs `command` as the leader of a session whose controlling terminal this is.

    A thread reads what the program sends into `raw` and `screen` until `pause` makes this a terminal that
    is not read. `answers` maps a query of the program to what the terminal replies when it first sees it.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        *,
        pass_fds: Sequence[int] = (),
        answers: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.raw = bytearray()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._held_back = b""
        self._answers = dict(answers or {})
        self._changed = threading.Condition()
        self._reading = True
        self._pumping = True
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        self.attributes_before = self.attributes()
        self.process = _start(command, slave, environment(env), pass_fds)
        self._node = os.ttyname(slave)
        os.close(slave)
        self._pump = threading.Thread(target=self._run_pump, name="terminal", daemon=True)
        self._pump.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def text(self) -> str:
        """The screen's rows, joined by newlines."""
        with self._changed:
            return "\n".join(self.screen.display)

    @property
    def echo(self) -> bool:
        """Whether the terminal echoes what is typed, as a shell wants it."""
        return bool(self.attributes()[3] & termios.ECHO)

    @property
    def unread(self) -> int:
        """Bytes that the program has sent and nobody has read yet."""
        return int(struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, bytes(4)))[0])

    def attributes(self) -> list[Any]:
        """The terminal's attributes, as termios has them; they outlive the program."""
        return termios.tcgetattr(self._master)

    def wait_for(self, condition: Condition, timeout: float = TIMEOUT) -> None:
        """Wait until the text stands on the screen, or the condition holds after some output."""

        def holds() -> bool:
            return condition in self.text if isinstance(condition, str) else condition()

        with self._changed:
            if not self._changed.wait_for(holds, timeout):
                raise AssertionError(f"not within {timeout} s: {condition!r}\n{self.text}")

    def send(self, keys: str | bytes) -> None:
        """Type `keys`."""
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def wait_until_read(self, timeout: float = TIMEOUT) -> None:
        """Wait until the program has taken everything that was typed."""
        deadline = time.monotonic() + timeout
        tty = os.open(self._node, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            while struct.unpack("i", fcntl.ioctl(tty, termios.FIONREAD, bytes(4)))[0]:
                assert time.monotonic() < deadline, f"typed bytes still unread after {timeout} s"
                time.sleep(0.001)
        finally:
            os.close(tty)

    def signal(self, number: int) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def erase(self) -> None:
        """Show nothing of what was sent so far, as after another program has used the terminal."""
        with self._changed:
            self.screen.reset()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the kernel sends SIGWINCH to the foreground process group."""
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def pause(self) -> None:
        """Stop reading, as a stuck connection does."""
        self._set_reading(False)

    def resume(self) -> None:
        """Read again."""
        self._set_reading(True)

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does."""
        if self._master >= 0:
            self._pumping = False
            os.eventfd_write(self._wake, 1)
            self._pump.join()
            os.close(self._master)
            self._master = -1

    def exit_code(self, timeout: float = TIMEOUT) -> int:
        """Wait for the program's end; negative is the signal that killed it."""
        if self.process.returncode is None:
            ended = os.pidfd_open(self.process.pid)
            try:
                select.select([ended], [], [], timeout)
            finally:
                os.close(ended)
        return self.process.wait(0)

    def everything(self, timeout: float = TIMEOUT) -> bytes:
        """After the program's end: all it has sent, to the last byte."""
        self.resume()
        self._pump.join(timeout)
        assert not self._pump.is_alive(), f"a process still has the terminal after {timeout} s"
        return bytes(self.raw)

    def close(self) -> None:
        """Kill the program if it still runs, and give everything back."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()
        os.close(self._wake)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _set_reading(self, reading: bool) -> None:
        self._reading = reading
        os.eventfd_write(self._wake, 1)

    def _run_pump(self) -> None:
        while self._pumping:
            wanted = [self._wake, self._master] if self._reading else [self._wake]
            ready, _, _ = select.select(wanted, [], [])
            if self._wake in ready:
                os.eventfd_read(self._wake)
            elif not self._take():
                return

    def _take(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False  # the last process with this terminal has gone
        with self._changed:
            self.raw += data
            self._stream.feed(self._for_pyte(data))
            self._answer()
            self._changed.notify_all()
        return True

    def _for_pyte(self, data: bytes) -> bytes:
        """Without the kitty keyboard sequences, of which pyte would print the last letter."""
        data = _UNKNOWN_TO_PYTE.sub(b"", self._held_back + data)
        unfinished = _MAY_GO_ON.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._held_back = data[end:]
        return data[:end]

    def _answer(self) -> None:
        for query in [query for query in self._answers if query in self.raw]:
            os.write(self._master, self._answers.pop(query))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a plain 256-colour terminal, whoever runs the tests; `extra` on top."""
    foreign = ("TEXTUAL", "LC_", "COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "ESCDELAY", "PYTHONIOENCODING")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return own | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | dict(extra or {})


def _start(
    command: Sequence[str], tty: int, env: Mapping[str, str], pass_fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    # setsid(1) rather than preexec_fn, which is not safe beside the threads of other terminals.
    return subprocess.Popen(
        ["setsid", "--ctty", *command], stdin=tty, stdout=tty, stderr=tty, env=env, pass_fds=pass_fds
    )
