"""What a view is given and what it gives back. Views are pure: no widget, no clock, no state of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from bttop.model.flush import Flush, MapData
from bttop.model.keys import split_key
from bttop.model.names import Decoder
from bttop.model.plan import Column, MapPlan
from bttop.model.records import Value
from bttop.model.trends import Trend
from bttop.ui.spans import Glyphs, Line


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose for one map of one pane; survives reloads of the program."""

    sort: str = ""
    """Title of the column to sort by; empty is the view's own first choice."""
    reverse: bool = False
    needle: str = ""
    """Rows whose text contains this (case folded) are shown."""
    selected: str | None = None
    """Raw key of the selected row; None selects nothing and keeps the top in sight."""
    top: int = 0
    """Index of the first row on screen."""
    opened: frozenset[str] = frozenset()
    """Raw keys of the rows whose frames are folded out."""
    widths: tuple[int, ...] = ()
    """Column widths of the last drawing: columns only grow, so that nothing jumps from flush to flush."""


class Extra(NamedTuple):
    """A column about the process of a row."""

    title: str
    of: Callable[[int], str]
    """The text for a process id; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a view may look at."""

    data: MapData
    flush: Flush
    trend: Trend
    choice: Choice
    width: int
    height: int
    glyphs: Glyphs
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    extra: Extra | None = None
    """A column that is not in the key: what is known of the row's process."""


class Per(NamedTuple):
    """What counts are shown by: the seconds of the flush, or nothing where a print holds everything so far."""

    seconds: float
    suffix: str
    """`/s`, or empty."""


def per(scene: Scene) -> Per:
    """How the counts of a scene's map are to be shown."""
    is_rate = not scene.data.plan.is_state
    return Per(max(scene.flush.seconds, 1e-9), "/s") if is_rate else Per(1.0, "")


class SortColumn(NamedTuple):
    """A column heading that can be sorted by, and the cells [start, end) it takes on screen."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A view's picture of a scene."""

    lines: tuple[Line, ...]
    """At most the scene's height; the heading, when there is one, first."""
    keys: tuple[str | None, ...] = ()
    """For each line the raw key of the row it shows, or None."""
    order: Sequence[str] = ()
    """All raw keys that pass the filter, in the order of display."""
    summary: str = ""
    """For the pane's rule: the whole map in a few characters."""
    hidden: int = 0
    """Rows that passed the filter and did not fit below the last line."""
    sorts: tuple[SortColumn, ...] = ()
    choice: Choice = field(default_factory=Choice)
    """The choice with what drawing settled: scroll position and widths."""
    note: str = ""
    """What the lines do not show one by one, such as merged buckets."""


class View(Protocol):
    """One way of looking at a map."""

    name: str
    """As front matter and the title of the pane call it."""

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:
        """How well the view suits such a map: the highest of all views is the default, 0 does not fit at all."""

    def draw(self, scene: Scene) -> Drawing:
        """The picture. Must hold for any data of a map for which `rank` is above 0."""

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        """One row in full: nothing cut, as many lines as it takes, `scene.width` cells wide."""


def keyed(plan: MapPlan, rows: Mapping[str, Value]) -> bool:
    """Whether a map has keys: by its plan, or by any row that has one."""
    return bool(plan.columns) or any(rows)


_LONGEST_KEPT: Final = 512
"""Characters of a key whose parts are remembered: tens of thousands of stacks would be a hundred MiB."""


def parts(key: str, columns: tuple[Column, ...]) -> tuple[int | str, ...]:
    """The parts of a raw key; cached, since the same keys come back every flush."""
    return _kept_parts(key, columns) if len(key) <= _LONGEST_KEPT else split_key(key, columns).parts


@lru_cache(maxsize=16_384)
def _kept_parts(key: str, columns: tuple[Column, ...]) -> tuple[int | str, ...]:
    return split_key(key, columns).parts


def decoded(scene: Scene, key: str) -> tuple[int | str, ...]:
    """The parts of a raw key as people read them."""
    columns = scene.data.plan.columns
    found = parts(key, columns)
    if not any(column.decoder for column in columns):
        return found
    return tuple(
        scene.decoders[column.decoder](part) if column.decoder in scene.decoders else part
        for column, part in zip(columns, found, strict=False)
    )
