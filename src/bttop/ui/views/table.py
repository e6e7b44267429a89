"""The sorted table: one row per key with its number, its key, a bar and its last minute."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bttop.model.flush.rates import is_additive
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import MapPlan
from bttop.model.record.records import Stats, Value
from bttop.ui.render.spans import Line, Span, bar, fit, sparkline
from bttop.ui.render.text import pieces, width
from bttop.ui.views.base import Drawing, Scene, decoded, keyed, per
from bttop.ui.views.ordering import Row
from bttop.ui.views.rows import WHOLE, RowCell, draw_rows, text_cells

_PER_SECOND = ("count", "sum")
BAR, TREND = 6, 4
"""Minimum cells of a bar and of a trend; with less room they are left out."""
LONGEST = 20
"""Maximum cells of a bar or a trend: each cell costs three bytes of output, and more are not easier to read."""
WIDE = 56
"""Cells from which on a table has bars; below, names need the room."""


class Table:
    """Maps with keys: counts and sums per second, other values unchanged."""

    name = "table"

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:
        if plan.aggregation in ("hist", "lhist"):
            return 0
        return 5 if keyed(plan, rows) else 0

    def draw(self, scene: Scene) -> Drawing:
        cells = [*value_cells(scene), *text_cells(scene), *_charts(scene)]
        return draw_rows(scene, cells, default_sort=_first_sort(scene, cells), summary=summary(scene))

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return (*key_lines(scene, key), *value_lines(scene, key))


VIEW = Table()


def number(value: Value) -> float:
    """The number by which rows are compared: the count of stats, the number itself, or 0 for other values."""
    if isinstance(value, Stats):
        return as_float(value.count)
    return as_float(value) if isinstance(value, int | float) else 0.0


def total(scene: Scene) -> float:
    """The sum of `number` over all rows."""
    values = scene.data.rows.values()
    if scene.data.plan.aggregation in _PER_SECOND and all(type(value) is int for value in values):
        return as_float(sum(values))  # type: ignore[arg-type]  # the usual case, which is faster this way
    return sum(number(value) for value in values)


def largest(scene: Scene) -> float:
    """The largest `number` of all rows."""
    values = scene.data.rows.values()
    if scene.data.plan.aggregation in _PER_SECOND and all(type(value) is int for value in values):
        return as_float(max(values, default=0))  # type: ignore[type-var,arg-type]
    return max((number(value) for value in values), default=0.0)


def rate_title(scene: Scene) -> str:
    """Heading of the value column."""
    plan = scene.data.plan
    if plan.aggregation in _PER_SECOND:
        suffix = per(scene).suffix
        return f"B{suffix}" if plan.unit == "bytes" else suffix or "total"
    return plan.aggregation if plan.aggregation != "value" else "value"


def value_cells(scene: Scene) -> list[RowCell]:
    """The columns for the value: one number, or three for stats."""
    plan = scene.data.plan
    seconds, suffix = per(scene)
    if plan.aggregation in ("stats", "avg") and any(isinstance(one, Stats) for one in scene.data.rows.values()):
        return [
            _number_cell(suffix or "count", lambda row: number(row.value) / seconds, numbers.whole, natural=True),
            _number_cell("avg", lambda row: _stat(row, 1), lambda value: numbers.with_unit(value, plan.unit)),
            *(
                [_number_cell(f"{_unit(plan.unit)}{suffix}", lambda row: _stat(row, 2) / seconds, _in(plan.unit))]
                if plan.aggregation == "stats"
                else []
            ),
        ]
    if plan.aggregation in _PER_SECOND:
        shown = numbers.whole if plan.unit in ("", "count") else _in(plan.unit)
        return [_number_cell(rate_title(scene), lambda row: number(row.value) / seconds, shown, natural=True)]
    if any(not isinstance(one, int | float) for one in scene.data.rows.values()):
        return [RowCell("value", lambda row: visible(str(row.value)), lambda row: str(row.value), "number", most=30)]
    shown = _in(plan.unit) if plan.unit else numbers.whole
    return [_number_cell(rate_title(scene), lambda row: _as_it_is(row.value), shown, natural=True)]


def _as_it_is(value: Value) -> float:
    """The number itself: a float would round integers from 2^53 on."""
    return value if isinstance(value, int | float) else 0.0


def _unit(unit: str) -> str:
    return {"bytes": "B", "": "total"}.get(unit, unit)


def _in(unit: str) -> Callable[[float], str]:
    return lambda value: numbers.with_unit(value, unit)


def _stat(row: Row, index: int) -> float:
    return as_float(row.value[index]) if isinstance(row.value, Stats) else 0.0


def _number_cell(
    title: str, value: Callable[[Row], float], text: Callable[[float], str], *, natural: bool = False
) -> RowCell:
    return RowCell(
        title,
        lambda row: text(value(row)),
        value,
        "number",
        "right",
        least=5,
        most=WHOLE,
        falls=True,
        rigid=True,
        natural=natural,
    )


def _charts(scene: Scene) -> list[RowCell]:
    """The columns of the bar and the trend, which take the spare cells."""
    top = largest(scene)

    def draw_bar(row: Row, cells: int) -> str:
        return bar(number(row.value), top, min(cells, LONGEST), scene.glyphs).ljust(cells)

    charts = [trend_cell(scene)]
    if scene.width >= WIDE:
        charts.insert(0, RowCell("", _blank, None, "bar", least=BAR, most=200, spare=2, drawn=draw_bar))
    return charts


def trend_cell(scene: Scene) -> RowCell:
    """The column of the row's last minute, the newest value at the right."""

    def draw_trend(row: Row, cells: int) -> str:
        return sparkline(scene.trend.peaks(row.key, cells), cells, scene.glyphs)

    return RowCell("60s", _blank, None, "trend", "right", least=TREND, most=LONGEST, spare=3, drawn=draw_trend)


