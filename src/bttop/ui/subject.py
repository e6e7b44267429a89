"""What a pane is about at the moment: one program's newest flush (or the held one), one map or the log, one view."""

from __future__ import annotations

from dataclasses import dataclass

from bttop.engine.program import Program
from bttop.engine.status import State, Status
from bttop.model.contents import empty_map
from bttop.model.flush import Doubt, Flush, MapData
from bttop.model.plan import MapPlan, Plan
from bttop.model.trends import Trend
from bttop.ui.views.base import View
from bttop.ui.views.catalogue import views_for
from bttop.ui.views.log import Log

WINDOW = 60
"""Flushes that a trend looks back."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a pane can show: a map in one of its views, or the log (`view` is None)."""

    map: str
    view: View | None
    title: str = ""
    """What front matter calls the map in place of its name."""

    @property
    def label(self) -> str:
        return "log" if self.view is None else self.title or self.map.lstrip("@") or self.view.name


class Feed:
    """Follows one program: takes in its new flushes, keeps trends and the log, and stands still while held."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.flush: Flush | None = None
        self.status: Status = program.status
        self.log = Log()
        self._trends: dict[str, Trend] = {}
        self._seen = 0
        self._subjects: tuple[Subject, ...] = ()
        self._subjects_of: tuple[Plan, Flush | None, bool] = (program.plan, None, False)

    def advance(self) -> bool:
        """Take in what came since the last call; whether anything did."""
        status, history = self.program.status, self.program.history
        appended = history.appended
        news = appended - self._seen
        moved = news > 0 or status is not self.status
        self.status = status
        if news > 0:
            flushes = history.window(min(news, WINDOW))
            self._seen = appended
            for flush in flushes:
                self._take(flush)
            self.log.extend(flushes)
        return moved

    def _take(self, flush: Flush) -> None:
        for name, data in flush.maps.items():
            self._trends.setdefault(name, Trend(WINDOW)).advance(data, flush.seconds)
        self.flush = flush

    def trend(self, name: str) -> Trend:
        """The last minute of a map."""
        return self._trends.setdefault(name, Trend(WINDOW))

    def data(self, name: str) -> MapData:
        """A map of the flush on show; an empty one where the flush has none."""
        found = self.flush.maps.get(name) if self.flush is not None else None
        plan = self.program.plan.maps.get(name) or MapPlan(name, "value")
        return found if found is not None else empty_map(plan)

    def subjects(self) -> tuple[Subject, ...]:
        """Everything this program has to show, the most telling first. Keeps its order, so that `v` goes round."""
        about = (self.program.plan, self.flush, bool(self.log))
        # Asked for several times in each repaint, and the same until the next flush.
        if self._subjects and all(one is other for one, other in zip(about, self._subjects_of, strict=True)):
            return self._subjects
        self._subjects, self._subjects_of = self._find_subjects(), about
        return self._subjects

    def _find_subjects(self) -> tuple[Subject, ...]:
        names = sorted(self.program.plan.maps, key=self._place)
        names += [name for name in (self.flush.maps if self.flush else ()) if name not in names]
        shown = [name for name in names if self._is_shown(name)]
        found = [
            Subject(name, view, self.data(name).plan.title)
            for name in shown
            for view in views_for(self.data(name).plan, self.data(name).rows)
        ]
        if self.log or not found:
            found.append(Subject("", None))
        return tuple(found)

    def _place(self, name: str) -> int:
        """Maps stand in the order of the front matter, which leads with the one that answers the question."""
        front = self.program.sources[0].front if self.program.sources else None
        described = list(front.maps) if front is not None else []
        return described.index(name) if name in described else len(described)

    def _is_shown(self, name: str) -> bool:
        """Maps that are never printed (state) have nothing to show."""
        plan = self.program.plan.maps.get(name)
        return self.flush is not None and (
            name in self.flush.maps or (plan is not None and plan.aggregation != "value")
        )

    def doubts(self) -> tuple[str, ...]:
        """The flush's doubts as badges."""
        if self.flush is None:
            return ()
        return tuple(sorted(doubt.value for doubt in self.flush.doubts))

    def age(self, now_ns: int) -> float | None:
        """Seconds since the flush on show ended, or None without one."""
        return None if self.flush is None else max(0.0, (now_ns - self.flush.end_ns) / 1e9)


DOUBT_TEXTS = {
    Doubt.LOST_TICKS.value: "The interval fired late: a busy CPU skips ticks while another BPF program runs on it. "
    "The flush is longer than asked for; rates use its real length and are right.",
    Doubt.LOST_MESSAGES.value: "bpftrace lost messages of its own, so a flush or part of one is missing.",
    Doubt.LATE.value: "bpftrace was still printing a bank when it came into use again: events may be missing or "
    "counted twice. A longer interval (+) mends it.",
    Doubt.UNTIMED.value: "The script prints by itself and has no heartbeat: the length of a flush is taken from the "
    "arrival of its lines, and rates are approximate.",
    Doubt.AMBIGUOUS.value: "bpftrace joins key parts with commas and does not escape them; a part that holds a comma "
    "itself may be split wrongly, and equal-looking keys were added up.",
    Doubt.MAP_FULL.value: "The map has no room for new keys: known keys go on counting, new ones are missing.",
    Doubt.NEARLY_FULL.value: "The map is at nine tenths of its limit or above. bpftrace does not say when a new key is "
    "turned away, so some may be missing; a filter or a pin makes room.",
    Doubt.CUT_TEXT.value: "A text is as long as bpftrace keeps (64 bytes up to 0.21, then 1024): its end is missing, "
    "and texts that begin alike are one row.",
    Doubt.CUT_STACK.value: "A stack has 127 frames, as many as the kernel walks: the outermost are missing, and it "
    "stands beside its root in a flame graph.",
    Doubt.CLOCK_STEP.value: "The host's wall clock was set. Times of day before and after do not compare; lengths and "
    "rates are taken from the boot clock and are right.",
    Doubt.LOST_UPDATES.value: "Two CPUs made the same new key at the same moment and bpftrace 0.23 dropped one event; "
    "how many is counted below. 0.27 does not.",
    Doubt.LOST_EVENTS.value: "bpftrace's output buffer overflowed and messages were lost.",
    Doubt.TRUNCATED.value: "The script printed more than is kept of one interval.",
    Doubt.DAMAGED.value: "A line of this flush could not be read: a map may be missing.",
}
"""What each doubt of a flush means and what to do about it; the doubt itself is the badge."""

WORDS = {
    State.STARTING: ("starting", "warn"),
    State.ATTACHED: ("no events yet", "dim"),
    State.SILENT: ("silent", "error"),
    State.DAMAGED: ("damaged", "error"),
    State.RETRYING: ("down", "error"),
    State.FAILED: ("failed", "error"),
    State.STOPPING: ("stopping", "warn"),
    State.STOPPED: ("stopped", "warn"),
    State.ENDED: ("ended", "warn"),
    State.COSTLY: ("held back", "error"),
    State.UNAVAILABLE: ("unavailable", "error"),
}
"""How states other than live stand on the pane's rule: word and role."""
