"""Tries the candidates of a program, and lets the next generation take over."""

from __future__ import annotations

from collections.abc import Callable

from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.badge import Complaint
from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import Generation, was_killed
from bttop.engine.generation.source import Source
from bttop.engine.program.parts import ProgramParts
from bttop.engine.program.status import ProgramState

ILL = (ProgramState.SILENT, ProgramState.DAMAGED)


class StartSteps:
    """Starts, replaces and gives up generations of one program. Engine thread only."""

    def __init__(
        self,
        parts: ProgramParts,
        look: Callable[[Candidate], TrialVerdict | None],
        launch: Callable[[Candidate, int], Generation],
    ) -> None:
        """`look` returns whether a candidate may start, None while a trial run decides; `launch` starts it with a
        generation number."""
        self.wanted: Candidate | None = None
        """The candidate that was last chosen to start."""
        self._parts = parts
        self._look = look
        self._start = launch

    def begin(self, now: int, reason: str) -> None:
        """Start the current candidate, if allowed: as the next generation if one is current, else as the current."""
        self._parts.retry.cancel()
        candidate = self._parts.candidates.current(self.unavailable)
        if candidate is None:
            self.nothing_left(now)
            return
        self.wanted = candidate
        self._parts.statuses.release()
        verdict = self._look(candidate)
        if verdict is None:
            self.await_look(now)
        elif verdict.decision != "go":
            self.hold_back(verdict, now)
        else:
            self.launch(candidate, now, reason)

    def await_look(self, now: int) -> None:
        """Wait for a trial run: the current generation continues, an earlier next generation is given up."""
        self._parts.pair.give_next_up()
        if self._parts.pair.steady is None:
            self._parts.pair.succeed(None)
            self._parts.enter(ProgramState.STARTING, now, "counting its events for half a second before it runs")

    def hold_back(self, verdict: TrialVerdict, now: int) -> None:
        """The candidate may not start: the current generation continues."""
        self._parts.statuses.hold_back(verdict)
        self._parts.pair.give_next_up()
        if self._parts.pair.steady is not None:
            self._parts.statuses.clear()
            self._parts.statuses.complain(Complaint(f"the new text {verdict.text}"))
            self._parts.publish(complaint=self._parts.statuses.complaint)
        else:
            self._parts.pair.succeed(None)
            self._parts.enter(ProgramState.COSTLY, now, f"it {verdict.text}")

    def launch(self, candidate: Candidate, now: int, reason: str) -> None:
        self._parts.number += 1
        generation = self._start(candidate, self._parts.number)
        if self._parts.pair.join(generation):
            self._parts.permission.started()
            self._parts.enter(ProgramState.STARTING, now, reason)
        else:
            self._parts.publish(complaint=self._parts.statuses.complaint)

    def unavailable(self, source: Source, why: str) -> None:
        self._parts.statuses.complain(Complaint(f"{source.name}: {why}"))

    def take_over(self, generation: Generation, now: int) -> None:
        """Make the next generation the current one, and only then stop the old one."""
        self._parts.pair.retire(self._parts.pair.current)
        self._parts.pair.succeed(generation)
        self._parts.permission.started()
        self._parts.retry.cancel()
        is_ready = generation.ready_ns is not None
        self._parts.enter(ProgramState.ATTACHED if is_ready else ProgramState.STARTING, now, "")

    def give_up_for_now(self, now: int, complaint: Complaint, *, again: bool = True) -> None:
        """The next generation has failed; try again later if `again`, or if the current one is unhealthy."""
        self._parts.statuses.complain(complaint)
        if again or self._parts.status.state in ILL:
            self._parts.retry.later(now)
        self._parts.publish(complaint=self._parts.statuses.complaint)

    def next_ended(self, generation: Generation, code: int, now: int) -> None:
        """The next generation ended before it took over: try the next candidate, or keep the old generation."""
        if generation.doomed:
            return
        waits = not self._parts.candidates.proved and self.may_wait(generation)
        if code != 0 and not (waits or was_killed(code)):
            self._parts.statuses.complain(generation.complaint(generation.ending(code)))
            if not self._parts.candidates.proved and self.has_another(generation, generation.ending(code)):
                self.begin(now, "")
                return
        self.give_up_for_now(now, generation.complaint(generation.ending(code)), again=waits or was_killed(code))

    def has_another(self, generation: Generation, reason: str) -> bool:
        """Choose what to try next, and return whether there is anything: the same candidate without its missing attach
        points, or without the maps that no probe fills here, or the next candidate. Without memory for its maps, the
        unedited text would start no better."""
        if generation.no_memory():
            return self._parts.candidates.leave(reason)
        return (
            self._parts.candidates.despite(generation.dispensable())
            or self._parts.candidates.without(generation.undefined_maps())
            or self._parts.candidates.advance(reason)
        )

    def may_wait(self, generation: Generation) -> bool:
        """Whether it failed for lack of memory, and should be tried again before anything else."""
        return bool(generation.no_memory()) and self._parts.candidates.wait_for_memory()

    def failed_to_start(self, generation: Generation, reason: str, now: int) -> None:
        """It ended before its first flush, by an error in text, loading or attaching: try the next candidate, or the
        same one again when there may be memory."""
        self._parts.pair.succeed(None)
        if self.may_wait(generation):
            self.try_later(now, "the kernel did not create its maps")
        elif self.has_another(generation, reason):
            self.begin(now, "")
        else:
            self._parts.enter(
                ProgramState.FAILED, now, "it cannot run here as it is", complaint=self._parts.statuses.complaint
            )

    def let_go(self, now: int, reason: str) -> None:
        """The current generation has ended or hangs: the next one takes over, or a new one starts after a pause."""
        if self._parts.pair.next is not None:
            self.take_over(self._parts.pair.next, now)
        else:
            self._parts.pair.succeed(None)
            self.try_later(now, reason)

    def nothing_left(self, now: int) -> None:
        if self._parts.pair.steady is not None:
            self._parts.publish(complaint=self._parts.statuses.complaint)
            return
        self._parts.pair.succeed(None)
        self._parts.enter(
            ProgramState.UNAVAILABLE, now, "none of its scripts can run here", complaint=self._parts.statuses.complaint
        )

    def try_later(self, now: int, reason: str) -> None:
        self._parts.retry.later(now)
        self._parts.enter(ProgramState.RETRYING, now, reason, unplanned=True, complaint=self._parts.statuses.complaint)


class ProcessSharing:
    """What a program does when a process that it shares with others starts, changes or ends. Engine thread only."""

    def __init__(self, parts: ProgramParts, steps: StartSteps) -> None:
        self._parts = parts
        self._steps = steps
        self._given_way: Generation | None = None

    def start_alone(self, generation: Generation, now: int) -> None:
        """The shared process of a generation could not start: start the same candidate in a process of its own."""
        self._parts.pair.drop(generation)
        if not generation.doomed:
            self._steps.begin(now, "")

    def renew(self, now: int) -> None:
        """Start the same candidate anew beside the current generation, unless a next one is on its way."""
        if self._parts.status.running and self._parts.pair.next is None:
            self._steps.begin(now, "")

    def give_way(self) -> None:
        """Detach the current generation, because its process ends for the sake of another program. The next one takes
        over, or a new one starts."""
        self._given_way = self._parts.pair.current
        self._parts.pair.retire(self._given_way)

    def goes_on_after(self, generation: Generation) -> bool:
        """Whether the program runs on although its current generation was told to stop."""
        return self._parts.status.running and generation is self._given_way
