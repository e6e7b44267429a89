"""One program: a question that is asked, through all the bpftrace processes (generations) that ask it.

A program always has at most one *current* generation, whose flushes are shown, and one *next*, which takes over at its
first flush. Restarts, repairs and edits are all the same step: begin a next generation and let the old one run until
then, so that no flush is missing in between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from bttop.engine.attempts import Attempt, Attempts, Settings, Source
from bttop.engine.generation import Generation
from bttop.engine.status import Badge, Complaint, State, Status
from bttop.model.flush import Flush, Tally
from bttop.model.history import History
from bttop.model.plan import Plan
from bttop.model.records import AttachedProbes, Notice, Oversized, Ready, StampedLine

SECOND = 1_000_000_000
MISSED_INTERVALS = 8
"""Intervals without a heartbeat that make a program silent; random skips alone gave gaps of five (bpftrace 0.17)."""
LONGEST_PAUSE = 30
"""Seconds between two tries at most."""
CALM = 60
"""Seconds of life after which the pause before the next restart starts small again."""


class Control(Protocol):
    """What a program asks of the engine."""

    def attempts(self, sources: tuple[Source, ...], settings: Settings) -> Attempts:
        """What can be tried on this host."""

    def launch(self, program: Program, attempt: Attempt, number: int) -> Generation:
        """Start a bpftrace for the attempt."""

    def stop(self, generation: Generation, grace: float) -> None:
        """Detach a bpftrace: SIGINT until it ends, SIGKILL after `grace` seconds."""

    def watch(self, generation: Generation) -> None:
        """Have the descriptors of a bpftrace counted from now on."""

    def flushed(self, program: Program, flush: Flush) -> None:
        """A flush joined the history."""

    def changed(self, program: Program) -> None:
        """The status changed or a first flush came: the screen should not wait for its tick."""


class Program:
    """The state machine of one program. Lives on the engine thread; `status`, `history` and `plan` may be read
    from any thread, since they are frozen values or guarded by themselves."""

    def __init__(
        self, name: str, sources: tuple[Source, ...], settings: Settings, history: History, control: Control
    ) -> None:
        self.name = name
        self.sources = sources
        self.settings = settings
        self.history = history
        self.status = Status(State.STARTING, 0, interval_ns=settings.interval_ms * 1_000_000)
        self.plan = Plan()
        self._control = control
        self._attempts = control.attempts(sources, settings)
        self._current: Generation | None = None
        self._next: Generation | None = None
        self._number = 0
        self._pause = 1
        self._retry_at: int | None = None
        self._first_complaint: Complaint | None = None

    # What the engine tells it.

    def start(self, now: int) -> None:
        """Start from the first attempt; also the way to re-arm a stopped or failed program."""
        if not self.sources:
            return
        self._attempts = self._control.attempts(self.sources, self.settings)
        self._first_complaint = None
        self._pause, self._retry_at = 1, None
        self._begin(now, "")

    def refuse(self, why: str, now: int) -> None:
        """There is nothing to run: say why."""
        self._enter(State.FAILED, now, "it cannot run", complaint=Complaint(why))

    def stop(self, now: int) -> None:
        """Detach on request."""
        self._retry_at = None
        self._retire(self._next)
        self._next = None
        if self._current is None:
            self._enter(State.STOPPED, now, "stopped by you")
            return
        self._retire(self._current)
        self._enter(State.STOPPING, now, "detaching")

    def change(self, settings: Settings, now: int) -> None:
        """Ask the same question under other settings (interval, pin), in two generations."""
        self.settings = settings
        if not self.status.running and self.status.state is not State.RETRYING:
            return
        self._attempts = self._control.attempts(self.sources, settings)
        self._first_complaint = None
        self._begin(now, "")

    def on_line(self, generation: Generation, line: StampedLine) -> None:
        """One line of one of this program's generations."""
        record, flush = generation.take(line)
        if isinstance(record, Ready):
            self._on_ready(generation, line.stamp.boot_ns)
        elif isinstance(record, AttachedProbes):
            generation.probes = record.probes
        elif isinstance(record, Notice):
            generation.note(record.text)
        if flush is not None:
            self._on_flush(generation, flush, line.stamp.boot_ns)

    def on_oversized(self, generation: Generation, record: Oversized) -> None:
        """A line above the cap: counted, and said in the notes."""
        generation.oversized(record)

    def on_dropped(self, generation: Generation, lines: int) -> None:
        """The tracer had to drop lines because the dashboard did not read."""
        generation.dropped_lines = lines

    def on_descriptors(self, generation: Generation, counts: dict[str, int], now: int) -> None:
        """A new count of the generation's own kernel descriptors."""
        missing = generation.missing_descriptors(counts)
        if missing and generation is self._current and self.status.state in (State.LIVE, State.ATTACHED):
            self._repair(State.DAMAGED, now, f"bpftrace closed {missing} of its own; only a restart mends it")

    def on_failed(self, generation: Generation, reason: str, now: int) -> None:
        """The tracer could not even start bpftrace."""
        generation.note(reason)
        self.on_exit(generation, 127, now)

    def on_exit(self, generation: Generation, code: int, now: int) -> None:
        """A generation's process ended."""
        if generation is self._next:
            self._next = None
            if not generation.doomed:
                self._next_failed(generation, code, now)
        elif generation is self._current:
            self._current = None
            self._current_ended(generation, code, now)

    def on_tracer_lost(self, now: int, reason: str) -> None:
        """The tracer is gone, and every bpftrace with it."""
        wanted = self.status.running or self._retry_at is not None
        self._current = self._next = None
        if self.status.state is State.STOPPING:
            self._enter(State.STOPPED, now, "stopped by you")
        elif wanted:
            self._try_later(now, reason)

    def tick(self, now: int) -> None:
        """Whatever the passing of time brings; called about once a second."""
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            self._begin(now, self.status.reason)
        for generation in (self._current, self._next):
            if generation is not None and (flush := generation.due(now)) is not None:
                self._on_flush(generation, flush, now)
        if self._current is not None and not self._current.doomed:
            self._check_silence(self._current, now)
        if self._next is not None and self._next.overdue(now, MISSED_INTERVALS):
            self._give_up_next(now)

    @property
    def tally(self) -> Tally:
        """What the current generation has lost or could not do."""
        return Tally() if self._current is None else self._current.tally

    def generations(self) -> tuple[Generation, ...]:
        """The living generations, the current one first."""
        return tuple(one for one in (self._current, self._next) if one is not None)

    # Steps.

    def _begin(self, now: int, reason: str) -> None:
        """Launch the attempt at hand: as the next generation beside a current one, else as the current."""
        attempt = self._attempts.current(self._unavailable)
        if attempt is None:
            self._nothing_left(now)
            return
        self._number += 1
        generation = self._control.launch(self, attempt, self._number)
        self._retire(self._next)
        if self._current is not None and not self._current.doomed:
            self._next = generation
            self._publish()
            return
        self._next = None
        self._current = generation
        self.plan = generation.plan
        self._enter(State.STARTING, now, reason)

    def _unavailable(self, source: Source, why: str) -> None:
        self._complain(Complaint(f"{source.name}: {why}"))

    def _on_ready(self, generation: Generation, now: int) -> None:
        generation.ready(now)
        self._control.watch(generation)
        if generation is self._current and self.status.state is State.STARTING:
            self._enter(State.ATTACHED, now, "")

    def _on_flush(self, generation: Generation, flush: Flush, now: int) -> None:
        if generation.doomed or generation not in (self._current, self._next):
            return
        if generation is self._next:
            self._take_over(generation)
        first = self.status.state is not State.LIVE
        self.history.append(flush)
        self._control.flushed(self, flush)
        if now - generation.started_ns > CALM * SECOND:
            self._pause = 1
        if first:
            self._enter(State.LIVE, now, "")

    def _take_over(self, generation: Generation) -> None:
        """The next generation's first flush is here: it is current now, and only now the old one stops."""
        self._retire(self._current)
        self._current, self._next = generation, None
        self.plan = generation.plan
        self._first_complaint = None
        self.status = replace(self.status, state=State.STARTING, complaint=None)

    def _retire(self, generation: Generation | None) -> None:
        if generation is not None and not generation.doomed:
            generation.doomed = True
            self._control.stop(generation, grace(generation.probes))

    def _next_failed(self, generation: Generation, code: int, now: int) -> None:
        self._complain(generation.complaint(code))
        if generation.is_fresh and self._attempts.advance(generation.ending(code)):
            self._begin(now, "")
            return
        self._publish(complaint=self._first_complaint)
        if self._current is None:
            self._try_later(now, "the fresh start failed as well")

    def _current_ended(self, generation: Generation, code: int, now: int) -> None:
        if generation.doomed:
            self._enter(State.STOPPED, now, "stopped by you")
        elif self._next is not None:
            self._current, self._next = self._next, None
            self._enter(State.STARTING, now, generation.ending(code))
        elif generation.is_fresh and code != 0 and code > -2:
            self._failed_to_start(generation, code, now)
        elif code == 0:
            self._enter(State.ENDED, now, "the script ended by itself, or was told to from outside")
        else:
            self._complain(generation.complaint(code))
            self._try_later(now, generation.ending(code))

    def _failed_to_start(self, generation: Generation, code: int, now: int) -> None:
        """It never flushed: a text, load or attach error, which the next attempt may not have."""
        self._complain(generation.complaint(code))
        if self._attempts.advance(generation.ending(code)):
            self._begin(now, "")
        else:
            self._enter(State.FAILED, now, "it cannot run here as it is", complaint=self._first_complaint)

    def _nothing_left(self, now: int) -> None:
        if self._current is not None and not self._current.doomed:
            self._publish(complaint=self._first_complaint)
            return
        self._enter(State.UNAVAILABLE, now, "this kernel lacks what it needs", complaint=self._first_complaint)

    def _complain(self, complaint: Complaint) -> None:
        """Keep the first complaint of a chain of attempts: it is about what the user asked for."""
        self._first_complaint = self._first_complaint or complaint

    def _try_later(self, now: int, reason: str) -> None:
        self._retry_at = now + self._pause * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._enter(State.RETRYING, now, reason, restarts=self.status.restarts + 1, complaint=self._first_complaint)

    def _check_silence(self, generation: Generation, now: int) -> None:
        if self.status.state is State.STARTING and generation.overdue(now, MISSED_INTERVALS):
            self._retire(generation)
            self._current = None
            self._try_later(now, f"it did not attach within {generation.quiet_seconds(now):.0f} s")
        elif self.status.state in (State.LIVE, State.ATTACHED) and generation.overdue(now, MISSED_INTERVALS):
            self._repair(State.SILENT, now, f"no heartbeat for {generation.quiet_seconds(now):.0f} s")

    def _repair(self, state: State, now: int, reason: str) -> None:
        """Say what is wrong and start afresh beside it, unless a fresh start is under way or too soon."""
        self._enter(state, now, reason, restarts=self.status.restarts + 1)
        if self._next is None and self._retry_at is None:
            self._retry_at = now + (self._pause - 1) * SECOND
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _give_up_next(self, now: int) -> None:
        """The next generation sends nothing: the old one stays, and another try comes later."""
        self._retire(self._next)
        self._next = None
        self._retry_at = now + self._pause * SECOND
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._publish()

    # The page that others read.

    def _enter(
        self,
        state: State,
        now: int,
        reason: str,
        *,
        restarts: int | None = None,
        complaint: Complaint | None = None,
    ) -> None:
        self.status = replace(
            self.status,
            state=state,
            since_ns=now,
            reason=reason,
            restarts=self.status.restarts if restarts is None else restarts,
        )
        self._publish(complaint=complaint)

    def _publish(self, complaint: Complaint | None = None) -> None:
        """Bring the page up to date with the current generation and let the screen know."""
        shown = self._current
        self.status = replace(
            self.status,
            generation=self._number if shown is None else shown.number,
            source=self.status.source if shown is None else shown.attempt.source.name,
            probes=0 if shown is None else shown.probes,
            interval_ns=self.settings.interval_ms * 1_000_000 if shown is None else shown.plan.interval_ns,
            complaint=complaint,
            badges=self.status.badges if shown is None else self._badges(shown),
            retry_at_ns=self._retry_at,
        )
        self._control.changed(self)

    def _badges(self, shown: Generation) -> tuple[Badge, ...]:
        badges = list(shown.attempt.badges)
        if shown.attempt.source is not self.sources[0]:
            why = self._attempts.why_fallback or "the first choice could not attach here"
            badges.append(
                Badge("fallback", f"{shown.attempt.source.name} runs instead of {self.sources[0].name}: {why}")
            )
        return tuple(badges)


def grace(probes: int) -> float:
    """Seconds that a bpftrace gets to detach: 18 s for 361 probes was measured (releases 0.17 to 0.27)."""
    return 2.0 + 0.07 * probes
