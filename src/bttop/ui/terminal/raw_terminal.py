"""The terminal below Textual: output that never blocks, and restoring the terminal.

Uses neither Textual nor rich, so that a signal handler can use it in any state of the dashboard.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

Attributes: TypeAlias = list[Any]
"""The list that `termios.tcgetattr` returns."""

WAITING_LIMIT: Final = 64 * 1024
"""Bytes that may be queued before whole writes are dropped: a few frames of a large screen.

Without a queue ordinary frames would be dropped, because a pseudo-terminal takes about 4 KiB at a time.
"""

RESTORE: Final = b"".join(
    (
        b"\x1b[0m\x1b\\",  # ends a sequence that was cut off when queued bytes were discarded
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
    """The descriptor of the terminal to draw on: stderr, or stdin if stderr is redirected."""
    for stream in (sys.__stderr__, sys.__stdin__):
        if stream is not None and not stream.closed and stream.isatty():
            return stream.fileno()
    return 2


def open_output(fd: int) -> int:
    """Open the terminal of `fd` again for non-blocking writes; the caller closes the result.

    A new open is needed because O_NONBLOCK belongs to the open file description, and that of `fd` is shared with
    the shell. After `su` the terminal's device belongs to another user: /dev/tty opens it too. If both fail, the
    result is a duplicate of `fd`, whose writes may block.
    """
    for path in (f"/proc/self/fd/{fd}", "/dev/tty"):
        with contextlib.suppress(OSError):
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    return os.dup(fd)


def attributes_of(fd: int) -> Attributes | None:
    """The terminal's attributes; None if `fd` is not a terminal or the terminal is closed."""
    try:
        return termios.tcgetattr(fd)
    except termios.error:
        return None


def set_attributes(fd: int, attributes: Attributes | None) -> None:
    """Set the attributes at once, without waiting for output to drain. A closed terminal is ignored."""
    if attributes is not None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSANOW, attributes)


def discard_output(fd: int) -> None:
    """Discard the output that the kernel still holds for the terminal."""
    with contextlib.suppress(termios.error):
        termios.tcflush(fd, termios.TCOFLUSH)


def send_restore(out: int) -> int:
    """Send `RESTORE` without waiting; return the number of bytes written.

    If the kernel has no room for all of it, the output that it holds is discarded first: a usable shell is worth
    more than an unread frame.
    """
    sent = _try_write(out, RESTORE)
    if sent == len(RESTORE):
        return sent
    discard_output(out)
    return sent + _try_write(out, RESTORE)


def write_within(out: int, data: bytes, seconds: float) -> None:
    """Write what the terminal takes within `seconds`. `out` does not block, except if the terminal could not be opened
    again."""
    deadline = time.monotonic() + seconds
    poll = select.poll()
    poll.register(out, select.POLLOUT)
    while data:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return
        try:
            data = data[os.write(out, data) :]
        except BlockingIOError:
            continue
        except OSError:
            return  # hung up


def _try_write(out: int, data: bytes) -> int:
    try:
        return os.write(out, data)
    except OSError:
        return 0


class TerminalOutput:
    """Output to a terminal that may stop reading at any time. Use it on the thread of `loop` only.

    A write is sent as a whole or dropped: Textual's writes position the cursor absolutely, so a missing one leaves
    old cells on the screen, while a cut one would break it. When the queue is empty again, `repaint` is called if a
    write was dropped.
    """

    def __init__(self, loop: AbstractEventLoop, repaint: Callable[[], None]) -> None:
        self.written = 0
        """Bytes written to the terminal."""
        self.dropped = 0
        """Writes that were dropped because the queue was full or the terminal closed."""
        self._loop = loop
        self._repaint = repaint
        self._fd: int | None = None
        self._waiting = bytearray()
        self._watched = False
        self._outdated = False

    def open(self, tty: int) -> None:
        """Open the terminal of `tty` unless it is open; if it cannot be opened, all writes are dropped."""
        if self._fd is None:
            self._outdated = False
            with contextlib.suppress(OSError):
                self._fd = open_output(tty)

    def write(self, data: bytes, *, droppable: bool = True) -> bool:
        """Send `data` or queue it; False if it was dropped."""
        if self._fd is None or (droppable and len(self._waiting) > WAITING_LIMIT):
            self.dropped += 1
            self._outdated = True
            return False
        self._waiting += data
        if not self._watched:
            self._send()
        return True

    def restore(self) -> None:
        """Discard the queue and send `RESTORE`."""
        if self._fd is None:
            return
        if self._waiting:
            self._discard()
            discard_output(self._fd)
        self.written += send_restore(self._fd)

    def close(self) -> None:
        """Discard the queue and close the terminal; `open` may follow."""
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
            self.close()  # hung up: the output will never be read
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
