"""Decides whether a script may start: it must not change the system without consent, nor cost too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.candidates import Candidate
from bttop.engine.safety.trial_run import TrialRuns
from bttop.engine.tracer.frames import Frame
from bttop.script.language.reader import Script
from bttop.script.process.regions import code_of

if TYPE_CHECKING:
    from bttop.engine.program.program import Program

_UNSAFE: Final = frozenset({"system", "signal", "signal_thread", "override"})
"""Functions that bpftrace runs only with `--unsafe` (0.14 to 0.27)."""


class Admission:
    """Decides before each start. Engine thread only."""

    def __init__(self, trial_runs: TrialRuns | None = None, *, unsafe: bool = False, confirmed: bool = False) -> None:
        """None for `trial_runs` disables trial runs. `unsafe`: the user has given `--unsafe`; `confirmed`: also
        `--confirm-unsafe`, so that bttop does not ask again."""
        self._trial_runs = trial_runs
        self.allows_unsafe = unsafe
        """Whether typed or pasted scripts may use `--unsafe`."""
        self._confirmed_all = confirmed

    def look(self, program: Program, candidate: Candidate) -> TrialVerdict | None:
        """Whether a candidate may start; None while a trial run decides: it then calls `program.on_look`."""
        program.permission.forget_question()
        functions = unsafe_functions(candidate)
        if functions and self._may_be_unsafe(program) and not self.is_unsafe(program, candidate):
            program.permission.ask_unsafe(candidate.source.text)
            why = f"can change this system by {', '.join(functions)} and wants --unsafe"
            return TrialVerdict("ask", why, option="--confirm-unsafe")
        return TrialVerdict("go") if self._trial_runs is None else self._trial_runs.look(program, candidate)

    def is_unsafe(self, program: Program, candidate: Candidate) -> bool:
        """Whether to pass `--unsafe`: the script needs it, and the user has allowed and confirmed it."""
        if not unsafe_functions(candidate) or not self._may_be_unsafe(program):
            return False
        return self._confirmed_all or program.permission.is_confirmed(candidate.source.text)

    def forget(self, program: Program) -> None:
        """Drop the open question and the trial run of a program."""
        program.permission.forget()
        if self._trial_runs is not None:
            self._trial_runs.cancel(program)

    def lost(self) -> None:
        """The tracer has ended."""
        if self._trial_runs is not None:
            self._trial_runs.lost()

    def on_frame(self, frame: Frame) -> None:
        """Handle a frame that belongs to no program."""
        if self._trial_runs is not None:
            self._trial_runs.on_frame(frame)

    def excuse(self, now: int) -> None:
        """No output could be received until `now`: do not count that time."""
        if self._trial_runs is not None:
            self._trial_runs.excuse(now)

    def tick(self, now: int) -> None:
        """Check the timeouts."""
        if self._trial_runs is not None:
            self._trial_runs.tick(now)

    def _may_be_unsafe(self, program: Program) -> bool:
        return self.allows_unsafe and not program.permission.is_edited


def unsafe_functions(candidate: Candidate) -> tuple[str, ...]:
    """The functions in a script that can change the system, such as `system()`."""
    script = candidate.source.script
    if not isinstance(script, Script):
        return ()
    words = {token.text for probe in script.probes for token in code_of(script, probe) if token.kind == "word"}
    return tuple(f"{word}()" for word in sorted(words & _UNSAFE))
