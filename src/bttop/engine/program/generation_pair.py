"""The generations of a program: the current one, whose flushes are shown, and the next one, which takes over at its
first flush."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from bttop.engine.generation.generation import Generation
from bttop.model.flush.flush import LossCounts
from bttop.model.plan import Plan

_NOTHING: Final = LossCounts()


class GenerationPair:
    """The living generations of one program. Engine thread only; `plan` may be read from any thread."""

    def __init__(self, stop: Callable[[Generation, float], None]) -> None:
        """`stop` detaches a generation, and kills it after the given seconds."""
        self._stop = stop
        self.current: Generation | None = None
        self.next: Generation | None = None
        self.plan = Plan()
        """The plan of the current generation, or of the last one that was current."""
        self._lost = LossCounts()

    @property
    def steady(self) -> Generation | None:
        """The current generation, unless it was told to stop."""
        return None if self.current is None or self.current.doomed else self.current

    @property
    def tally(self) -> LossCounts:
        """The losses of all generations that are or were current."""
        return self._lost if self.current is None else self._total(self.current)

    def living(self) -> tuple[Generation, ...]:
        """The living generations, the current one first."""
        return tuple(one for one in (self.current, self.next) if one is not None)

    def join(self, generation: Generation) -> bool:
        """Add a started generation: as the next one beside a steady current one, else as the current one. Return
        whether it is current."""
        self.retire(self.next)
        if self.steady is not None:
            self.next = generation
            return False
        self.succeed(generation)
        return True

    def succeed(self, generation: Generation | None) -> None:
        """Make another generation, or none, the current one; the losses of the one before stay counted."""
        if self.current is not None:
            self._lost = self._total(self.current)
        self.current, self.next = generation, None
        if generation is not None:
            self.plan = generation.plan

    def retire(self, generation: Generation | None) -> None:
        """Tell a generation to stop, once; the output of one that was never current is ignored from now on."""
        if generation is not None and not generation.doomed:
            generation.doom()
            if generation is not self.current:
                generation.silence()
            self._stop(generation, grace(generation.probes))

    def give_next_up(self) -> None:
        """Stop and forget the next generation."""
        self.retire(self.next)
        self.next = None

    def drop(self, generation: Generation) -> bool:
        """Remove a generation that has ended or is ignored; return whether it was the current one."""
        if generation is self.current:
            self.succeed(None)
            return True
        if generation is self.next:
            self.next = None
        return False

    def _total(self, generation: Generation) -> LossCounts:
        now = generation.tally
        if now == self._lost == _NOTHING and not generation.dropped_lines:
            return _NOTHING
        total = LossCounts.sum_of([self._lost, now])
        return replace(total, dropped=total.dropped + generation.dropped_lines)


def grace(probes: int) -> float:
    """Seconds that a bpftrace gets to detach: 361 probes took 18 s (releases 0.17 to 0.27), and one probe more than 2 s
    on a host with three times as much work as CPUs."""
    return 4.0 + 0.07 * probes
