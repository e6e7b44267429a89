"""The input and the output of a view. Views are pure functions: no widget, no clock, no state."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from msgspec import Struct, field

from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.contents import MapData
from bttop.model.format.names import Decoder
from bttop.model.history.course import Course
from bttop.model.history.span import BucketRange
from bttop.model.history.trends import Trend
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Value
from bttop.ui.render.spans import Glyphs, Line
from bttop.ui.views.flame_choice import FlameChoice
from bttop.ui.views.plot import CellChoice, Plot

if TYPE_CHECKING:
    from bttop.model.flush.flush import Flush
    from bttop.ui.views.flame_trees import FlameTrees

T = TypeVar("T")
Form = Literal["linear", "log", "cumulative"]
"""The length of a histogram's bars: the counts, their logarithms, or the counts with a line of the cumulative share."""


class HistogramChoice(Struct, frozen=True):
    """How the histograms of a map are drawn."""

    form: Form = "linear"
    second: str | None = None
    """Raw key of the row whose histogram is drawn over the others."""
    without_baseline: bool = False
    """Whether the baseline, if there is one, is not drawn over the histogram."""


class TrendLine(Struct, frozen=True):
    """A line of a pane's trend."""

    key: str
    """Raw key of the row that it was chosen on."""
    number: str
    """One of `Number` (see `model/history/figures.py`), or `cost`."""
    group: str = ""
    """Title of the column by which the rows were grouped, if the key is a group; else empty."""


class ViewChoice(Struct, frozen=True):
    """What the user chose for one map in one view of a pane. It is kept when the program is reloaded."""

    sort: str = ""
    """Title of the column to sort by; empty for the view's default."""
    reverse: bool = False
    needle: str = ""
    """Only rows whose text contains this are shown; case is ignored."""
    selected: str | None = None
    """Raw key of the row under the cursor; None before the first drawing with rows."""
    moved: bool = False
    """Whether the user has put the cursor on its row. Then the view scrolls with that row, and shows it even in an
    interval in which nothing happened to it. Else the cursor stays on its row only while that is on screen."""
    at: int = 0
    """Index of the row under the cursor in the last drawing."""
    top: int = 0
    """Index of the first row on screen."""
    opened: frozenset[str] = frozenset()
    """Raw keys of the rows whose frames are unfolded."""
    group: str = ""
    """Title of the column by which rows are grouped; empty if they are not."""
    inside: str | None = None
    """The group, or the folded row, whose rows are shown; None: the groups themselves."""
    all_rows: bool = False
    """Whether the rows of short-lived processes are shown one by one."""
    widths: tuple[int, ...] = ()
    """Column widths of the last drawing: columns only grow, so that they do not move with every flush."""
    histogram: HistogramChoice = HistogramChoice()
    cell: CellChoice = field(default_factory=CellChoice)
    """The cursor and the rectangle in a view of values over time."""
    trend: tuple[TrendLine, ...] = ()
    """The lines of the trend over the rows; none without a trend."""
    flame: FlameChoice = FlameChoice()


class Neighbour(Struct, frozen=True):
    """The numbers of another map for the rows of a map."""

    name: str
    """The name of the other map without its `@`."""
    numbers: Mapping[str, Value]
    """By the raw keys of the rows."""


class Extra(Struct, frozen=True):
    """A column about the process of a row."""

    title: str
    of: Callable[[int], str]
    """Returns the text for a process id; empty if it is not known."""


class Past(Protocol):
    """The flushes before the one on show, for views of a figure over time."""

    def course(self, about: Hashable, length: int, read: Callable[[Flush], T | None]) -> Course[T]:
        """The figure that `read` finds in each of the last `length` flushes; None leaves a flush out.

        `about` names the figure: the same name must come with the same `read`. Each flush is read once, and only while
        a view asks in each drawing. A long course is read in pieces, the newest flushes first: until `unread` is 0 the
        pane is drawn again."""


class NoPast:
    """The past of a scene without a timeline: it has no flushes."""

    def course(self, about: Hashable, length: int, read: Callable[[Flush], T | None]) -> Course[T]:  # noqa: ARG002
        """An empty course."""
        return Course()


class Scene(Struct, frozen=True):
    """Everything that a view may use."""

    data: MapData
    flush: Flush
    trend: Trend
    choice: ViewChoice
    width: int
    height: int
    glyphs: Glyphs
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    extra: Extra | None = None
    """A column about the row's process, which is not part of the key."""
    cursor: str = "cursor"
    """The role of the row under the cursor; empty if the cursor is not drawn."""
    beside: Neighbour | None = None
    """Numbers of another map, which are a further column."""
    past: Past = field(default_factory=NoPast)
    """Figures of the flushes up to the one on show."""
    buckets: BucketRange | None = None
    """The range of values to which `data` is limited; None if it is not."""
    shades: int = 0
    """Steps of the theme's ramp of colours; 0 if the theme or the terminal has too few colours."""
    baseline: MapData | None = None
    """The same map over the baseline, scaled to the length of the flush on show; None without a baseline, and for a map
    that the baseline does not have or that cannot be scaled."""
    groups: Mapping[str, int] | None = None
    """How many rows each row stands for, if the rows are groups."""
    printed: MapData | None = None
    """The map as bpftrace printed it, if `data` has its stacks merged by function."""
    namer: FrameNamer | None = None
    """Names user addresses that bpftrace printed without a name."""
    flame_trees: FlameTrees | None = None
    """The trees of its flame graph; None makes each as a whole."""
    folds: Mapping[str, int] = field(default_factory=dict)
    """How many processes each folded row stands for."""
    of_process: bool = False
    """Whether the pin allows one process only, which the title line names."""


