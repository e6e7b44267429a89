"""The terminal below Textual: a way to it that never waits, and the way back to what it was.

Knows neither Textual nor rich, so that a signal handler can use it whatever state the dashboard is in.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Attributes: TypeAlias = list[Any]
"""What `termios.tcgetattr` returns."""

WAITING_LIMIT: Final = 64 * 1024
"""Bytes that may wait for the terminal before whole writes are dropped: a few frames of a large screen.

With no room at all, ordinary frames would be dropped: a pseudo-terminal takes about 4 KiB at a time.
"""

RESTORE: Final = b"".join(
    (
        b"\x1b[0m\x1b\\",  # ends whatever sequence was cut off when waiting bytes were discarded
        b"\x1b[?2026l",  # synchronized output
        b"\x1b[?2004l",  # bracketed paste
        b"\x1b[?7h",  # line wrap
        b"\x1b[?2048l",  # in-band resize reports
        b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l",  # mouse
        b"\x1b[<u",  # kitty keyboard: the alternate screen has its own stack, so before leaving it
        b"\x1b[?1049l",  # alternate screen
        b"\x1b[?25h",  # cursor
        b"\x1b[?1004l",  # focus reports
    )
)
"""Undoes every mode that Textual's Linux driver sets."""


def terminal_fd() -> int:
    """The descriptor of the terminal to draw on: stderr, or stdin where stderr is redirected."""
    for stream in (sys.__stderr__, sys.__stdin__):
        if stream is not None and not stream.closed and stream.isatty():
            return stream.fileno()
    return 2


def open_output(fd: int) -> int:
    """Open the terminal behind `fd` again, for writing without waiting; the caller closes the result.

    O_NONBLOCK belongs to the open file description, and `fd`'s is shared with the shell. After `su` the
    terminal's node belongs to somebody else: /dev/tty leads there too. Where neither opens, a duplicate,
    which may wait.
    """
    for path in (f"/proc/self/fd/{fd}", "/dev/tty"):
        with contextlib.suppress(OSError):
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    return os.dup(fd)


def attributes_of(fd: int) -> Attributes | None:
    """The terminal's attributes, or None when `fd` is no terminal or a dead one."""
    try:
        return termios.tcgetattr(fd)
    except termios.error:
        return None


def set_attributes(fd: int, attributes: Attributes | None) -> None:
    """Set the attributes at once (never waiting for output to drain); a dead terminal takes none."""
    if attributes is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSANOW, attributes)


def discard_output(fd: int) -> None:
    """Throw away what the kernel still holds for the terminal."""
    with contextlib.suppress(termios.error):
        termios.tcflush(fd, termios.TCOFLUSH)


def send_restore(out: int) -> int:
    """Send `RESTORE` without waiting and return how many of its bytes went.

    When the kernel has no room for all of it, what it holds is discarded first: a frame that nobody
    has read is worth less than a usable shell.
    """
    sent = _try_write(out, RESTORE)
    if sent == len(RESTORE):
        return sent
    discard_output(out)
    return sent + _try_write(out, RESTORE)


def _try_write(out: int, data: bytes) -> int:
    try:
        return os.write(out, data)
    except OSError:
        return 0


class Output:
    """Bytes to a terminal that may stop reading at any time; belongs to the thread of `loop`.

    A write goes out whole or not at all: each of Textual's is absolute in position, so a missing one
    leaves old cells on the screen, while a cut one would wreck it. Once everything that waited has gone,
    `repaint` is called if a write was dropped on the way.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, repaint: Callable[[], None]) -> None:
        self.written = 0
        """Bytes that the terminal has taken."""
        self.dropped = 0
        """Writes that were dropped because too much waited, or because there was no terminal."""
        self._loop = loop
        self._repaint = repaint
        self._fd: int | None = None
        self._waiting = bytearray()
        self._watched = False
        self._outdated = False

    def open(self, tty: int) -> None:
        """Open the terminal behind `tty`, unless it is open; a dead one stays closed."""
        if self._fd is None:
            self._outdated = False
            with contextlib.suppress(OSError):
                self._fd = open_output(tty)

    def write(self, data: bytes, *, droppable: bool = True) -> bool:
        """Send `data` as soon as the terminal takes it; False if it was dropped."""
        if self._fd is None or (droppable and len(self._waiting) > WAITING_LIMIT):
            self.dropped += 1
            self._outdated = True
            return False
        self._waiting += data
        if not self._watched:
            self._send()
        return True

    def restore(self) -> None:
        """Discard what waits and send `RESTORE`."""
        if self._fd is None:
            return
        if self._waiting:
            self._discard()
            discard_output(self._fd)
        self.written += send_restore(self._fd)

    def close(self) -> None:
        """Forget the terminal and what waits for it; `open` may follow."""
        if self._fd is not None:
            self._discard()
            os.close(self._fd)
            self._fd = None

    def _send(self) -> None:
        try:
            self._write_waiting()
        except BlockingIOError:
            self._watch(True)
        except OSError:
            self.close()  # hung up: nobody will ever read it
        else:
            self._watch(False)
            self._catch_up()

    def _write_waiting(self) -> None:
        while self._waiting and self._fd is not None:
            sent = os.write(self._fd, self._waiting)
            del self._waiting[:sent]
            self.written += sent

    def _catch_up(self) -> None:
        if self._outdated:
            self._outdated = False
            self._repaint()

    def _discard(self) -> None:
        self._waiting.clear()
        self._watch(False)

    def _watch(self, wanted: bool) -> None:
        if wanted is self._watched or self._fd is None:
            return
        self._watched = wanted
        if wanted:
            self._loop.add_writer(self._fd, self._send)
        else:
            self._loop.remove_writer(self._fd)