def _blank(_row: Row) -> str:
    return ""


def _first_sort(scene: Scene, cells: list[RowCell]) -> str:
    return scene.data.plan.sort or cells[0].title


def summary(scene: Scene) -> str:
    """The whole map as one rate, or as one total if it holds totals since its start; else the number of rows."""
    plan = scene.data.plan
    if plan.aggregation in (*_PER_SECOND, "stats", "avg"):
        seconds, suffix = per(scene)
        unit = plan.unit if plan.aggregation == "sum" else ""
        return f"{numbers.with_unit(total(scene) / seconds, unit)}{suffix}"
    return f"{len(scene.data.rows)} rows"


def key_lines(scene: Scene, key: str) -> tuple[Line, ...]:
    """Every part of a key on separate lines, uncut."""
    lines: list[Line] = []
    columns = scene.data.plan.columns
    for index, part in enumerate(decoded(scene, key)):
        title = visible(columns[index].title) if index < len(columns) else f"key {index + 1}"
        is_stack = index < len(columns) and columns[index].kind == "stack"
        shown = [line.strip() for line in str(part).strip("\n").split("\n")] if is_stack else [str(part)]
        for count, text in enumerate(shown):
            head = f"{title:>12}  " if count == 0 else " " * 14
            lines += wrapped(head, visible_name(text), scene.width)
    return tuple(lines)


def wrapped(head: str, text: str, cells: int) -> list[Line]:
    """Text over as many lines as it needs, with a heading on the first."""
    room = max(8, cells - width(head))
    return [
        fit((Span(head if index == 0 else " " * width(head), "heading"), Span(piece, "name")), cells)
        for index, piece in enumerate(pieces(text, room))
    ]


def value_lines(scene: Scene, key: str) -> tuple[Line, ...]:
    """The value of a row in full, and its last minute."""
    row = Row(key, scene.data.rows.get(key, 0))
    is_absent = key not in scene.data.rows and not is_additive(scene.data)
    texts = [(visible(cell.title), "-" if is_absent else cell.text(row)) for cell in value_cells(scene)]
    lines = [_named(title, text, scene.width) for title, text in texts]
    if isinstance(row.value, int) and scene.data.plan.aggregation in _PER_SECOND and per(scene).suffix:
        lines.append(_named("in flush", f"{row.value:,} in {scene.flush.seconds:.3f} s", scene.width))
    trend = sparkline(scene.trend.values(key), min(60, max(8, scene.width - 16)), scene.glyphs)
    lines.append(fit((Span(f"{'last minute':>12}  ", "heading"), Span(trend.strip(), "trend")), scene.width))
    return tuple(lines)


def _named(title: str, text: str, cells: int) -> Line:
    return fit((Span(f"{title:>12}  ", "heading"), Span(text, "number")), cells)
