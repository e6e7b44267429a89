"""Measures how long a run lasts: from the attach of its programs to the last line of the last one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from bttop.engine.program.status import ProgramState
from bttop.engine.tracer.channel import longest_stop

if TYPE_CHECKING:
    from bttop.engine.any_run import AnyRun
    from bttop.engine.program.program import Program

PATIENCE: Final = 90.0
"""Timeout for the attach, in seconds; then the run starts without the rest: 361 probes took 20 to 30 s."""
TOGETHER: Final = 1.0
"""Seconds within which a second signal is ignored."""
SLACK: Final = 1.0
"""Seconds for the last lines, in addition to the time that bpftrace gets to detach."""


class RunLength:
    """Decides whether the time of a run is over. The time starts when every program is attached or cannot run."""

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        """`seconds` is the length of the run, None for no limit. `clock` is in seconds: `Engine.seconds_run`, which
        excludes the time in which bttop was stopped."""
        self._seconds = seconds
        self._clock = clock
        self._asked = clock()
        self._began: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the programs were attached; 0 before that."""
        return 0.0 if self._began is None else self._clock() - self._began

    def is_over(self, programs: Iterable[Program]) -> bool:
        """Whether the run has lasted `seconds`. Call it several times a second."""
        now = self._clock()
        if self._began is None and (now - self._asked >= PATIENCE or _are_ready(programs)):
            self._began = now
        return self._seconds is not None and self._began is not None and now - self._began >= self._seconds


def _are_ready(programs: Iterable[Program]) -> bool:
    return not any(is_starting(program) or program.unchecked for program in programs)


def is_starting(program: Program) -> bool:
    """Whether a program is not attached yet but still may be."""
    return not program.was_attached and program.status.state in (ProgramState.STARTING, ProgramState.RETRYING)


class Finish:
    """The end of a run: detaches every program and waits for its last flush."""

    def __init__(self, engine: AnyRun) -> None:
        self._engine = engine
        self._began = time.monotonic()
        engine.finish()
        # The same time for which the tracer waits for a program that keeps printing.
        self._deadline = time.monotonic() + longest_stop(engine.still_detaching) + SLACK

    @property
    def is_over(self) -> bool:
        """Whether every bpftrace has ended, or the deadline has passed."""
        engine = self._engine
        return engine.error is not None or not engine.still_detaching or time.monotonic() >= self._deadline

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def may_be_given_up(self) -> bool:
        """Whether a signal may end the wait: two signals within TOGETHER, as from a shell and its terminal, count as
        one."""
        return time.monotonic() - self._began >= TOGETHER
