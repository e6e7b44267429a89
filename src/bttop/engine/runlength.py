"""How long a run lasts: from the moment when its programs are attached to the last line of the last one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from bttop.engine.channel import longest_stop
from bttop.engine.status import State

if TYPE_CHECKING:
    from bttop.engine.engine import Engine
    from bttop.engine.program import Program

PATIENCE: Final = 60.0
"""Seconds that programs may take to attach before a run counts without them: 361 probes took 20 to 30 s."""
TOGETHER: Final = 1.0
"""Seconds within which a second signal asks for nothing new."""
SLACK: Final = 1.0
"""Seconds for the last lines after the time that bpftrace gets to detach."""


class RunLength:
    """Whether the time of a run is over. It begins when every program is attached, as far as its attach points exist,
    or cannot run."""

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        """Without `seconds` the run has no end of its own. `clock` is in seconds: `Engine.seconds_run`, which leaves
        out the time in which bttop was stopped."""
        self._seconds = seconds
        self._clock = clock
        self._asked = clock()
        self._began: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the programs were attached; 0 before that."""
        return 0.0 if self._began is None else self._clock() - self._began

    def is_over(self, programs: Iterable[Program]) -> bool:
        """Whether the run has lasted as long as it should; to be asked several times a second."""
        now = self._clock()
        is_ready = not any(is_starting(program) or program.unchecked for program in programs)
        if self._began is None and (is_ready or now - self._asked >= PATIENCE):
            self._began = now
        return self._seconds is not None and self._began is not None and now - self._began >= self._seconds


def is_starting(program: Program) -> bool:
    """Whether a program has not been attached yet and still may be."""
    return not program.was_attached and program.status.state in (State.STARTING, State.RETRYING)


class Finish:
    """The end of a run: every program is told to detach, and its last flush is awaited."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._began = time.monotonic()
        engine.finish()
        # As long as the tracer waits for one that prints.
        self._deadline = time.monotonic() + longest_stop(engine.still_detaching) + SLACK

    @property
    def is_over(self) -> bool:
        """Whether every bpftrace has ended, or has had its time."""
        engine = self._engine
        return engine.error is not None or not engine.still_detaching or time.monotonic() >= self._deadline

    @property
    def remaining(self) -> float:
        """Seconds that it may still take."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def may_be_given_up(self) -> bool:
        """Whether a signal ends the wait: two that come together, as from a shell and its terminal, are one."""
        return time.monotonic() - self._began >= TOGETHER