class Per(NamedTuple):
    """The divisor of counts and its suffix: the seconds of the flush and `/s`; 1 and an empty suffix for a map that
    holds totals since its start."""

    seconds: float
    suffix: str
    """`/s`, or empty."""


def per(scene: Scene) -> Per:
    """How to show the counts of the scene's map."""
    is_rate = not scene.data.plan.is_state
    return Per(max(scene.flush.seconds, 1e-9), "/s") if is_rate else Per(1.0, "")


def mark_of(plan: MapPlan) -> str:
    """The mark in front of each number of a map that grows with its events: `~` if it is scaled, else empty."""
    return "~" if plan.one_in > 1 else ""


def about(scene: Scene) -> str:
    """The mark in front of each number of the scene's map that grows with its events."""
    return mark_of(scene.data.plan)


def scaled_text(scene: Scene, shown: Callable[[float], str]) -> Callable[[float], str]:
    """`shown`, with the mark of a scaled number."""
    mark = about(scene)
    return (lambda value: f"{mark}{shown(value)}") if mark else shown


class SortColumn(Struct, frozen=True):
    """A heading of a sortable column and its cells [start, end) on screen."""

    title: str
    start: int
    end: int


class Drawing(Struct, frozen=True):
    """What a view draws for a scene."""

    lines: tuple[Line, ...]
    """At most as many as the scene's height; a heading is the first."""
    keys: tuple[str | None, ...] = ()
    """For each line the raw key of its row, or None."""
    order: Sequence[str] = ()
    """The raw keys of all rows that pass the filter, in display order."""
    summary: str = ""
    """The whole map in a few characters, for the pane's rule."""
    hidden: int = 0
    """Number of rows below the last line that pass the filter."""
    sorts: tuple[SortColumn, ...] = ()
    choice: ViewChoice = field(default_factory=ViewChoice)
    """The choice with the cursor, the scroll position and the widths of this drawing."""
    note: str = ""
    """What the lines show only in a merged form, such as `2 buckets a row`."""
    grouped: int = 0
    """How many rows of the map the lines show as groups; 0 if they are no groups."""
    folded: Mapping[str, int] = field(default_factory=dict)
    """How many short-lived processes of each name are folded, the most first."""
    plot: Plot | None = None
    """The cells of a view of values over time, in which the arrow keys move a cursor; None in other views."""
    heading: int = 0
    """Index of the line with the headings of `sorts`; -1 if it is not shown."""
    acts: Mapping[str, Callable[[], ViewChoice | None]] = field(default_factory=dict)
    """Commands that the view takes over while this drawing is on show, by name. Each returns the choice after it; None
    leaves the command its usual meaning."""
    click: Callable[[int, int], ViewChoice | None] | None = None
    """Returns the choice after a click on a line and a cell of the drawing; None leaves the click its usual meaning."""
    above: int = 0
    """Number of rows before the first line, because the cursor is on a row further down."""


class View(Protocol):
    """One way to show a map."""

    name: str
    """The name in front matter and in the title of the pane."""

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:
        """How well the view suits a map: the view with the highest rank is the default, 0 means that it cannot show
        it. `has_keys` is whether the map has keys, by its plan or by its rows."""

    def draw(self, scene: Scene) -> Drawing:
        """Draw the scene. Must work for any data of a map whose `rank` is above 0."""

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        """One row in full: lines of `scene.width` cells in which nothing is cut."""


@runtime_checkable
class RoomyView(Protocol):
    """A view that is shown first, in place of another one, where the pane has room for it."""

    least: tuple[int, int]
    """The fewest cells and lines of such a room."""
    instead_of: str
    """The name of the other view; front matter that names that one means both."""


def has_room(view: object, cells: int, lines: int) -> bool:
    """Whether a pane of `cells` and `lines`, with its rule, has the room that a view needs to be shown first."""
    roomy = as_roomy(view)
    return roomy is None or (cells >= roomy.least[0] and lines > roomy.least[1])


def as_roomy(view: object) -> RoomyView | None:
    """The view, if it needs room to be shown first; else None."""
    return _roomy(view)


@lru_cache(maxsize=256)
def _roomy(view: object) -> RoomyView | None:
    """Cached, because testing for a protocol takes 10 us, and a pane asks several times per flush."""
    return view if isinstance(view, RoomyView) else None


_LONGEST_KEPT: Final = 512
"""Maximum characters of a key whose parts are cached: tens of thousands of stacks would take a hundred MiB."""


def parts(key: str, columns: tuple[Column, ...]) -> tuple[int | str, ...]:
    """The parts of a raw key. Cached, because each flush has mostly the same keys."""
    return _kept_parts(key, columns) if len(key) <= _LONGEST_KEPT else split_key(key, columns).parts


@lru_cache(maxsize=16_384)
def _kept_parts(key: str, columns: tuple[Column, ...]) -> tuple[int | str, ...]:
    return split_key(key, columns).parts


def decoded(scene: Scene, key: str) -> tuple[int | str, ...]:
    """The parts of a raw key as they are shown, such as names of system calls in place of numbers."""
    columns = scene.data.plan.columns
    found = parts(key, columns)
    if not any(column.decoder for column in columns):
        return found
    return tuple(
        scene.decoders[column.decoder](part) if column.decoder in scene.decoders else part
        for column, part in zip(columns, found, strict=False)
    )
