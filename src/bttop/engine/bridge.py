"""The only bridge between the engine's thread and other threads: calls in, one coalesced wake-up out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class EngineBridge:
    """Calls functions on the engine's loop, and wakes the listener at most once until it acknowledges."""

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._waiting: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self._notified = False
        self._closed = False

    def open(self, loop: AbstractEventLoop) -> None:
        """Called on the engine's thread when its loop runs; schedules the calls made before."""
        with self._lock:
            self._loop = loop
            waiting, self._waiting = self._waiting, []
            for call, arguments in waiting:
                loop.call_soon(call, *arguments)

    def close(self) -> None:
        """Drop the waiting calls, and ignore all later ones."""
        with self._lock:
            self._closed = True
            self._loop = None
            self._waiting.clear()
        self._wake = None

    def call(self, call: Callable[..., None], *arguments: Any) -> None:
        """Call a function on the engine's thread. From any thread; never blocks; ignored after `close`."""
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
            return  # the loop was closed in the meantime: the engine is ending

    def listen(self, wake: Callable[[], None] | None) -> None:
        """`wake` is called on the engine's thread when an event should not wait for the next tick. It must only notify
        the listener's thread. None: stop listening."""
        self._wake = wake
        self._notified = False

    def notify(self) -> None:
        """Wake the listener, unless it was woken and has not acknowledged yet."""
        if self._notified or self._wake is None:
            return
        self._notified = True
        try:
            self._wake()
        except RuntimeError:
            self._wake = None  # the listener's loop has closed

    def acknowledge(self) -> None:
        """The listener has read the current state: the next `notify` wakes it again."""
        self._notified = False
