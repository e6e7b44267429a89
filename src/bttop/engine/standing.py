"""What a program says of itself: its status now, and its pages of the past."""

from __future__ import annotations

from dataclasses import replace

from bttop.engine.attempts import Settings
from bttop.engine.generation import Generation
from bttop.engine.page import Chronicle, Page
from bttop.engine.status import Complaint, State, Status
from bttop.engine.verdict import Verdict


class Standing:
    """The status of one program. Engine thread only; `status` and `at` may be asked from any thread."""

    def __init__(self, interval_ms: int) -> None:
        self.status = Status(State.STARTING, 0, interval_ns=interval_ms * 1_000_000)
        self.complaint: Complaint | None = None
        """The first of a chain of attempts: it is about what the user asked for."""
        self.verdict: Verdict | None = None
        """Why the attempt at hand is held back."""
        self._chronicle = Chronicle()

    def complain(self, complaint: Complaint) -> None:
        """Keep a complaint, unless there is one of an attempt before."""
        self.complaint = self.complaint or complaint

    def enter(self, state: State, now: int, reason: str, *, unplanned: bool = False) -> None:
        """Another state, from now on; `unplanned` when it leads to a start that nobody asked for."""
        restarts = self.status.restarts + unplanned
        self.status = replace(self.status, state=state, since_ns=now, reason=reason, restarts=restarts)

    def describe(
        self,
        shown: Generation | None,
        number: int,
        settings: Settings,
        *,
        retry_at_ns: int | None,
        complaint: Complaint | None,
    ) -> None:
        """Bring the status up to date with the generation on show; without one, `number` was the last."""
        self.status = replace(
            self.status,
            generation=number if shown is None else shown.number,
            source=self.status.source if shown is None else shown.attempt.source.name,
            probes=0 if shown is None else shown.probes,
            interval_ns=settings.interval_ms * 1_000_000 if shown is None else shown.plan.interval_ns,
            complaint=complaint,
            badges=self.status.badges if shown is None else shown.badges,
            itself=self.status.itself if shown is None else shown.attempt.prepared.itself,
            asks=self.verdict.option if self.verdict is not None and self.verdict.decision == "ask" else "",
            offered=self.verdict is not None and self.verdict.offered,
            retry_at_ns=retry_at_ns,
        )

    def note(self, page: Page, newest_ns: int, oldest_ns: int) -> None:
        """Keep the page as it is from now on. What changes without a state of its own (a complaint, a badge) changes
        after the newest flush; nobody looks back before the oldest."""
        self._chronicle.note(max(self.status.since_ns, newest_ns), page, oldest_ns)

    def at(self, boot_ns: int) -> Page | None:
        """The page of a moment of CLOCK_BOOTTIME."""
        return self._chronicle.at(boot_ns)
