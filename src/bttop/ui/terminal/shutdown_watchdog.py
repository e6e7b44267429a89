"""Ends the program on a signal even if the dashboard hangs.

A signal handler of the event loop runs only while the loop runs. These are plain handlers: they run even while the
main thread blocks, and a separate thread ends the process if the orderly shutdown is not done in time.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from bttop.engine.headless.end_signals import ENDING, exit_code
from bttop.ui.terminal.raw_terminal import (
    Attributes,
    attributes_of,
    open_output,
    send_restore,
    set_attributes,
    terminal_fd,
)

GRACE: Final = 1.0
"""Seconds for the orderly shutdown after the signal; then the process is ended."""

CHILDREN_TIME: Final = 1.0
"""Seconds that `stop_children` may take; then the process ends without waiting for it."""

_TYPED: Final = frozenset({signal.SIGINT, signal.SIGQUIT})
_WAITS: Final = 20
"""Number of short waits that make up a countdown."""


class _Countdown(threading.Thread):
    """Calls `call` after `seconds`. It waits in many short steps: a stopped process loses only one of them, so that it
    still has time for the shutdown when it is continued."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        super().__init__(name="bttop-countdown", daemon=True)
        self._seconds = seconds
        self._call = call
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Cancel the call."""
        self._cancelled.set()

    def run(self) -> None:
        if not any(self._cancelled.wait(self._seconds / _WAITS) for _ in range(_WAITS)):
            self._call()


class ShutdownWatchdog:
    """Ends the process on every signal that would end it, in an orderly way if possible. The exit code is 0 for SIGINT,
    which means the same as `q`, else 128 plus the signal's number.

    `ask_exit(code)` is called in the signal handler, on the main thread: it may schedule work on the event loop
    (`loop.call_soon_threadsafe(app.exit, None, code)`) or raise SystemExit, and nothing else. If `disarm` is not called
    within `GRACE` seconds, `stop_children()` is called on a separate thread, the terminal gets back the attributes that
    it had at `arm`, and the process ends without further clean-up.
    """

    def __init__(self, stop_children: Callable[[], None], ask_exit: Callable[[int], None]) -> None:
        self.stop_children = stop_children
        self.ask_exit = ask_exit
        self._previous: dict[int, Any] = {}
        self._timer: _Countdown | None = None
        self._exit_code = 0
        self._interrupts_count = True
        self._tty = terminal_fd()
        self._attributes: Attributes | None = None
        self._output = -1

    def arm(self) -> None:
        """Install the handlers and save the terminal's attributes. Call it on the main thread before the dashboard
        starts."""
        self._attributes = attributes_of(self._tty)
        self._output = open_output(self._tty)
        for number in ENDING:
            self._previous[number] = signal.signal(number, self._on_signal)

    def disarm(self) -> None:
        """Restore the earlier handlers and cancel the countdown: the orderly shutdown is done."""
        while self._previous:
            number, handler = self._previous.popitem()
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._output >= 0:
            os.close(self._output)
            self._output = -1

    def allow(self, seconds: float) -> None:
        """Give the rest of the orderly shutdown `seconds` from now, if a signal has started the countdown."""
        if self._timer is not None:
            self._timer.cancel()
            self._start_clock(seconds)

    @contextmanager
    def interrupts_ignored(self) -> Iterator[None]:
        """Ignore ctrl+c and ctrl+\\ while an editor has the terminal: the kernel sends these signals to bttop too."""
        self._interrupts_count = False
        try:
            yield
        finally:
            self._interrupts_count = True

    def _on_signal(self, number: int, _frame: object) -> None:
        if number in _TYPED and not self._interrupts_count:
            return
        if self._timer is not None:
            return  # the shutdown runs already; the first signal sets the exit code
        self._exit_code = exit_code(number)
        self._start_clock(GRACE)
        # A closed event loop raises RuntimeError: the dashboard has ended and the program is about to exit.
        with suppress(RuntimeError):
            self.ask_exit(self._exit_code)

    def _start_clock(self, seconds: float) -> None:
        self._timer = _Countdown(seconds, self._end)
        self._timer.start()

    def _end(self) -> None:
        stopping = threading.Thread(target=self.stop_children, daemon=True)
        stopping.start()
        stopping.join(CHILDREN_TIME)
        self._restore_terminal()
        os._exit(self._exit_code)

    def _restore_terminal(self) -> None:
        # Unchanged attributes mean that the dashboard has restored the terminal or never changed it: then the shell's
        # own modes must not be reset.
        if attributes_of(self._tty) != self._attributes:
            set_attributes(self._tty, self._attributes)
            send_restore(self._output)
