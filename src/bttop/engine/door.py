"""The one door between the engine's thread and everybody else: calls in, one coalesced wake-up out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any


class Door:
    """Calls into the engine's loop, and wakes the listener at most once until it has looked."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self._rung = False
        self._closed = False

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called on the engine's thread once its loop runs; what was asked for before is done now."""
        with self._lock:
            self._loop = loop
            waiting, self._waiting = self._waiting, []
            for call, arguments in waiting:
                loop.call_soon(call, *arguments)

    def close(self) -> None:
        """Nothing goes in any more."""
        with self._lock:
            self._closed = True
            self._loop = None
            self._waiting.clear()
        self._wake = None

    def ask(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have something done on the engine's thread; from any thread, never blocks, ignored after the end."""
        with self._lock:
            if self._closed:
                return
            if self._loop is None:
                self._waiting.append((call, arguments))
                return
            loop = self._loop
        try:
            loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop has closed in between: the engine is ending, and so is whoever asks

    def listen(self, wake: Callable[[], None] | None) -> None:
        """`wake` is called on the engine's thread when something should not wait for the next tick. It must only
        leave word for its own thread."""
        self._wake = wake
        self._rung = False

    def ring(self) -> None:
        """Something happened that should be seen at once."""
        if self._rung or self._wake is None:
            return
        self._rung = True
        try:
            self._wake()
        except RuntimeError:
            self._wake = None  # the listener's loop has closed

    def looked(self) -> None:
        """The listener has seen the state of things; the next ring wakes it again."""
        self._rung = False
