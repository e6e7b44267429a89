"""Who runs for a program: the current generation, whose flushes are shown, and the next, which takes over at its first
flush."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from bttop.engine.generation import Generation
from bttop.model.flush import Tally
from bttop.model.plan import Plan


class Succession:
    """The living generations of one program. Engine thread only; `plan` may be read from any thread."""

    def __init__(self, stop: Callable[[Generation, float], None]) -> None:
        """`stop` detaches a generation, and kills it after so many seconds."""
        self._stop = stop
        self.current: Generation | None = None
        self.next: Generation | None = None
        self.plan = Plan()
        """Of the generation that is current, or was last."""
        self._lost = Tally()

    @property
    def steady(self) -> Generation | None:
        """The current generation, if it goes on: nobody told it to stop."""
        return None if self.current is None or self.current.doomed else self.current

    @property
    def tally(self) -> Tally:
        """What all generations that were current have lost."""
        return self._lost if self.current is None else self._total(self.current)

    def living(self) -> tuple[Generation, ...]:
        """The current one first."""
        return tuple(one for one in (self.current, self.next) if one is not None)

    def join(self, generation: Generation) -> bool:
        """A generation was started: it waits beside a steady current one, or is current itself; whether it is."""
        self.retire(self.next)
        if self.steady is not None:
            self.next = generation
            return False
        self.succeed(generation)
        return True

    def succeed(self, generation: Generation | None) -> None:
        """Another generation, or none, is the current one; what the one before lost stays counted."""
        if self.current is not None:
            self._lost = self._total(self.current)
        self.current, self.next = generation, None
        if generation is not None:
            self.plan = generation.plan

    def retire(self, generation: Generation | None) -> None:
        """Tell a generation to stop, once; one that was never current is not read any more."""
        if generation is not None and not generation.doomed:
            generation.doomed = True
            generation.silenced = generation is not self.current
            self._stop(generation, grace(generation.probes))

    def give_next_up(self) -> None:
        """Nobody waits any more."""
        self.retire(self.next)
        self.next = None

    def _total(self, generation: Generation) -> Tally:
        now = generation.tally
        total = Tally(**{f.name: getattr(self._lost, f.name) + getattr(now, f.name) for f in fields(Tally)})
        return replace(total, dropped=total.dropped + generation.dropped_lines)


def grace(probes: int) -> float:
    """Seconds that a bpftrace gets to detach: 18 s for 361 probes was measured (releases 0.17 to 0.27)."""
    return 2.0 + 0.07 * probes
