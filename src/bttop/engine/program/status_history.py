"""The status of a program now and at earlier moments, and its complaint."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from msgspec.structs import replace

from bttop.engine.cost.trial_verdict import TrialVerdict
from bttop.engine.generation.badge import Complaint
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings, Source
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.script.language.reader import Script

KEPT = 400
"""Maximum number of past statuses: a program changes a few times an hour, an unhealthy one about once a minute."""
KEPT_BYTES = 16 << 20
"""Maximum memory in bytes of the scripts in the past statuses of one program: over 200 versions of one kilobyte."""
_READ_BYTES = 70
"""Memory in bytes for each byte of a parsed script, with its tokens."""


class StatusHistory:
    """The status of one program. Engine thread only; `status` and `at` may be read from any thread."""

    def __init__(self, interval_ms: int) -> None:
        self.status = Status(ProgramState.STARTING, 0, interval_ns=interval_ms * 1_000_000)
        self._complaint: Complaint | None = None
        self._verdict: TrialVerdict | None = None
        # Replaced as a whole, so that readers on other threads need no lock.
        self._past: tuple[tuple[int, PastStatus], ...] = ()

    @property
    def complaint(self) -> Complaint | None:
        """The first complaint in a chain of candidates, as it is about the script that the user requested."""
        return self._complaint

    def complain(self, complaint: Complaint) -> None:
        """Keep a complaint, unless an earlier candidate has one."""
        self._complaint = self._complaint or complaint

    def clear(self) -> None:
        """Drop the complaint: a new chain of candidates begins, or one of them works."""
        self._complaint = None

    def hold_back(self, verdict: TrialVerdict) -> None:
        """Store why the candidate may not start."""
        self._verdict = verdict

    def release(self) -> None:
        """No candidate is held back."""
        self._verdict = None

    def enter(self, state: ProgramState, now: int, reason: str, *, unplanned: bool = False) -> None:
        """Set the state; `unplanned` if it leads to a restart that the user did not request."""
        restarts = self.status.restarts + unplanned
        self.status = replace(self.status, state=state, since_ns=now, reason=reason, restarts=restarts)

    def describe(
        self,
        shown: Generation | None,
        number: int,
        settings: Settings,
        hints: tuple[str, ...],
        *,
        retry_at_ns: int | None,
        complaint: Complaint | None,
    ) -> None:
        """Update the status from the generation that is shown; if there is none, `number` is the last one."""
        self.status = replace(
            self.status,
            generation=number if shown is None else shown.number,
            source=self.status.source if shown is None else shown.candidate.source.name,
            probes=0 if shown is None else shown.probes,
            interval_ns=settings.interval_ms * 1_000_000 if shown is None else shown.plan.interval_ns,
            complaint=complaint,
            badges=self.status.badges if shown is None else shown.badges,
            hints=hints,
            itself=self.status.itself if shown is None else shown.candidate.prepared.itself,
            asks=self._verdict.option if self._verdict is not None and self._verdict.decision == "ask" else "",
            offered=self._verdict is not None and self._verdict.offered,
            thinned=None if shown is None else shown.candidate.thinned,
            retry_at_ns=retry_at_ns,
        )

    def note(self, page: PastStatus, newest_ns: int, oldest_ns: int) -> None:
        """Store the past status that is valid from now on. A change without a new state (complaint, badge) starts at
        the newest flush, `newest_ns`. Past statuses that ended before the oldest flush, `oldest_ns`, are dropped with
        their scripts."""
        since = max(self.status.since_ns, newest_ns)
        kept = self._past[1 - KEPT :]
        over = bisect_right(kept, oldest_ns, key=lambda one: one[0]) - 1
        self._past = _light((*kept[max(0, over) :], (since, page)))

    def at(self, boot_ns: int) -> PastStatus | None:
        """The past status at a moment (CLOCK_BOOTTIME in ns); before the first one, the first. None if empty."""
        found = None
        for since, page in self._past:
            if found is not None and since > boot_ns:
                break
            found = page
        return found


def _light(pages: tuple[tuple[int, PastStatus], ...]) -> tuple[tuple[int, PastStatus], ...]:
    """The newest past statuses whose scripts fit into KEPT_BYTES; at least the last one."""
    weight, seen = 0, set[int]()
    for count, (_, page) in enumerate(reversed(pages)):
        weight += sum(_weight(source) for source in _new(page.sources, seen))
        if count and weight > KEPT_BYTES:
            return pages[-count:]
    return pages


def _new(sources: Iterable[Source], seen: set[int]) -> list[Source]:
    """The sources that no later past status holds: past statuses between two edits share their scripts."""
    found = [source for source in sources if id(source) not in seen]
    seen.update(map(id, found))
    return found


def _weight(source: Source) -> int:
    return len(source.text) * (_READ_BYTES if isinstance(source.script, Script) else 1)
