"""The state that the parts of one program share."""

from __future__ import annotations

from collections.abc import Callable

from bttop.engine.cost.thinned_cost import Thinned
from bttop.engine.generation.badge import Complaint
from bttop.engine.generation.candidates import Candidates
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings, Source
from bttop.engine.generation.tuning import Tuner
from bttop.engine.program.backoff import Backoff
from bttop.engine.program.generation_pair import GenerationPair
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.permission import StartPermission
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.program.status_history import StatusHistory
from bttop.model.history.history import History


class ProgramParts:
    """The sources, generations and status of one program. Engine thread only."""

    def __init__(
        self,
        sources: tuple[Source, ...],
        settings: Settings,
        history: History,
        find: Callable[[tuple[Source, ...], Settings], Candidates],
        stop: Callable[[Generation, float], None],
        changed: Callable[[], None],
    ) -> None:
        """`find` returns the candidates; `stop` detaches a generation, and kills it after the given seconds; `changed`
        is called after each change of the status."""
        self.sources = sources
        self.settings = settings
        self.history = history
        self.candidates = find(sources, settings)
        self.statuses = StatusHistory(settings.interval_ms)
        self.pair = GenerationPair(stop)
        self.permission = StartPermission()
        self.retry = Backoff()
        self.tuner = Tuner()
        self.number = 0
        """The number of the last started generation."""
        self._find = find
        self._changed = changed

    @property
    def status(self) -> Status:
        """The current status."""
        return self.statuses.status

    def ask_anew(self, sources: tuple[Source, ...]) -> None:
        """Start again with the first candidate, without the earlier complaints."""
        self.sources = sources
        self.candidates = self._find(sources, self.settings)
        self.statuses.clear()
        self.tuner.reset()

    def adjust(self, settings: Settings) -> None:
        """Keep the source that works, under other settings. With another pin it takes all events again."""
        self.tuner.reset(self.tuner.tuning.thinned if settings.pin == self.settings.pin else None)
        self.settings = settings
        self.candidates.adjust(settings, self.tuner.tuning)
        self.statuses.clear()

    def thin(self, thinned: Thinned | None) -> None:
        """Keep the source that works, with fewer or more of its events."""
        self.tuner.thin(thinned)
        self.candidates.tune(self.tuner.tuning)

    def enter(
        self, state: ProgramState, now: int, reason: str, *, unplanned: bool = False, complaint: Complaint | None = None
    ) -> None:
        self.statuses.enter(state, now, reason, unplanned=unplanned)
        self.publish(complaint=complaint)

    def publish(self, complaint: Complaint | None = None) -> None:
        """Update the status from the current generation and report the change."""
        shown, retry_at = self.pair.current, self.retry.at
        self.statuses.describe(
            shown, self.number, self.settings, self.candidates.hints, retry_at_ns=retry_at, complaint=complaint
        )
        latest = self.history.latest
        self.statuses.note(self.page(), 0 if latest is None else latest.end_ns, self.history.oldest_ns)
        self._changed()

    def page(self) -> PastStatus:
        """The past status to store: without cost and alarm, which change every second."""
        shown = self.pair.current
        pin = self.settings.pin if shown is None else shown.candidate.pin
        return PastStatus(self.status, self.pair.plan, self.sources, pin)
