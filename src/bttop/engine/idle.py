"""The idle safety: what nobody looks at is detached, and comes back when somebody touches a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from bttop.engine.status import State

if TYPE_CHECKING:
    from bttop.engine.program import Program


IDLE: Final = "nobody touched a key for"
"""How the reason of a program begins that any key starts again."""


class Vigil:
    """Knows when a key was last touched. `touch` may be called from any thread, `look` from the engine's."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """`clock` is how long bttop has run, in seconds: a night in which it was stopped does not count."""
        self._seconds = seconds
        self._clock = clock
        self._touched = clock()
        self._sleeping: tuple[Program, ...] = ()

    def touch(self) -> None:
        """Somebody is there."""
        self._touched = self._clock()

    def look(self, programs: Iterable[Program], now: int) -> None:
        """Detach everything when nobody was there for too long; start it again when somebody is. `now` on
        CLOCK_BOOTTIME."""
        is_alone = self._clock() - self._touched >= self._seconds
        if is_alone and not self._sleeping:
            self._sleeping = tuple(one for one in programs if one.status.running or one.status.retry_at_ns is not None)
            for program in self._sleeping:
                program.hold(now, f"{IDLE} {_words(self._seconds)}")
        elif not is_alone and self._sleeping:
            sleeping, self._sleeping = self._sleeping, ()
            for program in sleeping:
                if program.status.state in (State.HELD, State.STOPPING):
                    program.start(now)


def _words(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= size), (1, "s"))
    return f"{seconds / size:g} {unit}"
