"""What ends the program on a signal when the dashboard cannot.

A handler of the event loop runs only while the loop turns. These are plain handlers: they run although
the main thread waits for something that never comes, and a thread of their own does what the orderly
way out has not done in time.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from bttop.engine.endsignals import ENDING, exit_code
from bttop.ui.terminal import (
    Attributes,
    attributes_of,
    open_output,
    send_restore,
    set_attributes,
    terminal_fd,
)

GRACE: Final = 1.0
"""Seconds between the signal and the last resort."""

CHILDREN_TIME: Final = 1.0
"""Seconds that `stop_children` may take; the process then ends without it."""

_TYPED: Final = frozenset({signal.SIGINT, signal.SIGQUIT})
_WAITS: Final = 20
"""Into how many short ones a wait is cut."""


class _Countdown(threading.Thread):
    """Calls something in so many seconds. Of its many short waits a process that is stopped misses one, so that what is
    stopped on its way out still gets its time."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        super().__init__(name="bttop-countdown", daemon=True)
        self._seconds = seconds
        self._call = call
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Never call."""
        self._cancelled.set()

    def run(self) -> None:
        if not any(self._cancelled.wait(self._seconds / _WAITS) for _ in range(_WAITS)):
            self._call()


class LastResort:
    """Ends the process on every signal that would end it, in order if possible: with 0 on SIGINT, which asks for the
    same as `q`, else with 128 and the signal's number.

    `ask_exit(code)` is called within the signal handler, on the main thread: it may only leave word for
    the event loop (`loop.call_soon_threadsafe(app.exit, None, code)`). If `disarm` does not follow within
    `GRACE` seconds, `stop_children()` is called on a thread of its own, the terminal gets back the
    attributes it had at `arm`, and the process ends without any further clean-up.
    """

    def __init__(self, stop_children: Callable[[], None], ask_exit: Callable[[int], None]) -> None:
        self._stop_children = stop_children
        self._ask_exit = ask_exit
        self._previous: dict[int, Any] = {}
        self._timer: _Countdown | None = None
        self._exit_code = 0
        self._interrupts_count = True
        self._tty = terminal_fd()
        self._attributes: Attributes | None = None
        self._output = -1

    def arm(self) -> None:
        """Install the handlers and remember the terminal; on the main thread, before the dashboard starts."""
        self._attributes = attributes_of(self._tty)
        self._output = open_output(self._tty)
        for number in ENDING:
            self._previous[number] = signal.signal(number, self._on_signal)

    def disarm(self) -> None:
        """Put back the earlier handlers and stop the clock: the orderly way out has come to its end."""
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
        """Give what remains of the orderly way out `seconds` from now, if a signal has started the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._start_clock(seconds)

    @contextmanager
    def interrupts_ignored(self) -> Iterator[None]:
        """While an editor has the terminal, ctrl+c and ctrl+\\ are meant for it, though the kernel signals all."""
        self._interrupts_count = False
        try:
            yield
        finally:
            self._interrupts_count = True

    def _on_signal(self, number: int, _frame: object) -> None:
        if number in _TYPED and not self._interrupts_count:
            return
        if self._timer is not None:
            return  # on the way out already; the first signal decides the exit code
        self._exit_code = exit_code(number)
        self._start_clock(GRACE)
        # A closed event loop raises it: then the program is past its dashboard and about to end.
        with suppress(RuntimeError):
            self._ask_exit(self._exit_code)

    def _start_clock(self, seconds: float) -> None:
        self._timer = _Countdown(seconds, self._end)
        self._timer.start()

    def _end(self) -> None:
        stopping = threading.Thread(target=self._stop_children, daemon=True)
        stopping.start()
        stopping.join(CHILDREN_TIME)
        self._restore_terminal()
        os._exit(self._exit_code)

    def _restore_terminal(self) -> None:
        # Unchanged attributes mean that the dashboard has given the terminal back, or never took it:
        # the shell's own modes must not be reset then.
        if attributes_of(self._tty) != self._attributes:
            set_attributes(self._tty, self._attributes)
            send_restore(self._output)
