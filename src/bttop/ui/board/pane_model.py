"""The data of a pane: the flush of one program at the moment on show, its trends and its log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bttop.engine.program.past_status import NOTED_NS, PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.session import AnyProgram
from bttop.model.flush.caveat_words import caveat_badge
from bttop.model.flush.contents import MapData, empty_map
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.history.trends import Trend
from bttop.model.plan import MapPlan, Plan
from bttop.ui.board.flush_accumulator import WINDOW, FlushAccumulator, PastMoment
from bttop.ui.views.base import View
from bttop.ui.views.catalogue import views_for
from bttop.ui.views.log import Log


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a pane can show: a map in one of its views, or the log (`view` is None)."""

    map: str
    view: View | None
    title: str = ""
    """The title of the map in front matter; empty if there is none."""

    @property
    def label(self) -> str:
        return "log" if self.view is None else self.title or self.map.lstrip("@") or self.view.name


class PaneModel:
    """Follows one program: its newest flush or that of an earlier moment, with the status, the trends and the log of
    the same moment. It changes only when `advance` or `stay` is called."""

    def __init__(self, program: AnyProgram) -> None:
        self.program = program
        self.page: PastStatus = program.page()
        """The status of the program at the moment on show."""
        self._live = FlushAccumulator()
        self._seen = 0
        self._past: PastMoment | None = None
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
        """Whether an earlier moment is on show."""
        return self._past is not None

    @property
    def _shown(self) -> FlushAccumulator:
        return self._live if self._past is None else self._past.shown

    def advance(self, at: int | None = None) -> bool:
        """Take in what is new and show it, or show the moment `at` (CLOCK_BOOTTIME in ns). Return whether anything on
        show may have changed."""
        if at is not None:
            self._look_back(at)
            return True
        page, returned = self.program.page(), self._past is not None
        moved = returned or page.status is not self.status
        self.page, self._past = page, None
        return self._follow() or moved

    def stay(self) -> None:
        """Update the status only and keep the flush on show; without a flush, or at an earlier moment, `advance`."""
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
            self._follow()  # keep the live trends complete for the return to live
        if self._past is None:
            self._past = PastMoment(self.program.history)
        self._past.go(at)
        self.page = self.program.page(at + NOTED_NS)

    @property
    def unfinished(self) -> bool:
        """Whether the trends on show are still being read; then call `advance` again."""
        return self._past is not None and self._past.unfinished

    def beginning(self) -> str:
        """Why there is no flush at an earlier moment."""
        history = self.program.history
        first = history.at(0)
        if first is None:
            return "no flush yet"
        since = f"{datetime.fromtimestamp(first.wall_ns / 1e9):%H:%M:%S}"
        if history.dropped:
            return f"history begins at {since}; {history.dropped:,} older flushes are not kept"
        return f"nothing yet; first flush {since}"

    def trend(self, name: str) -> Trend:
        """The trend of a map up to the flush on show."""
        return self._shown.trend(name)

    def data(self, name: str) -> MapData:
        """A map of the flush on show; empty if the flush does not have it."""
        found = self.flush.maps.get(name) if self.flush is not None else None
        plan = self.page.plan.maps.get(name) or MapPlan(name, "value")
        return found if found is not None else empty_map(plan)

    def subjects(self) -> tuple[Subject, ...]:
        """Everything that the program has to show, the most important first. The order is stable, so that `v` can step
        through it."""
        about = (self.page.plan, self.flush, bool(self.log))
        # Cached: called several times per repaint, and the same until the next flush.
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
        """Sort key of a map: the order of the front matter, which begins with the most important map."""
        front = self.page.sources[0].front if self.page.sources else None
        described = list(front.maps) if front is not None else []
        return described.index(name) if name in described else len(described)

    def _is_shown(self, name: str) -> bool:
        """Whether a map has something to show: maps that are never printed (state) do not."""
        plan = self.page.plan.maps.get(name)
        return self.flush is not None and (
            name in self.flush.maps or (plan is not None and plan.aggregation != "value" and not plan.at_end)
        )

    def caveats(self) -> tuple[tuple[Caveat, str], ...]:
        """The flush's caveats, each with its badge."""
        if self.flush is None:
            return ()
        return tuple([(caveat, caveat_badge(caveat, self.flush)) for caveat in sorted(self.flush.caveats)])

    def age(self, now_ns: int) -> float | None:
        """Seconds since the end of the flush on show; None without a flush."""
        return None if self.flush is None else max(0.0, (now_ns - self.flush.end_ns) / 1e9)


WORDS = {
    ProgramState.STARTING: ("starting", "warn"),
    ProgramState.ATTACHED: ("no events yet", "dim"),
    ProgramState.SILENT: ("silent", "error"),
    ProgramState.DAMAGED: ("damaged", "error"),
    ProgramState.RETRYING: ("down", "error"),
    ProgramState.FAILED: ("failed", "error"),
    ProgramState.STOPPING: ("stopping", "warn"),
    ProgramState.STOPPED: ("stopped", "warn"),
    ProgramState.HELD: ("detached", "error"),
    ProgramState.ENDED: ("ended", "warn"),
    ProgramState.COSTLY: ("held back", "error"),
    ProgramState.UNAVAILABLE: ("unavailable", "error"),
}
"""The word and the role for each state except live on the pane's rule."""
