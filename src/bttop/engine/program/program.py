"""One program: a question and all the bpftrace processes (generations) that answer it over time.

A program has at most one *current* generation, whose flushes are shown, and one *next* generation, which takes over at
its first flush. Restarts, repairs and edits are the same step: start a next generation and let the old one run until
the new one takes over, so that no flush is missing in between.
"""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from bttop.engine.cost.cost import Cost
from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.badge import Complaint
from bttop.engine.generation.generation import Generation, was_killed
from bttop.engine.generation.source import Settings, Source
from bttop.engine.program.control import ProgramControl
from bttop.engine.program.health_check import HealthCheck
from bttop.engine.program.hook_check import HookCheck
from bttop.engine.program.parts import ProgramParts
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.start_steps import ProcessSharing, StartSteps
from bttop.engine.program.status import STAYS_OFF, ProgramState, Status
from bttop.engine.program.thinning import ProgramThinning
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.history.history import History
from bttop.model.plan import Plan
from bttop.model.record.decode import DecodedLine
from bttop.model.record.records import AttachedProbes, Notice, Oversized, Ready, Record
from bttop.script.messages.missing_hooks import is_about_missing
from bttop.script.rewrite.suggestions import Suggestion


class Program:
    """The state machine of one program. Engine thread only; `status`, `history` and `plan` may be read from any thread:
    they are immutable or have their own lock."""

    def __init__(
        self,
        name: str,
        sources: tuple[Source, ...],
        settings: Settings,
        history: History,
        control: ProgramControl[Program],
        host: str = "",
    ) -> None:
        self.name = name
        self.host = host
        """The host on which it runs, as the user has named it; empty if programs run on one host only."""
        self.history = history
        self.cost: Cost | None = None
        """The present cost of all its generations together; the meter sets it. None while unknown."""
        self.alarm = ""
        """The warning of the budget guard: the limit that it exceeds, with the numbers. Empty if none."""
        self._control = control
        self._parts = ProgramParts(
            sources, settings, history, control.candidates, control.stop, partial(control.changed, self)
        )
        self.permission = self._parts.permission
        """What the user and the trial runs allow."""
        self._steps = StartSteps(self._parts, partial(control.look, self), partial(control.launch, self))
        self._health = HealthCheck(self._parts, self._steps)
        self.sharing = ProcessSharing(self._parts, self._steps)
        self.thinning = ProgramThinning(self._parts, self._steps)
        """How many of its events it takes."""
        self._rest: tuple[ProgramState, str] | None = (ProgramState.STOPPED, "stopped by you")
        """The state and the reason to set after detaching; None keeps the present state."""
        self.missing = ""
        """Why its last counts before an end are in no flush, for the latest such end; empty if nothing is missing."""
        self._hooks = HookCheck(control.list_points, self._on_listed)
        self.was_attached = False
        """Whether one of its generations has ever attached its probes."""

    # Calls from the engine.

    def start(self, now: int) -> None:
        """Start from the first candidate; also restarts a stopped or failed program."""
        if not self.sources:
            return
        self._parts.ask_anew(self.sources)
        self._parts.retry.reset()
        self._steps.begin(now, "")

    def refuse(self, why: str, now: int) -> None:
        """There is nothing to run: show the reason."""
        self._parts.enter(ProgramState.FAILED, now, "it cannot run", complaint=Complaint(why))

    def stop(self, now: int) -> None:
        """Detach on request."""
        self._detach(now, ProgramState.STOPPED, "stopped by you")

    def hold(self, now: int, reason: str, *, unread: bool = False) -> None:
        """Detach without a request of the user: its last flushes stay, and `start` restarts it. `unread` discards the
        output that is not read yet, as after a flood."""
        current = self._parts.pair.current
        self._detach(now, ProgramState.HELD, reason)
        if unread and current is not None:
            current.silence()

    def finish(self) -> None:
        """Detach because the session ends. The state does not change; the last flush arrives before the exit."""
        self._rest = None
        self._parts.retry.cancel()
        self._control.forget_look(self)
        self._parts.pair.give_next_up()
        self._parts.pair.retire(self._parts.pair.current)

    def _detach(self, now: int, state: ProgramState, reason: str) -> None:
        self._rest = (state, reason)
        self._parts.retry.cancel()
        self._control.forget_look(self)
        self._parts.statuses.release()
        self._parts.pair.give_next_up()
        if self._parts.pair.current is None:
            self._parts.enter(state, now, reason)
            return
        self._parts.pair.retire(self._parts.pair.current)
        self._parts.enter(ProgramState.STOPPING, now, "detaching" if state is ProgramState.STOPPED else reason)

    def change(self, settings: Settings, now: int) -> None:
        """Run with other settings (interval, pin): a new generation takes over from the current one."""
        if not self.status.running and self.status.state not in (ProgramState.RETRYING, ProgramState.COSTLY):
            self._parts.settings = settings
            return
        self._parts.adjust(settings)
        self._steps.begin(now, "")

    def reload(self, sources: tuple[Source, ...], now: int) -> None:
        """Replace the text: the new one starts beside the old one, which runs until the first flush of the new one, and
        keeps running if that never arrives. A stopped or held program stays so."""
        self._parts.sources = sources
        if self.status.state not in STAYS_OFF:
            self._parts.ask_anew(sources)
            self._parts.retry.cancel()
            self._steps.begin(now, "")

    def refuse_reload(self, why: str) -> None:
        """The edited text cannot be used: show `why` until it is fixed; the running generation continues."""
        self._parts.publish(complaint=Complaint(why))

    def on_look(self, verdict: TrialVerdict, now: int) -> None:
        """Handle the result of the trial run of the current candidate."""
        if verdict.decision == "go":
            self.thinning.thin(verdict.thinned, now)
        else:
            self._steps.hold_back(verdict, now)

    def go_on(self, now: int) -> None:
        """Start the candidate that was held back: it may run now."""
        self._parts.statuses.clear()
        self._steps.begin(now, "")

    def on_line(self, generation: Generation, decoded: DecodedLine, flush: Flush | None) -> None:
        """Handle one line of one of this program's generations, and the flush that it completes."""
        record, now = decoded.record, decoded.line.stamp.boot_ns
        if isinstance(record, Ready):
            self._on_ready(generation, now)
        elif isinstance(record, AttachedProbes):
            generation.count_probes(record.probes)
            if not generation.tells_ready:
                self._on_ready(generation, now)
        elif isinstance(record, Notice):
            generation.note(record.text)
        elif isinstance(record, Oversized):
            generation.note(f"a line of {record.size:,} bytes was left out")
        self._look_for_missing(generation, record, now)
        if flush is not None:
            self._on_flush(generation, flush, now)

    def _on_listed(self, generation: Generation, now: int) -> None:
        living = self._parts.pair.living()
        self._hooks.settle(generation, living)
        if generation in living:
            self._judge_attachment(generation, now)

    def on_dropped(self, generation: Generation, lines: int) -> None:
        """The tracer dropped lines because bttop did not read fast enough; `lines` counts all since the start."""
        generation.drop(lines)

    def on_descriptors(self, generation: Generation, counts: dict[str, int], now: int) -> None:
        """A new count of the generation's own kernel descriptors; `tick` judges it."""
        generation.count_descriptors(counts, now)

    def on_failed(self, generation: Generation, reason: str, now: int) -> None:
        """The tracer could not start bpftrace: another candidate would fail as well, so none is tried."""
        if generation is self._parts.pair.next:
            self._parts.pair.drop(generation)
            self._steps.give_up_for_now(now, generation.complaint(reason))
        elif generation is self._parts.pair.current:
            self._parts.statuses.complain(generation.complaint(reason))
            self._steps.let_go(now, reason)

    def on_exit(self, generation: Generation, code: int, now: int) -> None:
        """The process of a generation ended."""
        was_fresh = generation.is_fresh
        if was_killed(code):
            self.on_cut(generation, generation.ending(code))
        if (code == 0 or not was_fresh) and (flush := generation.rest(now)) is not None:
            self._on_flush(generation, flush, now)
        was_fresh = was_fresh and generation.is_fresh
        if generation is self._parts.pair.next:
            self._parts.pair.drop(generation)
            self._steps.next_ended(generation, code, now)
        elif generation is self._parts.pair.current:
            self._current_ended(generation, code, now, was_fresh=was_fresh)

    def on_cut(self, generation: Generation, why: str) -> None:
        """A generation ended, or is given up, before it printed its last counts. Nothing is missing if it is the next
        one, still without a flush: the flushes of the current one contain the same events."""
        if generation.owes_last_flush and generation is not self._parts.pair.next:
            self.missing = why
            self._control.cut(self, why)

    def on_tracer_lost(self, now: int, reason: str) -> None:
        """The tracer has ended, and every bpftrace with it."""
        wanted = self.status.running or self._parts.retry.at is not None
        self._parts.pair.succeed(None)
        if self.status.state is ProgramState.STOPPING:
            self._enter_rest(now)
        elif wanted:
            self._steps.try_later(now, f"the tracer was lost: {reason}")

    def excuse(self, now: int) -> None:
        """No output could be received until `now`: do not count silence before it."""
        for generation in self._parts.pair.living():
            generation.excuse(now)

    def tick(self, now: int) -> None:
        """Handle retries, timeouts and flushes that are due; called about once a second."""
        if self._parts.retry.due(now):
            self._steps.begin(now, self.status.reason)
        for generation in self._parts.pair.living():
            if (flush := generation.due(now)) is not None:
                self._on_flush(generation, flush, now)
        self._health.tick(now)

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """The program at a moment (CLOCK_BOOTTIME in ns); None: now."""
        then = None if boot_ns is None else self._parts.statuses.at(boot_ns)
        return then or replace(self._parts.page(), cost=self.cost, alarm=self.alarm)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The script of the program and its fallbacks, the preferred one first."""
        return self._parts.sources

    @property
    def settings(self) -> Settings:
        """The interval, the pin and the other settings."""
        return self._parts.settings

    @property
    def status(self) -> Status:
        """The current status."""
        return self._parts.statuses.status

    @property
    def plan(self) -> Plan:
        """The plan of the generation that is shown."""
        return self._parts.pair.plan

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Suggested changes to the script that is shown or held back."""
        candidate = self._steps.wanted if self._parts.pair.current is None else self._parts.pair.current.candidate
        return () if candidate is None else candidate.prepared.suggestions

    @property
    def shows_nothing(self) -> bool:
        """Whether the script that was started last can show nothing."""
        return self._steps.wanted is not None and self._steps.wanted.prepared.shows_nothing

    @property
    def tally(self) -> LossCounts:
        """The losses of all generations that were shown, since the program was created."""
        return self._parts.pair.tally

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Attach points for which bpftrace has not answered whether they exist."""
        return self._hooks.unchecked

    @property
    def awaits_quiet(self) -> bool:
        """Whether flushes of a generation end only by a pause in its output: then `tick` must be called more often."""
        return any(not generation.plan.heartbeats for generation in self._parts.pair.living())

    def generations(self) -> tuple[Generation, ...]:
        """The living generations, the current one first."""
        return self._parts.pair.living()

    # Steps.

    def _on_ready(self, generation: Generation, now: int) -> None:
        if generation.ready_ns is not None or generation.doomed:
            return
        generation.ready(now)
        self.was_attached = True
        self._control.watch(generation)
        if generation is self._parts.pair.current and self.status.state is ProgramState.STARTING:
            self._parts.enter(ProgramState.ATTACHED, now, "")

    def _look_for_missing(self, generation: Generation, record: Record, now: int) -> None:
        """Check what was attached. Only after it is ready: the order of lines from bpftrace's stdout and stderr is not
        reliable, so the count or a message may arrive later."""
        says_more = isinstance(record, Ready | AttachedProbes) or (
            isinstance(record, Notice) and is_about_missing(record.text)
        )
        if says_more and generation.ready_ns is not None and generation in self._parts.pair.living():
            generation.read_notes()
            self._judge_attachment(generation, now)

    def _judge_attachment(self, generation: Generation, now: int) -> None:
        """Fail if nothing is attached; show a badge if only some attach points are missing."""
        if generation.doomed:
            return
        if generation.attachment.is_nothing:
            self._nothing_attached(generation, now)
            return
        self._hooks.ask(generation)
        if generation is self._parts.pair.current and generation.badges != self.status.badges:
            self._parts.publish(complaint=self.status.complaint)

    def _nothing_attached(self, generation: Generation, now: int) -> None:
        """Give up the source: it runs but can only count zero, and so would its unedited text."""
        complaint = generation.attached_nothing()
        self._parts.statuses.complain(complaint)
        self._parts.pair.retire(generation)
        generation.silence()  # its last flush would be zeros
        is_current = self._parts.pair.drop(generation)
        why = "none of its probes was attached"
        if self._parts.candidates.leave(why):
            self._steps.begin(now, "")
        elif is_current:
            self._parts.enter(ProgramState.FAILED, now, why, complaint=self._parts.statuses.complaint)
        else:
            self._steps.give_up_for_now(now, complaint, again=False)

    def _on_flush(self, generation: Generation, flush: Flush, now: int) -> None:
        if generation.silenced:
            return
        if generation.doomed:
            self._show(generation, flush)
            return
        if generation not in self._parts.pair.living():
            return
        if generation.is_fresh:
            # The output of a BEGIN block: it comes before anything is attached, so the candidate is not proved.
            if generation is self._parts.pair.current:
                self._show(generation, flush)
            return
        self._on_ready(generation, now)
        if generation is self._parts.pair.next:
            self._steps.take_over(generation, now)
        self._parts.candidates.proved = True
        self._parts.retry.lived(now - generation.started_ns)
        self._show(generation, flush)
        if self.status.state is ProgramState.SILENT:
            self._parts.retry.cancel()
        if self.status.state not in (ProgramState.LIVE, ProgramState.DAMAGED):
            self._parts.statuses.clear()
            self._parts.enter(ProgramState.LIVE, now, "")
        if not flush.is_last:
            self._health.tune(flush, now)

    def _show(self, generation: Generation, flush: Flush) -> None:
        self.history.append(flush)
        self._control.flushed(self, generation, flush)

    def _current_ended(self, generation: Generation, code: int, now: int, *, was_fresh: bool) -> None:
        reason = generation.ending(code)
        if generation.doomed and not self.sharing.goes_on_after(generation):
            self._parts.pair.succeed(None)
            self._enter_rest(now)
        elif generation.doomed or was_killed(code):
            self._steps.let_go(now, reason)
        elif code == 0 and self._parts.pair.next is None:
            self._parts.pair.succeed(None)
            self._parts.retry.cancel()
            self._parts.enter(ProgramState.ENDED, now, generation.why_ended())
        elif was_fresh and self._parts.pair.next is None and not self._parts.candidates.proved:
            self._parts.statuses.complain(generation.complaint(reason))
            self._steps.failed_to_start(generation, reason, now)
        else:
            self._parts.statuses.complain(generation.complaint(reason))
            self._steps.let_go(now, reason)

    def _enter_rest(self, now: int) -> None:
        if self._rest is not None:
            self._parts.enter(self._rest[0], now, self._rest[1])
