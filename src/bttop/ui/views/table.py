"""The sorted table: one row per key with its number, its key, a bar and its last minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from msgspec.structs import replace

from bttop.model.flush.rates import amount, is_additive
from bttop.model.flush.scaling import standard_error
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import counted, visible, visible_name
from bttop.model.plan import MapPlan
from bttop.model.record.records import Stats, Value
from bttop.model.record.stacks import NO_FRAMES
from bttop.ui.render.spans import Line, Span, bar, fit, sparkline
from bttop.ui.render.text import pieces, width
from bttop.ui.views.base import Drawing, Scene, about, decoded, per, scaled_text
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.rows import WHOLE, RowCell, draw_rows, text_cells

_PER_SECOND = ("count", "sum")
BAR, TREND = 6, 4
"""Minimum cells of a bar and of a trend; with less room they are left out."""
WIDEST = 2
"""Maximum cells of a trend for each of its flushes, where there is room."""
LONGEST = 20
"""Maximum cells of a bar: each cell costs three bytes of output, and more are not easier to read."""
WIDE = 56
"""Cells from which on a table has bars; below, names need the room."""


class Table:
    """Maps with keys: counts and sums per second, other values unchanged."""

    name = "table"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:
        if plan.aggregation in ("hist", "lhist") or shown_as_stacks(plan):
            return 0
        return 5 if has_keys else 0

    def draw(self, scene: Scene) -> Drawing:
        cells = [
            *value_cells(scene),
            *change_cells(scene),
            *_share(scene),
            *_beside(scene),
            *text_cells(scene),
            *_charts(scene),
        ]
        drawing = draw_rows(scene, cells, default_sort=_first_sort(scene, cells), summary=partial(summary, scene))
        return with_rows_gone(scene, drawing)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return (*key_lines(scene, key), *value_lines(scene, key))


VIEW = Table()


def shown_as_stacks(plan: MapPlan) -> bool:
    """Whether the view of stacks shows the map: a table would be the same with less of each stack."""
    return plan.aggregation in (*_PER_SECOND, "value") and any(column.kind == "stack" for column in plan.columns)


def number(value: Value) -> float:
    """The number by which rows are compared: the count of stats, the number itself, or 0 for other values."""
    if isinstance(value, Stats):
        return as_float(value.count)
    return as_float(value) if isinstance(value, int | float) else 0.0


def total(scene: Scene, rows: Mapping[str, Value]) -> float:  # noqa: ARG001
    """The sum of `number` over rows of the scene's map."""
    values = rows.values()
    try:
        return as_float(sum(values))  # type: ignore[arg-type]  # numbers are the usual case, which is faster this way
    except (TypeError, OverflowError):
        return sum(number(value) for value in values)


def largest(scene: Scene) -> float:
    """The largest `number` of all rows."""
    values = scene.data.rows.values()
    try:
        found = max(values, default=0)  # type: ignore[type-var]  # as above
    except TypeError:
        found = None
    return as_float(found) if isinstance(found, int | float) else max((number(value) for value in values), default=0.0)


def change_cells(scene: Scene) -> list[RowCell]:
    """The column with the change against the baseline, if there is one."""
    if scene.baseline is None:
        return []
    from bttop.ui.views.rows.changes import change_cell  # needed once there is a baseline

    return [change_cell(scene, scene.baseline)]


def with_rows_gone(scene: Scene, drawing: Drawing) -> Drawing:
    """The drawing with the number of rows that are new, and of those that are gone, against the baseline."""
    if scene.baseline is None:
        return drawing
    from bttop.ui.views.rows.changes import new_and_gone

    note = new_and_gone(scene, scene.baseline)
    return replace(drawing, note=", ".join(filter(None, [drawing.note, note])))


def rate_title(scene: Scene) -> str:
    """Heading of the value column."""
    plan = scene.data.plan
    if plan.aggregation in _PER_SECOND:
        suffix = per(scene).suffix
        if scene.beside is not None:
            return f"{plan.name.removeprefix('@')}{suffix}"
        return f"B{suffix}" if plan.unit == "bytes" else suffix or "total"
    return plan.aggregation if plan.aggregation != "value" else "value"


def value_cells(scene: Scene) -> list[RowCell]:
    """The columns for the value: one number, or three for stats."""
    plan = scene.data.plan
    seconds, suffix = per(scene)
    whole, in_unit = scaled_text(scene, numbers.whole), scaled_text(scene, _in(plan.unit))
    if plan.aggregation in ("stats", "avg") and any(isinstance(one, Stats) for one in scene.data.rows.values()):
        return [
            _number_cell(suffix or "count", lambda row: number(row.value) / seconds, whole, natural=True),
            _number_cell("avg", lambda row: _stat(row, 1), lambda value: numbers.with_unit(value, plan.unit)),
            *(
                [_number_cell(f"{_unit(plan.unit)}{suffix}", lambda row: _stat(row, 2) / seconds, in_unit)]
                if plan.aggregation == "stats"
                else []
            ),
        ]
    if plan.aggregation in _PER_SECOND:
        shown = whole if plan.unit in ("", "count") else in_unit
        return [_number_cell(rate_title(scene), lambda row: number(row.value) / seconds, shown, natural=True)]
    if any(not isinstance(one, int | float) for one in scene.data.rows.values()):
        return [RowCell("value", _as_text, lambda row: str(row.value), "number", most=30)]
    shown = _in(plan.unit) if plan.unit else numbers.whole
    return [_number_cell(rate_title(scene), lambda row: _as_it_is(row.value), shown, natural=True)]


