"""What a pane is about at the moment: one program's newest flush (or the held one), one map or the log, one view."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bttop.engine.page import NOTED_NS, Page
from bttop.engine.session import AnyProgram
from bttop.engine.status import State, Status
from bttop.model.contents import empty_map
from bttop.model.doubts import doubt_badge
from bttop.model.flush import Doubt, Flush, MapData
from bttop.model.plan import MapPlan, Plan
from bttop.model.trends import Trend
from bttop.ui.past import WINDOW, Intake, Past
from bttop.ui.views.base import View
from bttop.ui.views.catalogue import views_for
from bttop.ui.views.log import Log


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
    """Follows one program: its newest flush or that of an earlier moment, with the page, the trends and the log of
    then. Stands still while nobody calls `advance`."""

    def __init__(self, program: AnyProgram) -> None:
        self.program = program
        self.page: Page = program.page()
        """The program as it is, or was at the moment on show."""
        self._live = Intake()
        self._seen = 0
        self._past: Past | None = None
        self._subjects: tuple[Subject, ...] = ()
        self._subjects_of: tuple[Plan, Flush | None, bool] = (self.page.plan, None, False)

    @property
    def status(self) -> Status:
        return self.page.status

    @property
    def flush(self) -> Flush | None:
        """The flush on show."""
        return self._shown.flush

    @property
    def log(self) -> Log:
        return self._shown.log

    @property
    def looks_back(self) -> bool:
        """Whether what is on show is of an earlier moment."""
        return self._past is not None

    @property
    def _shown(self) -> Intake:
        return self._live if self._past is None else self._past.shown

    def advance(self, at: int | None = None) -> bool:
        """Take in what came since the last call, and show that, or a moment of CLOCK_BOOTTIME; whether anything on
        show may have changed."""
        if at is not None:
            self._look_back(at)
            return True
        page, returned = self.program.page(), self._past is not None
        moved = returned or page.status is not self.status
        self.page, self._past = page, None
        return self._follow() or moved

    def stay(self) -> None:
        """Take in how the program is, while the flush on show stays; the first ones come in until there is one."""
        if self.flush is None or self.looks_back:
            self.advance()
        else:
            self.page = self.program.page()

    def _follow(self) -> bool:
        history = self.program.history
        appended = history.appended
        news, self._seen = appended - self._seen, appended
        if news > 0:
            self._live.take(history.window(min(news, WINDOW)))
        return news > 0

    def _look_back(self, at: int) -> None:
        if self._seen:
            self._follow()  # it was live and will be again; what it missed meanwhile would be gone from its trends
        if self._past is None:
            self._past = Past(self.program.history)
        self._past.go(at)
        self.page = self.program.page(at + NOTED_NS)

    @property
    def unfinished(self) -> bool:
        """Whether the trends on show are still being read: `advance` again."""
        return self._past is not None and self._past.unfinished

    def beginning(self) -> str:
        """Why nothing is on show at an earlier moment."""
        history = self.program.history
        first = history.at(0)
        if first is None:
            return "it has flushed nothing"
        since = f"{datetime.fromtimestamp(first.wall_ns / 1e9):%H:%M:%S}"
        if history.dropped:
            return f"kept from {since} on; {history.dropped:,} older flushes are gone"
        return f"nothing yet; first flush {since}"

    def trend(self, name: str) -> Trend:
        """The minute of a map up to the flush on show."""
        return self._shown.trend(name)

    def data(self, name: str) -> MapData:
        """A map of the flush on show; an empty one where the flush has none."""
        found = self.flush.maps.get(name) if self.flush is not None else None
        plan = self.page.plan.maps.get(name) or MapPlan(name, "value")
        return found if found is not None else empty_map(plan)

    def subjects(self) -> tuple[Subject, ...]:
        """Everything this program has to show, the most telling first. Keeps its order, so that `v` goes round."""
        about = (self.page.plan, self.flush, bool(self.log))
        # Asked for several times in each repaint, and the same until the next flush.
        if self._subjects and all(one is other for one, other in zip(about, self._subjects_of, strict=True)):
            return self._subjects
        self._subjects, self._subjects_of = self._find_subjects(), about
        return self._subjects

    def _find_subjects(self) -> tuple[Subject, ...]:
        names = sorted(self.page.plan.maps, key=self._place)
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
        front = self.page.sources[0].front if self.page.sources else None
        described = list(front.maps) if front is not None else []
        return described.index(name) if name in described else len(described)

    def _is_shown(self, name: str) -> bool:
        """Maps that are never printed (state) have nothing to show."""
        plan = self.page.plan.maps.get(name)
        return self.flush is not None and (
            name in self.flush.maps or (plan is not None and plan.aggregation != "value" and not plan.at_end)
        )

    def doubts(self) -> tuple[tuple[Doubt, str], ...]:
        """The flush's doubts, each with its badge."""
        if self.flush is None:
            return ()
        return tuple([(doubt, doubt_badge(doubt, self.flush)) for doubt in sorted(self.flush.doubts)])

    def age(self, now_ns: int) -> float | None:
        """Seconds since the flush on show ended, or None without one."""
        return None if self.flush is None else max(0.0, (now_ns - self.flush.end_ns) / 1e9)


WORDS = {
    State.STARTING: ("starting", "warn"),
    State.ATTACHED: ("no events yet", "dim"),
    State.SILENT: ("silent", "error"),
    State.DAMAGED: ("damaged", "error"),
    State.RETRYING: ("down", "error"),
    State.FAILED: ("failed", "error"),
    State.STOPPING: ("stopping", "warn"),
    State.STOPPED: ("stopped", "warn"),
    State.HELD: ("detached", "error"),
    State.ENDED: ("ended", "warn"),
    State.COSTLY: ("held back", "error"),
    State.UNAVAILABLE: ("unavailable", "error"),
}
"""How states other than live stand on the pane's rule: word and role."""
