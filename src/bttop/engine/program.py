"""One program: a question that is asked, through all the bpftrace processes (generations) that ask it.

A program always has at most one *current* generation, whose flushes are shown, and one *next*, which takes over at its
first flush. Restarts, repairs and edits are all the same step: begin a next generation and let the old one run until
then, so that no flush is missing in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from bttop.engine.attempts import Attempt, Settings, Source
from bttop.engine.backoff import Backoff
from bttop.engine.control import Control
from bttop.engine.cost import Cost
from bttop.engine.generation import Generation, was_killed
from bttop.engine.health import ILL, ailment, is_worn
from bttop.engine.page import Page
from bttop.engine.standing import Standing
from bttop.engine.status import Complaint, State, Status
from bttop.engine.succession import Succession
from bttop.engine.tuning import Tuner
from bttop.engine.verdict import Verdict
from bttop.model.flush import Flush, Tally
from bttop.model.history import History
from bttop.model.plan import Plan
from bttop.model.records import AttachedProbes, Notice, Oversized, Ready, Record, StampedLine
from bttop.script.missing import is_about_missing
from bttop.script.offers import Offer


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
        self.cost: Cost | None = None
        """What it costs at present, all its generations together; the meter keeps it. None while nobody knows."""
        self.alarm = ""
        """Which limit it is above, with the numbers: the fuse's warning. Empty when all is well."""
        self._control = control
        self._attempts = control.attempts(sources, settings)
        self._standing = Standing(settings.interval_ms)
        self._succession = Succession(control.stop)
        self._number = 0
        self._retry = Backoff()
        self._tuner = Tuner()
        self._wanted: Attempt | None = None
        """The attempt that was to start last."""
        self._renewed_ns = 0
        self._rest: tuple[State, str] | None = (State.STOPPED, "stopped by you")
        """The state to enter once it is detached; None keeps the state that it has."""
        self.missing = ""
        """Why what it counted before an end is in no flush, by the last such end; empty when nothing is missing."""
        self._unchecked: Mapping[int, tuple[str, ...]] = {}
        self.was_attached = False
        """Whether all probes of any of its generations were ever attached."""

    # What the engine tells it.

    def start(self, now: int) -> None:
        """Start from the first attempt; also the way to re-arm a stopped or failed program."""
        if not self.sources:
            return
        self._attempts = self._control.attempts(self.sources, self.settings)
        self._standing.complaint = None
        self._retry.reset()
        self._tuner.reset()
        self._begin(now, "")

    def refuse(self, why: str, now: int) -> None:
        """There is nothing to run: say why."""
        self._enter(State.FAILED, now, "it cannot run", complaint=Complaint(why))

    def stop(self, now: int) -> None:
        """Detach on request."""
        self._detach(now, State.STOPPED, "stopped by you")

    def hold(self, now: int, reason: str, *, unread: bool = False) -> None:
        """Detach without being asked: its last flushes stay, and `start` re-arms it. `unread` leaves alone what it has
        printed and nobody has read yet, as after a flood."""
        current = self._succession.current
        self._detach(now, State.HELD, reason)
        if unread and current is not None:
            current.silenced = True

    def finish(self) -> None:
        """Detach because the session ends. The state stays what it was; the last flush comes before the exit."""
        self._rest = None
        self._retry.cancel()
        self._control.forget_look(self)
        self._succession.give_next_up()
        self._succession.retire(self._succession.current)

    def _detach(self, now: int, state: State, reason: str) -> None:
        self._rest = (state, reason)
        self._retry.cancel()
        self._control.forget_look(self)
        self._standing.verdict = None
        self._succession.give_next_up()
        if self._succession.current is None:
            self._enter(state, now, reason)
            return
        self._succession.retire(self._succession.current)
        self._enter(State.STOPPING, now, "detaching" if state is State.STOPPED else reason)

    def change(self, settings: Settings, now: int) -> None:
        """Ask the same question under other settings (interval, pin), in two generations."""
        self.settings = settings
        if not self.status.running and self.status.state not in (State.RETRYING, State.COSTLY):
            return
        self._attempts.adjust(settings)
        self._tuner.reset()
        self._standing.complaint = None
        self._begin(now, "")

    def reload(self, sources: tuple[Source, ...], now: int) -> None:
        """Another text for the same question: begins beside the old one, which goes on until the new one's first
        flush, and for good if that never comes. A program that was stopped or is held stays so."""
        self.sources = sources
        if self.status.state not in (State.STOPPED, State.STOPPING, State.HELD):
            self._attempts = self._control.attempts(sources, self.settings)
            self._tuner.reset()
            self._standing.complaint = None
            self._retry.cancel()
            self._begin(now, "")

    def refuse_reload(self, why: str) -> None:
        """The edited text is of no use: said until it is mended; whatever runs goes on."""
        self._publish(complaint=Complaint(why))

    def on_look(self, verdict: Verdict, now: int) -> None:
        """What the look at the attempt at hand has found."""
        if verdict.decision == "go":
            self._begin(now, "")
        else:
            self._hold_back(verdict, now)

    def go_on(self, now: int) -> None:
        """What was held back may run."""
        self._standing.complaint = None
        self._begin(now, "")

    def on_line(self, generation: Generation, line: StampedLine) -> None:
        """One line of one of this program's generations."""
        record, flush = generation.take(line)
        if isinstance(record, Ready):
            self._on_ready(generation, line.stamp.boot_ns)
        elif isinstance(record, AttachedProbes):
            generation.probes = record.probes
            generation.attachment.count(record.probes)
            if not generation.tells_ready:
                self._on_ready(generation, line.stamp.boot_ns)
        elif isinstance(record, Notice):
            generation.note(record.text)
        elif isinstance(record, Oversized):
            generation.note(f"a line of {record.size:,} bytes was left out")
        self._look_for_missing(generation, record, line.stamp.boot_ns)
        if flush is not None:
            self._on_flush(generation, flush, line.stamp.boot_ns)

    def on_listed(self, generation: Generation, found: Mapping[str, int], now: int) -> None:
        """How many probes bpftrace lists for attach points."""
        generation.attachment.listed(found)
        living = self._succession.living()
        # An answer after the end of the run comes too late: what it tells is in no badge any more.
        if not all(one.doomed for one in living):
            self._unchecked = {number: one for number, one in self._unchecked.items() if number != generation.number}
        if generation in living:
            self._judge_attachment(generation, now)

    def on_dropped(self, generation: Generation, lines: int) -> None:
        """The tracer had to drop lines because the dashboard did not read."""
        generation.dropped_lines = lines

    def on_descriptors(self, generation: Generation, counts: dict[str, int], now: int) -> None:
        """A new count of the generation's own kernel descriptors; `tick` judges it."""
        generation.count_descriptors(counts, now)

    def on_failed(self, generation: Generation, reason: str, now: int) -> None:
        """The tracer could not even start bpftrace: of another text nothing better is to be expected."""
        if generation is self._succession.next:
            self._succession.next = None
            self._give_up_for_now(now, generation.complaint(reason))
        elif generation is self._succession.current:
            self._standing.complain(generation.complaint(reason))
            self._let_go(now, reason)

    def on_exit(self, generation: Generation, code: int, now: int) -> None:
        """A generation's process ended."""
        was_fresh = generation.is_fresh
        if was_killed(code):
            self.on_cut(generation, generation.ending(code))
        if (code == 0 or not was_fresh) and (flush := generation.rest(now)) is not None:
            self._on_flush(generation, flush, now)
        was_fresh = was_fresh and generation.is_fresh
        if generation is self._succession.next:
            self._succession.next = None
            self._next_ended(generation, code, now)
        elif generation is self._succession.current:
            self._current_ended(generation, code, now, was_fresh=was_fresh)

    def on_cut(self, generation: Generation, why: str) -> None:
        """A generation ended, or is given up, before it could print what it counted last. What one counts that waits
        for its first flush is in those of the current one."""
        if generation.owes_last_flush and generation is not self._succession.next:
            self.missing = why
            self._control.cut(self, why)

    def on_tracer_lost(self, now: int, reason: str) -> None:
        """The tracer is gone, and every bpftrace with it."""
        wanted = self.status.running or self._retry.at is not None
        self._succession.succeed(None)
        if self.status.state is State.STOPPING:
            self._enter_rest(now)
        elif wanted:
            self._try_later(now, f"the tracer was lost: {reason}")

    def excuse(self, now: int) -> None:
        """Nothing could be heard of it until now, so that its silence means nothing."""
        for generation in self._succession.living():
            generation.excuse(now)

    def tick(self, now: int) -> None:
        """Whatever the passing of time brings; called about once a second."""
        if self._retry.due(now):
            self._begin(now, self.status.reason)
        for generation in self._succession.living():
            if (flush := generation.due(now)) is not None:
                self._on_flush(generation, flush, now)
        if (steady := self._succession.steady) is not None:
            self._check_health(steady, now)
        if self._succession.next is not None:
            self._check_next(self._succession.next, now)

    def page(self, boot_ns: int | None = None) -> Page:
        """What the program was at a moment of CLOCK_BOOTTIME; without one, what it is now."""
        then = None if boot_ns is None else self._standing.at(boot_ns)
        return then or replace(self._page(), cost=self.cost, alarm=self.alarm)

    @property
    def status(self) -> Status:
        """How it stands now."""
        return self._standing.status

    @property
    def plan(self) -> Plan:
        """Of the generation on show."""
        return self._succession.plan

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Better ways to ask the same, as far as the script on show, or held back, has any."""
        attempt = self._wanted if self._succession.current is None else self._succession.current.attempt
        return () if attempt is None else attempt.prepared.offers

    @property
    def tally(self) -> Tally:
        """What was lost or could not be done since the program was made, by all its generations that were shown."""
        return self._succession.tally

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Attach points of which bpftrace is asked whether they exist, or was until it ended."""
        return tuple(point for points in self._unchecked.values() for point in points)

    @property
    def awaits_quiet(self) -> bool:
        """Whether a generation's flushes end by silence alone, so that `tick` should come more often."""
        return any(not generation.plan.heartbeats for generation in self._succession.living())

    def generations(self) -> tuple[Generation, ...]:
        """The living generations, the current one first."""
        return self._succession.living()

    # Steps.

    def _begin(self, now: int, reason: str) -> None:
        """Launch the attempt at hand: as the next generation beside a current one, else as the current."""
        self._retry.cancel()
        attempt = self._attempts.current(self._unavailable)
        if attempt is None:
            self._nothing_left(now)
            return
        self._wanted, self._standing.verdict = attempt, None
        verdict = self._control.look(self, attempt)
        if verdict is None:
            self._await_look(now)
        elif verdict.decision != "go":
            self._hold_back(verdict, now)
        else:
            self._launch(attempt, now, reason)

    def _await_look(self, now: int) -> None:
        """Whatever runs goes on while a twin counts; the next generation that was wanted before is not wanted now."""
        self._succession.give_next_up()
        if self._succession.steady is None:
            self._succession.succeed(None)
            self._enter(State.STARTING, now, "counting its events for half a second before it runs")

    def _hold_back(self, verdict: Verdict, now: int) -> None:
        """It would cost too much: whatever runs goes on."""
        self._standing.verdict = verdict
        self._succession.give_next_up()
        if self._succession.steady is not None:
            self._standing.complaint = Complaint(f"the new text {verdict.text}")
            self._publish(complaint=self._standing.complaint)
        else:
            self._succession.succeed(None)
            self._enter(State.COSTLY, now, f"it {verdict.text}")

    def _launch(self, attempt: Attempt, now: int, reason: str) -> None:
        self._number += 1
        generation = self._control.launch(self, attempt, self._number)
        if self._succession.join(generation):
            self._enter(State.STARTING, now, reason)
        else:
            self._publish(complaint=self._standing.complaint)

    def _unavailable(self, source: Source, why: str) -> None:
        self._standing.complain(Complaint(f"{source.name}: {why}"))

    def _on_ready(self, generation: Generation, now: int) -> None:
        if generation.ready_ns is not None or generation.doomed:
            return
        generation.ready(now)
        self.was_attached = True
        self._control.watch(generation)
        if generation is self._succession.current and self.status.state is State.STARTING:
            self._enter(State.ATTACHED, now, "")

    def _look_for_missing(self, generation: Generation, record: Record, now: int) -> None:
        """Look at what was attached: once it is ready, since the two outputs of bpftrace may overtake each other also
        when its count or a message comes later."""
        says_more = isinstance(record, Ready | AttachedProbes) or (
            isinstance(record, Notice) and is_about_missing(record.text)
        )
        if says_more and generation.ready_ns is not None and generation in self._succession.living():
            generation.read_notes()
            self._judge_attachment(generation, now)

    def _judge_attachment(self, generation: Generation, now: int) -> None:
        """What does not exist is an error, or a badge where the rest of the script is attached."""
        if generation.doomed:
            return
        if generation.attachment.is_nothing:
            self._nothing_attached(generation, now)
            return
        points = generation.attachment.to_list()
        if points:
            self._unchecked = {**self._unchecked, generation.number: tuple(point.text for point in points)}
            self._control.list_points(points, partial(self.on_listed, generation))
        if generation is self._succession.current and generation.badges != self.status.badges:
            self._publish(complaint=self.status.complaint)

    def _nothing_attached(self, generation: Generation, now: int) -> None:
        """It runs, and could only ever count zero: so would the same text without edits."""
        complaint = generation.attached_nothing()
        self._standing.complain(complaint)
        self._succession.retire(generation)
        generation.silenced = True  # its last flush would be a zero
        is_current = generation is self._succession.current
        if is_current:
            self._succession.succeed(None)
        else:
            self._succession.next = None
        if self._attempts.leave("nothing of it was attached"):
            self._begin(now, "")
        elif is_current:
            self._enter(State.FAILED, now, "nothing of it was attached", complaint=self._standing.complaint)
        else:
            self._give_up_for_now(now, complaint, again=False)

    def _on_flush(self, generation: Generation, flush: Flush, now: int) -> None:
        if generation.silenced:
            return
        if generation.doomed:
            self._show(generation, flush)
            return
        if generation not in self._succession.living():
            return
        if generation.is_fresh:
            self._on_prelude(generation, flush)
            return
        self._on_ready(generation, now)
        if generation is self._succession.next:
            self._take_over(generation, now)
        self._attempts.proved = True
        self._retry.lived(now - generation.started_ns)
        self._show(generation, flush)
        if self.status.state is State.SILENT:
            self._retry.cancel()
        if self.status.state not in (State.LIVE, State.DAMAGED):
            self._standing.complaint = None
            self._enter(State.LIVE, now, "")
        if not flush.is_last:
            self._tune(flush, now)

    def _on_prelude(self, generation: Generation, flush: Flush) -> None:
        """What a BEGIN block prints comes before anything is attached: it is shown and proves nothing."""
        if generation is self._succession.current:
            self._show(generation, flush)

    def _show(self, generation: Generation, flush: Flush) -> None:
        self.history.append(flush)
        self._control.flushed(self, generation, flush)

    def _take_over(self, generation: Generation, now: int) -> None:
        """The next generation is current now, and only now the old one stops."""
        self._succession.retire(self._succession.current)
        self._succession.succeed(generation)
        self._retry.cancel()
        is_ready = generation.ready_ns is not None
        self._enter(State.ATTACHED if is_ready else State.STARTING, now, "")

    def _next_ended(self, generation: Generation, code: int, now: int) -> None:
        """The next generation ended before it could take over: try the next attempt, or stay with the old one."""
        if generation.doomed:
            return
        if code != 0 and not was_killed(code):
            self._standing.complain(generation.complaint(generation.ending(code)))
            if not self._attempts.proved and self._has_another(generation, generation.ending(code)):
                self._begin(now, "")
                return
        self._give_up_for_now(now, generation.complaint(generation.ending(code)), again=was_killed(code))

    def _give_up_for_now(self, now: int, complaint: Complaint, *, again: bool = True) -> None:
        """There is no next generation any more; one comes later if it is wanted, or if the old one is ill."""
        self._standing.complain(complaint)
        if again or self.status.state in ILL:
            self._retry.later(now)
        self._publish(complaint=self._standing.complaint)

    def _current_ended(self, generation: Generation, code: int, now: int, *, was_fresh: bool) -> None:
        reason = generation.ending(code)
        if generation.doomed:
            self._succession.succeed(None)
            self._enter_rest(now)
        elif was_killed(code):
            self._let_go(now, reason)
        elif code == 0 and self._succession.next is None:
            self._succession.succeed(None)
            self._retry.cancel()
            self._enter(State.ENDED, now, _why_ended(generation))
        elif was_fresh and self._succession.next is None and not self._attempts.proved:
            self._standing.complain(generation.complaint(reason))
            self._failed_to_start(generation, reason, now)
        else:
            self._standing.complain(generation.complaint(reason))
            self._let_go(now, reason)

    def _enter_rest(self, now: int) -> None:
        if self._rest is not None:
            self._enter(self._rest[0], now, self._rest[1])

    def _has_another(self, generation: Generation, reason: str) -> bool:
        """Whether there is more to try: the same though some attach points do not exist here, or without the maps that
        no probe fills here, or the next attempt."""
        return (
            self._attempts.despite(generation.dispensable())
            or self._attempts.without(generation.undefined_maps())
            or self._attempts.advance(reason)
        )

    def _failed_to_start(self, generation: Generation, reason: str, now: int) -> None:
        """It never flushed: a text, load or attach error, which the next attempt may not have."""
        self._succession.succeed(None)
        if self._has_another(generation, reason):
            self._begin(now, "")
        else:
            self._enter(State.FAILED, now, "it cannot run here as it is", complaint=self._standing.complaint)

    def _let_go(self, now: int, reason: str) -> None:
        """The current generation is gone: the next one takes its place, or a fresh start does after a pause."""
        if self._succession.next is not None:
            self._take_over(self._succession.next, now)
        else:
            self._succession.succeed(None)
            self._try_later(now, reason)

    def _nothing_left(self, now: int) -> None:
        if self._succession.steady is not None:
            self._publish(complaint=self._standing.complaint)
            return
        self._succession.succeed(None)
        self._enter(State.UNAVAILABLE, now, "nothing of it can run here", complaint=self._standing.complaint)

    def _try_later(self, now: int, reason: str) -> None:
        self._retry.later(now)
        self._enter(State.RETRYING, now, reason, unplanned=True, complaint=self._standing.complaint)

    # Health.

    def _check_health(self, generation: Generation, now: int) -> None:
        found = ailment(generation, self.status.state, now)
        if found is None:
            if (
                is_worn(generation, self._renewed_ns, now)
                and self._succession.next is None
                and self.status.state is State.LIVE
            ):
                self._renewed_ns = now
                self._begin(now, "")
        elif found.state is State.STARTING:
            self._succession.retire(generation)
            self._let_go(now, found.reason)
        else:
            self._repair(found.state, now, found.reason)

    def _repair(self, state: State, now: int, reason: str) -> None:
        """Say what is wrong and start afresh beside it, unless a fresh start is under way or planned."""
        if self._succession.next is None and self._retry.at is None:
            self._retry.soon(now)
        self._enter(state, now, reason, unplanned=True)

    def _check_next(self, generation: Generation, now: int) -> None:
        if generation.overdue(now):
            self._succession.retire(generation)
            self._succession.next = None
            waited = f"the new one sent nothing for {generation.quiet_seconds(now):.0f} s"
            self._give_up_for_now(now, generation.complaint(waited))
        elif generation.settled(now):
            self._take_over(generation, now)

    def _tune(self, flush: Flush, now: int) -> None:
        """Lengthen the interval or change a map's scheme when the flush shows that it must be."""
        if (
            self._succession.next is not None
            or self._succession.current is None
            or not self._tuner.look(flush, self.settings.interval_ms)
        ):
            return
        self._attempts.tune(self._tuner.tuning)
        wanted = self._attempts.current(self._unavailable)
        if wanted is not None and wanted.prepared.text != self._succession.current.attempt.prepared.text:
            self._begin(now, "")

    # The page that others read.

    def _enter(
        self, state: State, now: int, reason: str, *, unplanned: bool = False, complaint: Complaint | None = None
    ) -> None:
        self._standing.enter(state, now, reason, unplanned=unplanned)
        self._publish(complaint=complaint)

    def _publish(self, complaint: Complaint | None = None) -> None:
        """Bring the page up to date with the current generation and let the screen know."""
        shown, retry_at = self._succession.current, self._retry.at
        self._standing.describe(shown, self._number, self.settings, retry_at_ns=retry_at, complaint=complaint)
        latest = self.history.latest
        self._standing.note(self._page(), 0 if latest is None else latest.end_ns, self.history.oldest_ns)
        self._control.changed(self)

    def _page(self) -> Page:
        """The page without what changes from second to second, which is not kept."""
        return Page(self.status, self.plan, self.sources, self.settings.pin)


def _why_ended(generation: Generation) -> str:
    """An exit with 0: by the script's own exit(), or at somebody's SIGINT."""
    if generation.attempt.prepared.exits:
        return "the script ended by itself"
    return "bpftrace was told to end, by SIGINT or SIGTERM from outside"
