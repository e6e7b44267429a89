"""The data of a pane: the flush of one program at the moment on show, its trends and its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from time import thread_time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.program.past_status import NOTED_NS, PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.engine.session import AnyProgram, FrameNames, HostViews
from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.caveat_words import caveat_badge
from bttop.model.flush.contents import MapData, empty_map
from bttop.model.flush.find_caveats import Caveat
from bttop.model.history.span import BucketRange
from bttop.model.history.trends import Trend
from bttop.model.plan import MapPlan, Plan
from bttop.ui.board.pane_data.cost_samples import CostSamples
from bttop.ui.board.pane_data.courses import Courses
from bttop.ui.board.pane_data.flush_accumulator import AT_ONCE, FlushAccumulator, LiveMoment
from bttop.ui.board.pane_data.merged_maps import MergedMaps
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.views.base import as_roomy
from bttop.ui.views.catalogue import views_for
from bttop.ui.views.log import Log

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.model.history.span import ChosenSpan
    from bttop.store.compare.period import ProgramPeriod
    from bttop.ui.board.groups.groupings import Groupings
    from bttop.ui.board.groups.short_lived_rows import ShortLivedRows
    from bttop.ui.board.pane_data.gradual_trees import GradualTrees
    from bttop.ui.board.pane_data.past_moment import PastMoment
    from bttop.ui.board.pane_data.span_moment import SpanMoment
    from bttop.ui.views.rows.joining import Joins


class PaneModel:
    """Follows one program: its newest flush or that of an earlier moment, with the status, the trends and the log of
    the same moment. It changes only when `advance` or `stay` is called."""

    def __init__(
        self, program: AnyProgram, frame_names: FrameNames | None = None, seen: AnyProgram | None = None
    ) -> None:
        """`seen`: a program of several hosts with its rows put together in another way than usual."""
        self.program = program
        self._seen_program = program if seen is None else seen
        self.host_views = self._seen_program if isinstance(self._seen_program, HostViews) else None
        """How the rows of several hosts are put together; None for a program of one host."""
        self._frame_names = frame_names
        self._merged_maps = MergedMaps(frame_names)
        self._wanted: dict[str, MapData] = {}
        """The maps whose addresses have been looked up last."""
        self.page: PastStatus = self._seen_program.page()
        """The status of the program at the moment on show."""
        self._live = LiveMoment(self._seen_program.history, self._merged_maps)
        self._merged_baseline = MergedMaps(frame_names)
        self.costs = CostSamples(self._seen_program.page)
        self.past = Courses(self._seen_program.history)
        """Figures of the flushes up to the one on show."""
        self._flame_trees: GradualTrees | None = None
        self._past: PastMoment | None = None
        self.span_moment: SpanMoment | None = None
        """The span on show; None if a single moment is."""
        self._chosen: ChosenSpan | None = None
        self.baseline: ProgramPeriod | None = None
        """What the program counted in the baseline; None without one, and if it counted something else."""
        self.no_baseline = ""
        """Why there is none in this pane; empty if no baseline is set."""
        self._subjects: tuple[Subject, ...] = ()
        self._subjects_of: tuple[Plan, Flush | None, Flush | None, bool] = (self.page.plan, None, None, False)

    @cached_property
    def groupings(self) -> Groupings:
        """The maps of the pane with their rows grouped."""
        from bttop.ui.board.groups.groupings import Groupings  # needed once rows are grouped

        return Groupings(self._frame_names)

    @property
    def flame_trees(self) -> GradualTrees:
        """The trees of the flame graphs of the pane."""
        from bttop.ui.board.pane_data.gradual_trees import GradualTrees  # needed once there is a flush

        self._flame_trees = self._flame_trees or GradualTrees()
        return self._flame_trees

    def begin_drawing(self) -> None:
        """Call this before each drawing."""
        if self._flame_trees is not None:
            self._flame_trees.begin_drawing()

    @cached_property
    def short_lived(self) -> ShortLivedRows:
        """The maps of the pane with the rows of short-lived processes folded."""
        from bttop.ui.board.groups.short_lived_rows import ShortLivedRows  # needed for large tables

        return ShortLivedRows()

    @cached_property
    def joins(self) -> Joins:
        """The maps of the pane that are joined to one table."""
        from bttop.ui.views.rows.joining import Joins  # needed for maps with a neighbour

        return Joins()

    @property
    def status(self) -> Status:
        return self.page.status

    @property
    def flush(self) -> Flush | None:
        """The flush on show."""
        return self._shown.flush

    @property
    def one_in(self) -> int:
        """The flush on show has one event in so many; 1: all of them."""
        return 1 if self.flush is None else self.flush.origin.plan.one_in

    @property
    def only_host(self) -> str:
        """The host on show, if it is one of several; else empty."""
        return "" if self.host_views is None else self.host_views.only_host

    @property
    def log(self) -> Log:
        return self._shown.log

    @property
    def looks_back(self) -> bool:
        """Whether an earlier moment is on show."""
        return self._past is not None or self.span_moment is not None

    @property
    def _shown(self) -> FlushAccumulator:
        if self.span_moment is not None:
            return self.span_moment.shown
        return self._past.shown if self._past is not None and self._past.has_begun else self._live.shown

    def advance(self, at: int | None = None, chosen: ChosenSpan | None = None, *, reads: bool = True) -> bool:
        """Take in what is new and show it, or show the moment `at` (CLOCK_BOOTTIME in ns), or the span that ends then.
        Without `reads` it is read at the next call, or by `catch_up`. Return whether anything on show may have
        changed."""
        self._merged_maps.renew()
        self._merged_baseline.renew()
        if at is not None:
            self.past.go(at, None if chosen is None else chosen.span.begin_ns)
        returned, self._chosen = self.looks_back, chosen
        if chosen is not None:
            return self._look_at_span(chosen, reads=reads) or self.past.unfinished
        self.span_moment = None
        if at is not None:
            return self._look_back(at, reads=reads) or self.past.unfinished
        page = self._seen_program.page()
        moved = returned or page.status is not self.status
        self.page, self._past = page, None
        moved = self._live.follow(reads=reads) or moved
        self.past.go_to_number(self._live.shown_end)
        if self.flush is not None:
            self.costs.note(self.flush.end_ns, page.cost)
        return moved or self.past.unfinished

    def stay(self) -> bool:
        """Update the status only and keep the flush on show; without a flush, or at an earlier moment, `advance`.
        Return whether anything on show may have changed."""
        if self.flush is None or self.looks_back:
            return self.advance()
        self.page = self._seen_program.page()
        return False

    def _look_at_span(self, chosen: ChosenSpan, *, reads: bool) -> bool:
        from bttop.ui.board.pane_data.span_moment import SpanMoment  # needed once a span is chosen

        self._keep_live_trends()
        if self.span_moment is None or self.span_moment.span != chosen.span:
            self.span_moment = SpanMoment(self._seen_program.history, self._merged_maps, chosen.span)
        self.page = self._seen_program.page(chosen.span.end_ns + NOTED_NS)
        return reads and self.span_moment.read()

    def buckets_of(self, name: str) -> BucketRange | None:
        """The range of values to which the span on show limits a map; None if it does not."""
        return None if self._chosen is None else self._chosen.buckets_of(self.program, name)

    def _keep_live_trends(self) -> None:
        """Take in new flushes while an earlier moment is on show, for the return to live."""
        if self._live.has_begun:
            self._live.follow()

    def _look_back(self, at: int, *, reads: bool) -> bool:
        self._keep_live_trends()
        if self._past is None:
            from bttop.ui.board.pane_data.past_moment import PastMoment  # needed once the user goes back in time

            self._past = PastMoment(self._seen_program.history, self._merged_maps)
        self.page = self._seen_program.page(at + NOTED_NS)
        return self._past.go(at) if reads else self._past.put_off()

    @property
    def unfinished(self) -> bool:
        """Whether what is on show is still being read or made; then call `advance` again and draw."""
        return self._is_reading or self._is_making

    @property
    def _is_making(self) -> bool:
        return self._merged_maps.is_stale or (self._flame_trees is not None and self._flame_trees.unfinished)

    def goes_on_making(self) -> bool:
        """Go on with trees and merged maps, if nothing else is unfinished. Return whether they are still unfinished:
        then a drawing would show nothing new."""
        if self._is_reading or not self._is_making:
            return False
        if self._merged_maps.is_stale:
            self._merged_maps.renew_until(thread_time() + AT_ONCE)
        else:
            self.flame_trees.work()
        return self._is_making

    @property
    def is_behind(self) -> bool:
        """Whether newer flushes wait until their maps are merged; then call `catch_up`."""
        return self._live.is_behind

    def catch_up(self) -> bool:
        """Merge flushes that wait. Return whether anything on show may have changed."""
        moved = self._live.catch_up() and not self.looks_back
        if moved:
            self.past.go_to_number(self._live.shown_end)
        return moved

    @property
    def _is_reading(self) -> bool:
        reading = self.span_moment or self._past
        return self.past.unfinished or (reading is not None and reading.unfinished)

    def beginning(self) -> str:
        """Why there is no flush at an earlier moment."""
        if self.span_moment is not None:
            return "reading the span" if self.span_moment.unfinished else "no flush in this span"
        history = self._seen_program.history
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

    def flush_of(self, name: str) -> Flush | None:
        """The flush on show that has a map, else the newest one on show."""
        return self._shown.flush_of(name) or self.flush

    def data(self, name: str) -> MapData:
        """A map of the flush on show that has it, its stacks merged by function; empty if none has it."""
        flush = self._shown.flush_of(name)
        found = flush.maps.get(name) if flush is not None else None
        plan = self.page.plan.maps.get(name) or MapPlan(name, "value")
        if found is None:
            return self._merged_maps.printed(empty_map(plan))
        if self._wanted.get(name) is not found:
            self._wanted[name] = found
            self._merged_maps.want_names(found)
        held = self.buckets_of(name)
        return self._merged_maps.merged(found) if held is None else held.of(found)

    def only_row(self, data: MapData, key: str) -> MapData:
        """A map of any flush with only the row that the pane shows under a key."""
        return self._merged_maps.only_row(data, key)

    def printed(self, name: str) -> MapData | None:
        """A map of the flush on show as bpftrace printed it; None if no flush has it."""
        flush = self._shown.flush_of(name)
        found = None if flush is None else flush.maps.get(name)
        return None if found is None else self._merged_maps.printed(found)

    @property
    def namer(self) -> FrameNamer | None:
        """Names user addresses that bpftrace printed without a name."""
        return self._merged_maps.namer

    def baseline_of(self, name: str, seconds: float) -> MapData | None:
        """A map over the baseline as a flush of this length would have it; None if there is none like it."""
        found = None if self.baseline is None else self.baseline.data(name, seconds)
        if found is None:
            return None
        plan = self.data(name).plan
        alike = (found.plan.aggregation, found.plan.arity) == (plan.aggregation, plan.arity)
        return self._merged_baseline.merged(found) if alike else None

    def beside(self, name: str) -> MapData | None:
        """The map whose numbers are a further column of a map; None if there is none."""
        other = self._neighbours.get(name)
        return None if other is None else self.data(other)

    @property
    def _neighbours(self) -> Mapping[str, str]:
        """The maps that are shown as a column of another one, by the name of that one."""
        front = self.page.sources[0].front if self.page.sources else None
        described = {} if front is None else front.maps
        return {name: f"@{one.beside}" for name, one in described.items() if one.beside}

    def subjects(self) -> tuple[Subject, ...]:
        """Everything that the program has to show, the most important first. The order is stable, so that `v` can step
        through it."""
        about = (self.page.plan, self.flush, self._shown.newest, bool(self.log))
        # Cached: called several times per repaint, and the same until the next flush.
        if self._subjects and all(one is other for one, other in zip(about, self._subjects_of, strict=True)):
            return self._subjects
        self._subjects, self._subjects_of = self._find_subjects(), about
        return self._subjects

    def _find_subjects(self) -> tuple[Subject, ...]:
        names = sorted(self.page.plan.maps, key=self._place)
        names += [name for name in self._shown.maps if name not in names]
        beside = self._neighbours
        shown = [name for name in names if self._is_shown(name) and name not in beside.values()]
        found = [subject for name in shown for subject in self._subjects_of_map(name)]
        if self.log or not found:
            found.append(Subject("", None))
        return tuple(sorted(found, key=lambda one: not self._is_of_end(one)))

    def _subjects_of_map(self, name: str) -> Iterator[Subject]:
        """A map in each of its views. All views but the main one have a name of their own."""
        data = self.data(name)
        views = views_for(data.plan, data.rows)
        if self.host_views is not None and not self.only_host:
            from bttop.ui.views.hosts.both import COMPARING  # only for several hosts

            views = (*views, *COMPARING)
        main = next((view for view in views if as_roomy(view) is None), views[0])
        for view in views:
            first = Subject(name, view, data.plan.title)
            if (other := self._neighbours.get(name)) is not None:
                first = replace(first, title=f"{other.removeprefix('@')} and {first.label}")
            yield first if view is main else replace(first, title=f"{first.label} as {view.name}")

    def _is_of_end(self, subject: Subject) -> bool:
        """Whether a subject is what the script printed at its end: that is shown first once the program has ended."""
        if subject.view is None:
            return any(flush.printed for flush in self._shown.ending)
        found = [flush.maps[subject.map] for flush in self._shown.ending if subject.map in flush.maps]
        return any(data.plan.occasional for data in found)

    def _place(self, name: str) -> int:
        """Sort key of a map: the order of the front matter, which begins with the most important map. With a pin, that
        may be another one."""
        front = self.page.sources[0].front if self.page.sources else None
        described = list(front.maps) if front is not None else []
        if front is not None and self.page.pin is not None and name == f"@{front.pinned}":
            return -1
        return described.index(name) if name in described else len(described)

    def _is_shown(self, name: str) -> bool:
        """Whether a map has something to show: maps that are never printed (state) do not."""
        plan = self.page.plan.maps.get(name)
        return self.flush is not None and (
            name in self._shown.maps or (plan is not None and plan.aggregation != "value" and not plan.occasional)
        )

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to see: no row with a number above 0 in any map, and no text; or it has failed. A
        thinned program is not quiet: something may have happened in the events that it turned away."""
        if self.status.state in (ProgramState.FAILED, ProgramState.UNAVAILABLE):
            return True
        if self.status.state is not ProgramState.LIVE or self.flush is None or self.log or self.one_in > 1:
            return False
        names = {one.map for one in self.subjects() if one.view is not None}
        names |= {other for name, other in self._neighbours.items() if name in names}
        return not any(any(self.data(name).rows.values()) for name in names)

    def caveats(self) -> tuple[tuple[Caveat, str], ...]:
        """The flush's caveats, each with its badge."""
        found: dict[Caveat, str] = {}
        for flush in filter(None, (self.flush, *(self._shown.flush_of(name) for name in self.page.plan.maps))):
            if not any(data.plan.occasional for data in flush.maps.values()) or flush is self.flush:
                found |= {caveat: caveat_badge(caveat, flush) for caveat in flush.caveats if caveat not in found}
        return tuple(sorted(found.items()))

    def period(self, name: str) -> float:
        """Nominal seconds of the interval in which a map is flushed; 0 if it is printed seldom, or without a flush."""
        flush, plan = self.flush_of(name), self.page.plan.maps.get(name)
        is_seldom = plan is not None and plan.occasional
        return 0.0 if flush is None or is_seldom else flush.origin.plan.period_ns(flush.mark) / 1e9

    def age(self, now_ns: int, name: str = "") -> float | None:
        """Seconds since the end of the flush on show, or of that with a map; None without a flush."""
        flush = self.flush_of(name)
        return None if flush is None else max(0.0, (now_ns - flush.end_ns) / 1e9)
