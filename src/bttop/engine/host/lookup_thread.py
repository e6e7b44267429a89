"""The thread of a look-up that reads files of the kernel while the screen goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_CLOSE_SECONDS: Final = 1.0


class LookupThread:
    """Starts with the first thing to look up, and ends with bttop. `news` guards the state of the look-up."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        """`run` is the work of the thread; it returns soon after `is_closed` is set."""
        self.news = threading.Condition()
        self.is_closed = False
        self._name = name
        self._run = run
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start the thread unless it runs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self.news:
            self.is_closed = True
            self.news.notify()
        if self._thread is not None:
            # The timeout: a read that hangs must not block the end of bttop. The thread is a daemon.
            self._thread.join(_CLOSE_SECONDS)
