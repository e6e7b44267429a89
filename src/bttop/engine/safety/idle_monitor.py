"""Detaches all programs when no key was pressed for a long time, and starts them again at the next key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from bttop.engine.program.status import ProgramState

if TYPE_CHECKING:
    from bttop.engine.program.program import Program


IDLE: Final = "nobody touched a key for"
"""Beginning of the reason of a program that any key starts again."""


class IdleMonitor:
    """Remembers when the last key was pressed. Call `touch` from any thread, `look` from the engine's thread."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """`seconds` is the idle timeout. `clock` returns the seconds that bttop has run, without time in which it was
        stopped."""
        self._seconds = seconds
        self._clock = clock
        self._touched = clock()
        self._sleeping: tuple[Program, ...] = ()

    def touch(self) -> None:
        """A key was pressed."""
        self._touched = self._clock()

    def look(self, programs: Iterable[Program], now: int) -> None:
        """Detach all programs after the idle timeout; start them again after a key. `now` is CLOCK_BOOTTIME in ns."""
        is_alone = self._clock() - self._touched >= self._seconds
        if is_alone and not self._sleeping:
            self._sleeping = tuple(one for one in programs if one.status.running or one.status.retry_at_ns is not None)
            for program in self._sleeping:
                program.hold(now, f"{IDLE} {_words(self._seconds)}")
        elif not is_alone and self._sleeping:
            sleeping, self._sleeping = self._sleeping, ()
            for program in sleeping:
                if program.status.state in (ProgramState.HELD, ProgramState.STOPPING):
                    program.start(now)


def _words(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= size), (1, "s"))
    return f"{seconds / size:g} {unit}"