def _as_text(row: Row) -> str:
    return "unknown" if row.value is None else visible(str(row.value))


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


def _beside(scene: Scene) -> list[RowCell]:
    """The column of another map's numbers, if there is one."""
    if scene.beside is None:
        return []
    seconds, suffix = per(scene)
    found = scene.beside.numbers
    title = f"{scene.beside.name}{suffix}"
    return [_number_cell(title, lambda row: number(found.get(row.key, 0)) / seconds, numbers.whole)]


def _share(scene: Scene) -> list[RowCell]:
    """The column with the share of each group, if rows are grouped and add up. Of sums with both signs, the share of
    all amounts without their signs."""
    if scene.groups is None or scene.data.plan.aggregation not in _PER_SECOND:
        return []
    whole = sum(abs(number(value)) for value in scene.data.rows.values())

    def share(row: Row) -> float:
        return abs(number(row.value))

    return [
        RowCell("%", lambda row: numbers.share(share(row), whole), share, "dim", "right", least=3, most=4, falls=True)
    ]


def _charts(scene: Scene) -> list[RowCell]:
    """The columns of the bar and the trend, which take the spare cells."""
    top = largest(scene)

    def draw_bar(row: Row, cells: int) -> str:
        return bar(number(row.value), top, cells, scene.glyphs)

    charts = [trend_cell(scene)]
    if scene.width >= WIDE:
        charts.insert(0, RowCell("", _blank, None, "bar", least=BAR, most=LONGEST, spare=2, drawn=draw_bar))
    return charts


def trend_cell(scene: Scene) -> RowCell:
    """The column of the row's last flushes, the newest at the right. Its heading is the time of a full trend."""
    flush, most = scene.flush, scene.trend.length
    covered = numbers.duration(most * flush.origin.plan.period_ns(flush.mark) / 1e9)

    def draw_trend(row: Row, cells: int) -> str:
        values, wide = scene.trend.peaks(row.key, cells), max(1, cells // most)
        return sparkline([value for value in values for _ in range(wide)], cells, scene.glyphs)

    return RowCell(covered, _blank, None, "trend", "right", least=TREND, most=WIDEST * most, spare=3, drawn=draw_trend)


def _blank(_row: Row) -> str:
    return ""


def _first_sort(scene: Scene, cells: list[RowCell]) -> str:
    return scene.data.plan.sort or cells[0].title


def summary(scene: Scene, rows: Mapping[str, Value]) -> str:
    """Rows of the scene's map as one rate, or as one total if it holds totals since its start; else their number."""
    plan = scene.data.plan
    if plan.aggregation in (*_PER_SECOND, "stats", "avg"):
        seconds, suffix = per(scene)
        unit = plan.unit if plan.aggregation == "sum" else ""
        return f"{about(scene)}{numbers.with_unit(total(scene, rows) / seconds, unit)}{suffix}"
    return counted(len(rows), "row")


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
            lines += wrapped(head, visible_name(text) or (NO_FRAMES if is_stack else ""), scene.width)
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
        lines.append(_named("in flush", f"{about(scene)}{row.value:,} in {scene.flush.seconds:.3f} s", scene.width))
    lines += [_named("error", text, scene.width) for text in _errors(scene, row.value)]
    trend = sparkline(scene.trend.values(key), min(60, max(8, scene.width - 16)), scene.glyphs)
    lines.append(fit((Span(f"{'last minute':>12}  ", "heading"), Span(trend.strip(), "trend")), scene.width))
    return tuple(lines)


def _errors(scene: Scene, value: Value) -> Iterator[str]:
    """The standard error of a scaled value, as text; none if the value is not scaled."""
    plan = scene.data.plan
    if plan.one_in == 1:
        return
    if plan.by_key or plan.aggregation == "sum":
        yield f"unknown: one in {plan.one_in} was counted"
        return
    count = amount(value) or 0.0
    if count == 0:
        yield f"unknown: none of its events was among one in {plan.one_in}"
        return
    error = 100 * standard_error(count, plan.one_in)
    yield f"±{error:.2g} %: {round(count / plan.one_in):,} events of one in {plan.one_in}"


def _named(title: str, text: str, cells: int) -> Line:
    return fit((Span(f"{title:>12}  ", "heading"), Span(text, "number")), cells)
