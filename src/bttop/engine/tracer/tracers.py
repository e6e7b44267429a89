"""The tracers of a session: when one ends unexpectedly, the next one starts after a growing pause."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.frames import Frame
from bttop.errors import TracerLost

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

CALM = 60.0
"""A tracer that lived longer than this (seconds) is replaced without a pause."""
LONGEST_PAUSE = 30.0
METER_SECONDS = 1.0
"""Seconds between two readings of the costs."""


class Pauses:
    """The growing pauses before the next attempt to start a tracer."""

    def __init__(self) -> None:
        self._next = 0.0

    def next(self) -> float:
        """The pause before the next attempt, in seconds: 0, 0.5, 1.5, 3.5 … LONGEST_PAUSE."""
        pause, self._next = self._next, min(LONGEST_PAUSE, self._next * 2 + 0.5)
        return pause

    def lived(self, seconds: float) -> None:
        """A tracer has ended that ran for so long."""
        if seconds > CALM:
            self._next = 0.0


class Tracers:
    """The current tracer. Engine thread only, except for `close`."""

    def __init__(self, spawn: Callable[[], TracerChannel], *, statistics: bool, folder: str = ".") -> None:
        """Start the first tracer; raises TracerLost if that fails. `statistics`, `folder`: see `Engine`."""
        self._spawn = spawn
        self._statistics = statistics
        self._folder = folder
        self.channel = spawn()
        self.alive = True
        """Whether a tracer runs; False after one is lost until the next one has started."""
        self._closed = False
        self._pauses = Pauses()
        self._since = time.monotonic()
        self._take: Callable[[list[Frame]], None] = lambda _: None
        self._on_lost: Callable[[str], None] = lambda _: None
        self._on_new: Callable[[], None] = lambda: None

    def attach(
        self, take: Callable[[list[Frame]], None], lost: Callable[[str], None], renewed: Callable[[], None]
    ) -> None:
        """Read in the running loop: `take` gets the frames, `lost` the reason why a tracer ended, and `renewed` is
        called when the next one has started."""
        self._take, self._on_lost, self._on_new = take, lost, renewed
        self._listen()

    def start(
        self,
        ident: int,
        argv: Sequence[str],
        environment: Mapping[str, str],
        nice: int,
        folder: Path | None = None,
        categories: Sequence[str] = (),
        parts: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Start a command under a new id, in `folder` if it needs one of its own; `categories` and `parts`: see
        `TracerChannel.start`. Raises TracerLost while there is no tracer."""
        if not self.alive:
            raise TracerLost("the tracer has ended", title="no tracer")
        place = self._folder if folder is None else str(folder)
        self.channel.start(ident, argv, environment, nice, place, categories, parts)

    def tell_costs(self) -> None:
        """Request all costs now, and every second from now on."""
        self.channel.meter(METER_SECONDS, stats=self._statistics)

    def detach(self) -> None:
        """Stop reading. Closes a tracer that was started while `close` closed the one before."""
        self.channel.detach()
        if self._closed:
            self.channel.close()

    def close(self) -> None:
        """End the tracer with all its children, and start no other. From any thread; may be repeated."""
        self._closed = True
        self.channel.close()

    def _listen(self) -> None:
        self.channel.attach(_running_loop(), self._take, self._ended)
        self.tell_costs()

    def _ended(self, reason: str) -> None:
        if self._closed:
            return
        self.alive = False
        self._pauses.lived(time.monotonic() - self._since)
        self._on_lost(reason)
        self._respawn_later()

    def _respawn_later(self) -> None:
        _running_loop().call_later(self._pauses.next(), self._respawn)

    def _respawn(self) -> None:
        if self._closed:
            return
        self.channel.detach()
        self.channel.close()
        try:
            self.channel = self._spawn()
        except TracerLost:
            self._respawn_later()
            return
        self._since = time.monotonic()
        self.alive = True
        self._listen()
        self._on_new()


def _running_loop() -> AbstractEventLoop:
    import asyncio  # not before the first tracer has been started

    return asyncio.get_running_loop()
