"""The whole drawing of a heat map: heading, labels, cells and the axis of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from bttop.model.flush.flush import Flush
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import counted, visible
from bttop.model.history.course import Course
from bttop.model.history.heat import (
    Counts,
    Figure,
    HeatColumns,
    HeatGrid,
    added,
    buckets_of,
    columns_of,
    figure_of,
    grid_of,
)
from bttop.model.record.records import Bucket
from bttop.ui.render.spans import Exact, Line, Span, fit, line_width
from bttop.ui.views.base import Drawing, Scene, ViewChoice, about, per
from bttop.ui.views.heat.painting import Marks, has_colours, painted
from bttop.ui.views.histogram_heading import SHARES, percentile
from bttop.ui.views.plot import CellChoice, Corner, Plot, cell_acts, cursor_of, rectangle_of
from bttop.ui.views.rows.row_names import row_name
from bttop.ui.views.rows.rows import matches

USUAL_LENGTH: Final = 600
"""Flushes that are shown if the user has not chosen how many a column merges."""
LONGEST: Final = 3600
"""Maximum number of flushes that are shown."""
_LEAST_FOR_LABELS: Final = 24
"""Cells below which rows have no labels; the heading then says the values of the cell under the cursor."""
_LEAST_FOR_AXIS: Final = 5
"""Lines from which on the last one is the axis of time."""
_LONGEST_LABEL: Final = 8
_WIDEST: Final = 8
"""Cells of a column at most: a block of a single flush that fills the pane would not look like a point in time."""
_AT: Final = tuple([share / 100 for share in SHARES])


def draw(scene: Scene) -> Drawing:
    """Draw the heat map of the chosen keys."""
    labels = _LONGEST_LABEL + 1 if scene.width >= _LEAST_FOR_LABELS else 0
    room = max(1, scene.width - labels)
    axis = 1 if scene.height >= _LEAST_FOR_AXIS else 0
    lines = max(0, scene.height - 1 - axis)
    course = _course(scene, room)
    found = columns_of(course.points, room, scene.choice.cell.together, _expected(scene, course))
    grid = _grid(scene, found, lines)
    plot = _plot(grid, found, lines, labels, _wide(found, course, room))
    body = [*_rows(scene, grid, plot, lines), *([_axis(scene, grid, plot)] if axis else [])]
    drawn = [_heading(scene, grid, plot), *body][: scene.height]
    key = _key(scene)
    keys = [key if at == 0 else None for at in range(len(drawn))]
    note = _note(found, grid, course, has_rows=lines > 0)
    return Drawing(
        tuple(drawn),
        tuple(keys),
        summary=_summary(scene),
        choice=scene.choice,
        note=note,
        plot=plot,
        acts=_acts(scene, plot),
    )


def _acts(scene: Scene, plot: Plot) -> Mapping[str, Callable[[], ViewChoice | None]]:
    """The commands that move the cursor and the rectangle."""
    return {name: partial(_after, scene.choice, act) for name, act in cell_acts(plot, scene.choice.cell).items()}


def _after(choice: ViewChoice, act: Callable[[], CellChoice | None]) -> ViewChoice | None:
    cell = act()
    return None if cell is None else replace(choice, cell=cell)


# Which flushes, keys and buckets.


def _key(scene: Scene) -> str | None:
    """The key that the user has chosen; None for the sum of keys."""
    return scene.choice.selected if scene.choice.moved else None


def _course(scene: Scene, room: int) -> Course[Figure]:
    together = scene.choice.cell.together
    length = min(LONGEST, together * room) if together else USUAL_LENGTH
    about_it = ("heat", scene.data.plan.name, _key(scene), scene.choice.needle, scene.buckets)
    return scene.past.course(about_it, length, _reading(scene))


def _expected(scene: Scene, course: Course[Figure]) -> int:
    """Flushes that will be shown once all are read: columns do not merge more and more meanwhile."""
    return len(course.points) + course.unread if course.unread and not scene.choice.cell.together else 0


def _reading(scene: Scene) -> Callable[[Flush], Figure | None]:
    """Returns the counts of the chosen keys in a flush; None for a flush without the map."""
    name, key, needle, held = scene.data.plan.name, _key(scene), scene.choice.needle.casefold(), scene.buckets

    def read(flush: Flush) -> Figure | None:
        data = flush.maps.get(name)
        if data is None or data.plan.is_state:
            return None
        data = data if held is None else held.of(data)
        if key is not None:
            return figure_of([data.rows.get(key)])
        return figure_of([value for row, value in data.rows.items() if not needle or matches(scene, row, needle)])

    return read


def _summary(scene: Scene) -> str:
    read = _reading(scene)(replace(scene.flush, maps={scene.data.plan.name: scene.data}))
    total = sum(read.counts.values()) if read is not None else 0
    seconds, suffix = per(scene)
    return f"{about(scene)}{numbers.short(as_float(total) / seconds)}{suffix}"


def _grid(scene: Scene, found: HeatColumns, lines: int) -> HeatGrid:
    """One bucket per line if there is room, else two, else merged buckets."""
    most = lines * (2 if has_colours(scene) else 1)
    return grid_of(found.columns, most, _AT, is_log=scene.data.plan.aggregation == "hist")


def _wide(found: HeatColumns, course: Course[Figure], room: int) -> int:
    """The cells of a column: as many as fit while there are few, also when all flushes are read."""
    flushes = len(course.points) + course.unread
    return max(1, min(_WIDEST, room // max(1, len(found.columns), -(-flushes // found.together))))


def _plot(grid: HeatGrid, found: HeatColumns, lines: int, left: int, wide: int) -> Plot:
    per_line = 2 if len(grid.rows) > lines else 1
    start = next((placed.quantiles for placed in reversed(grid.placed) if placed.quantiles), ())
    return Plot(
        tuple([(column.start_ns, column.end_ns) for column in grid.columns]),
        grid.rows,
        left,
        1,
        min(lines, -(-len(grid.rows) // per_line)),
        per_line,
        found.together,
        start[0] if start else 0,
        wide,
    )


# Lines.


def _rows(scene: Scene, grid: HeatGrid, plot: Plot, lines: int) -> Iterator[Line]:
    """The lines of rows, the highest first; blank lines below them if there is room."""
    has_cursor = scene.cursor != ""
    cursor = cursor_of(plot, scene.choice.cell) if has_cursor else None
    marks = Marks(cursor, rectangle_of(plot, scene.choice.cell))
    shown = painted(scene, grid, plot, marks)
    for at, line in enumerate(shown):
        row = (plot.row_lines - 1 - at) * plot.rows_per_line
        blank = Span(" " * (scene.width - plot.left - len(plot.columns) * plot.wide))
        yield Exact.of((*_label(scene, grid, row, plot.left), *line, blank), scene.width)
    for _ in range(lines - len(shown)):
        yield fit((), scene.width)


def _label(scene: Scene, grid: HeatGrid, row: int, cells: int) -> Line:
    """The lowest value of a line."""
    if not cells:
        return ()
    low, high = grid.rows[row]
    unit = scene.data.plan.unit
    text = numbers.bound(low, unit) if low is not None else f"<{numbers.bound((high or 0) + 1, unit)}"
    return (Span(f"{text[: cells - 1]:>{cells - 1}} ", "name"),)


def _axis(scene: Scene, grid: HeatGrid, plot: Plot) -> Line:
    """The first and the last time."""
    left = plot.left
    if not grid.columns:
        return fit((), scene.width)
    first, last = (_clock(scene, moment) for moment in (grid.columns[0].start_ns, grid.columns[-1].end_ns))
    room = max(len(grid.columns) * plot.wide, len(first) + len(last) + 1)
    text = f"{'':{left}}{first}{last:>{room - len(first)}}"
    return fit((Span(text if len(text) <= scene.width else f"{'':{left}}{last}", "dim"),), scene.width)


def _clock(scene: Scene, moment: int) -> str:
    """A moment as a local time of day, by the stamps of the flush on show."""
    wall_ns = moment + scene.flush.wall_ns - scene.flush.end_ns
    return f"{datetime.fromtimestamp(wall_ns / 1e9):%H:%M:%S}"


def _heading(scene: Scene, grid: HeatGrid, plot: Plot) -> Line:
    """The cell under the cursor; without a cursor what is shown, its count and its percentiles."""
    cursor = cursor_of(plot, scene.choice.cell)
    if cursor is not None:
        return _fitted(_words_of_cell(scene, grid, cursor), scene.width)
    counts = added(grid.columns)
    total = f"{about(scene)}{sum(counts.values()):,}"
    what = _subject(scene)
    return _fitted([(what, "heading"), (total, "heading"), *_percentiles(scene, counts)], scene.width)


def _subject(scene: Scene) -> str:
    """The chosen keys, or the unit of a map without keys."""
    plan, key = scene.data.plan, _key(scene)
    if key:
        return row_name(scene, key)
    name = visible(plan.unit or plan.name.lstrip("@") or "value")
    if not plan.columns and not any(scene.data.rows):
        return name
    return f"{name}, keys with “{visible(scene.choice.needle)}”" if scene.choice.needle else f"{name}, all keys"


def _percentiles(scene: Scene, counts: Counts) -> list[tuple[str, str]]:
    """The percentiles, each with the glyph of its line."""
    buckets = buckets_of(counts)
    if not buckets:
        return [("no event", "dim")]
    plan = scene.data.plan
    found = [numbers.quantile_text(percentile(buckets, share, plan), plan.unit) for share in SHARES]
    return [
        (f"{glyph}p{share} {text}", "sorted")
        for glyph, share, text in zip(scene.glyphs.quantiles, SHARES, found, strict=False)
    ]


def _words_of_cell(scene: Scene, grid: HeatGrid, at: Corner) -> list[tuple[str, str]]:
    column = grid.columns[at.column]
    time = f"{_clock(scene, column.end_ns)} {numbers.duration((column.end_ns - column.start_ns) / 1e9)}"
    if not column.flushes:
        return [(time, "number"), ("no flush", "warn")]
    cells = [cell for cell in grid.placed[at.column].cells if cell.first <= at.row < cell.end]
    low = grid.rows[min([at.row, *(cell.first for cell in cells)])][0]
    high = grid.rows[max([at.row, *(cell.end - 1 for cell in cells)])][1]
    (values,) = numbers.bucket_labels([Bucket(low, high, 0)], scene.data.plan.unit)
    count, total = sum(cell.count for cell in cells), sum(column.counts.values())
    mark = about(scene)
    share = f"{mark}{count:,} of {mark}{total:,}, {numbers.share(count, total)} %"
    return [(values, "name"), (share, "number"), (time, "heading"), *_percentiles(scene, column.counts)]


def _fitted(words: Sequence[tuple[str, str]], cells: int) -> Line:
    """As many of the words as fit, the first ones first. Only the first is cut."""
    line: tuple[Span, ...] = ()
    for text, role in words:
        longer = (*line, Span("  " if line else "", role), Span(text, role))
        if line and line_width(longer) > cells:
            break
        line = longer
    return fit(line, cells)


def _note(found: HeatColumns, grid: HeatGrid, course: Course[Figure], *, has_rows: bool) -> str:
    """What is merged, not shown, or not read yet; empty if each flush and each bucket has its place."""
    notes = []
    if course.unread:
        notes.append(f"{counted(course.unread, 'flush', 'flushes')} to read")
    if found.together > 1:
        notes.append(f"{found.together} flushes a column")
    if grid.together > 1:
        notes.append(f"{grid.together} buckets a row" if has_rows else f"{len(grid.rows)} buckets")
    if found.hidden:
        notes.append(f"{counted(found.hidden, 'older flush', 'older flushes')} not shown")
    return ", ".join(notes)
