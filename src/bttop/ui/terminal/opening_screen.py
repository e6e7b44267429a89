"""The terminal from the first picture until Textual takes it over. Uses neither Textual nor asyncio."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Final, Self

from bttop.ui.terminal.raw_terminal import (
    Attributes,
    attributes_of,
    open_output,
    send_restore,
    set_attributes,
    terminal_fd,
    write_within,
)
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog

ENTER: Final = b"\x1b[?1049h\x1b[?25l"
"""Alternate screen, no cursor."""
PAINT_SECONDS: Final = 0.1
"""How long the first picture may take to write. A terminal that is read takes it within a few milliseconds."""


class OpeningScreen:
    """A context manager: until Textual takes the terminal over, every way out of the context restores the terminal.

    A signal that ends bttop raises SystemExit on the main thread; `watchdog` ends the process if that has no effect.
    What is typed stays in the terminal's queue for Textual; only ctrl+c and ctrl+\\ are signals until then.
    """

    def __init__(self) -> None:
        self.watchdog = ShutdownWatchdog(lambda: None, _leave)
        self._fd = terminal_fd()
        self._attributes: Attributes | None = None
        self._picture = b""
        self._shown = False
        self._stop_handler: Any = None

    def __enter__(self) -> Self:
        self.watchdog.arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.restore()
        self.watchdog.disarm()

    @property
    def is_shown(self) -> bool:
        """Whether the picture is on the terminal, and Textual does not have it yet."""
        return self._shown

    @property
    def size(self) -> os.terminal_size:
        """Columns and rows of the terminal; 0 if it does not say."""
        try:
            return os.get_terminal_size(self._fd)
        except OSError:
            return os.terminal_size((0, 0))

    def show(self, picture: Callable[[], str]) -> None:
        """Take the terminal and paint, unless that has been done. A terminal that is not read loses the rest."""
        if self._shown:
            return
        self._picture = picture().encode("utf-8", "replace")
        self._attributes = attributes_of(self._fd)
        self._stop_handler = signal.signal(signal.SIGTSTP, self._on_stop)
        self._shown = True
        self._take()

    def hand_over(self) -> Attributes | None:
        """Textual's driver takes the terminal with the picture on it. Return the attributes to restore at the end;
        None if the terminal has not been taken."""
        if not self._shown:
            return None
        self._shown = False
        return self._attributes

    def restore(self) -> None:
        """Give the terminal back as it was; does nothing if Textual has it or had it."""
        if not self._shown:
            return
        self._shown = False
        signal.signal(signal.SIGTSTP, self._stop_handler)
        self._give_back()

    def _take(self) -> None:
        set_attributes(self._fd, _opening_attributes(self._attributes))
        with _output(self._fd) as out:
            write_within(out, ENTER + self._picture, PAINT_SECONDS)

    def _give_back(self) -> None:
        set_attributes(self._fd, self._attributes)
        with _output(self._fd) as out:
            send_restore(out)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        """The shell gets the terminal while bttop is stopped."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def _leave(code: int) -> None:
    raise SystemExit(code)


@contextlib.contextmanager
def _output(fd: int) -> Iterator[int]:
    out = open_output(fd)
    try:
        yield out
    finally:
        os.close(out)


def _opening_attributes(attributes: Attributes | None) -> Attributes | None:
    """No echo and no lines; of the keys that send a signal only ctrl+c and ctrl+\\ do, and
    they do not discard what was typed before."""
    if attributes is None:
        return None
    changed = [*attributes[:6], [*attributes[6]]]
    changed[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    changed[3] |= termios.ISIG | termios.NOFLSH
    changed[6][termios.VSUSP] = b"\0"  # _POSIX_VDISABLE
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    return changed
