"""The input and the output of a view. Views are pure functions: no widget, no clock, no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format.names import Decoder
from bttop.model.history.trends import Trend
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Value
from bttop.ui.render.spans import Glyphs, Line


@dataclass(frozen=True, slots=True)
class ViewChoice:
    """What the user chose for one map in one view of a pane. It is kept when the program is reloaded."""

    sort: str = ""
    """Title of the column to sort by; empty for the view's default."""
    reverse: bool = False
    needle: str = ""
    """Only rows whose text contains this are shown; case is ignored."""
    selected: str | None = None
    """Raw key of the selected row; None if no row is selected."""
    top: int = 0
    """Index of the first row on screen."""
    opened: frozenset[str] = frozenset()
    """Raw keys of the rows whose frames are unfolded."""
    widths: tuple[int, ...] = ()
    """Column widths of the last drawing: columns only grow, so that they do not move with every flush."""


class Extra(NamedTuple):
    """A column about the process of a row."""

    title: str
    of: Callable[[int], str]
    """Returns the text for a process id; empty if it is not known."""


@dataclass(frozen=True, slots=True)
class Scene:
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


class SortColumn(NamedTuple):
    """A heading of a sortable column and its cells [start, end) on screen."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Drawing:
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
    """The choice with the scroll position and the widths of this drawing."""
    note: str = ""
    """What the lines show only in a merged form, such as `2 buckets a row`."""


class View(Protocol):
    """One way to show a map."""

    name: str
    """The name in front matter and in the title of the pane."""

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:
        """How well the view suits a map: the view with the highest rank is the default, 0 means that it cannot show
        it."""

    def draw(self, scene: Scene) -> Drawing:
        """Draw the scene. Must work for any data of a map whose `rank` is above 0."""

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        """One row in full: lines of `scene.width` cells in which nothing is cut."""


def keyed(plan: MapPlan, rows: Mapping[str, Value]) -> bool:
    """Whether a map has keys, by its plan or by its rows."""
    return bool(plan.columns) or any(rows)


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
