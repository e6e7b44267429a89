"""Sorted rows in columns: the functions that all table-like views share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from bttop.model.format.text import visible, visible_name
from bttop.model.plan import Column
from bttop.model.record.stacks import names
from bttop.ui.render.spans import Exact, Line, Span, fit, with_role
from bttop.ui.render.text import left, middle, right, width
from bttop.ui.views.base import Drawing, Scene, SortColumn, ViewChoice, decoded
from bttop.ui.views.ordering import Keys, Order, Row, head

GAP = 1
_PLACES = {"left": left, "right": right, "middle": middle}
WHOLE = 27
"""Cells of the longest 64-bit number with separators: the maximum width of a number column, which is never cut."""


@dataclass(frozen=True, slots=True)
class RowCell:
    """How one column shows and orders a row."""

    title: str
    text: Callable[[Row], str]
    """Returns the text of the row's cell; not used if `drawn` is set."""
    order: Callable[[Row], Any] | None
    """Returns the sort key of a row; None if the column cannot be sorted by."""
    role: str = "text"
    align: Literal["left", "right", "middle"] = "left"
    least: int = 3
    """Cells below which the column is left out."""
    most: int = 64
    falls: bool = False
    """The default order is the largest first."""
    spare: int = 0
    """Weight when spare cells are distributed; 0 gets none."""
    natural: bool = False
    """Rows are ordered by their values."""
    rigid: bool = False
    """Never cut, because a cut number would be wrong."""
    drawn: Callable[[Row, int], str] | None = None
    """Draws the cell in a given width, instead of `text`: for bars and trends, which take the spare cells."""


def text_cells(scene: Scene) -> list[RowCell]:
    """One column per key part, and the extra column if there is one."""
    cells = []
    for index, column in enumerate(scene.data.plan.columns):
        cells.append(_part_cell(scene, index, column))
    if scene.extra is not None and _pid_index(scene) is not None:
        extra = scene.extra.title
        cells.append(
            RowCell(extra, lambda row: visible_name(extra_text(scene, row.key)), lambda row: extra_text(scene, row.key))
        )
    return cells


def _pid_index(scene: Scene) -> int | None:
    """Index of the key part that is a process id; None if there is none."""
    titles = [column.title for column in scene.data.plan.columns]
    title = scene.data.plan.pid or "pid"
    return titles.index(title) if title in titles else None


def extra_text(scene: Scene, key: str) -> str:
    """The text of the extra column for a row; empty without a process id."""
    index, found = _pid_index(scene), decoded(scene, key)
    if scene.extra is None or index is None or index >= len(found):
        return ""
    pid = found[index]
    return scene.extra.of(pid) if isinstance(pid, int) else ""


def _part_cell(scene: Scene, index: int, column: Column) -> RowCell:
    title = column.title
    numeric = column.kind == "int" and not column.decoder
    shown = _frames if column.kind == "stack" else visible_name

    def part(row: Row) -> int | str:
        found = decoded(scene, row.key)
        return found[index] if index < len(found) else ""

    def order(row: Row) -> tuple[int, int | str]:
        value = part(row)
        return (0, value) if isinstance(value, int) else (1, value)

    is_id = numeric or title in (scene.data.plan.pid, scene.data.plan.tid)
    return RowCell(
        title,
        lambda row: shown(str(part(row))),
        order,
        role="number" if is_id else "name",
        align="right" if is_id else "left",
        least=len(title) if is_id else 8,
        most=20 if is_id else 48,
        rigid=is_id,
    )


@lru_cache(maxsize=4096)
def _frames(text: str) -> str:
    """A stack on one line, innermost frame first. Cached, because each flush has mostly the same stacks."""
    return " < ".join([visible_name(name) for name in names(text)]) or "[no frames]"


def matches(scene: Scene, key: str, needle: str) -> bool:
    """Whether any part of the row's key, as shown, contains the needle (lower case)."""
    if any(needle in str(part).casefold() for part in decoded(scene, key)):
        return True
    return scene.extra is not None and needle in extra_text(scene, key).casefold()


def passing(scene: Scene) -> list[Row]:
    """The rows that pass the filter, unsorted."""
    needle = scene.choice.needle.casefold()
    rows = scene.data.rows
    if not needle:
        return [Row(key, value) for key, value in rows.items()]
    return [Row(key, value) for key, value in rows.items() if matches(scene, key, needle)]


def draw_rows(
    scene: Scene,
    cells: Sequence[RowCell],
    *,
    default_sort: str,
    summary: str,
    under: Callable[[Row], Sequence[Line]] | None = None,
) -> Drawing:
    """Sort, cut and lay out the rows. `under` returns the lines below a row that is unfolded."""
    by, falls = _sorting(scene.choice, cells, default_sort)
    height = max(0, scene.height - 1)
    order = Order(by.order, by.natural, falls) if by is not None and by.order is not None else None
    ordered, keys_in_order = _ordered(scene, order, height)
    extra = _extra_lines(scene, under)
    top = _top(ordered, scene.choice, height, extra)
    shown = ordered[top : top + height]
    texts = [["" if cell.drawn else cell.text(row) for cell in cells] for row in shown]
    widths = _widths(cells, texts, scene.width, scene.choice.widths)
    heading, sorts = _heading(cells, widths, by.title if by else "", scene)
    lines: list[Line] = [heading]
    keys: list[str | None] = [None]
    drawn = 0
    for row, row_texts in zip(shown, texts, strict=True):
        if len(lines) > height:
            break
        line = _line(cells, row, row_texts, widths, scene.width)
        lines.append(with_role(line, "cursor") if row.key == scene.choice.selected else line)
        keys.append(row.key)
        drawn += 1
        unfolded = [fit(one, scene.width) for one in extra(row)][: height + 1 - len(lines)]
        lines += unfolded
        keys += [row.key] * len(unfolded)
    return Drawing(
        tuple(lines[: scene.height]),
        tuple(keys[: scene.height]),
        keys_in_order,
        summary,
        max(0, len(keys_in_order) - top - drawn),
        sorts,
        replace(scene.choice, top=top, widths=tuple(widths)),
    )


def _extra_lines(scene: Scene, under: Callable[[Row], Sequence[Line]] | None) -> Callable[[Row], Sequence[Line]]:
    """The lines below a row: empty unless it is unfolded."""
    return lambda row: under(row) if under is not None and row.key in scene.choice.opened else ()


def _sorting(choice: ViewChoice, cells: Sequence[RowCell], default: str) -> tuple[RowCell | None, bool]:
    wanted = choice.sort or default
    by = next((cell for cell in cells if cell.title == wanted and cell.order), None)
    by = by or next((cell for cell in cells if cell.order), None)
    return by, bool(by and by.falls) != choice.reverse


def _ordered(scene: Scene, order: Order | None, height: int) -> tuple[Sequence[Row], Sequence[str]]:
    """At least the rows that are shown, in order, and the keys of all rows."""
    choice = scene.choice
    if order is None:
        rows = passing(scene)
        return rows, [row.key for row in rows]
    if choice.selected is None and choice.top == 0 and not choice.needle:
        first = head(scene.data.rows, height, order)
        if first is not None:
            return first, Keys([row.key for row in first], len(scene.data.rows), lambda: _all_keys(scene, order))
    rows = order.sort(passing(scene))
    return rows, [row.key for row in rows]


def _all_keys(scene: Scene, order: Order) -> list[str]:
    return [row.key for row in order.sort(passing(scene))]


def _top(ordered: Sequence[Row], choice: ViewChoice, height: int, extra: Callable[[Row], Sequence[Line]]) -> int:
    """Index of the first row on screen: as chosen, but moved so that the selected row is visible."""
    top = max(0, min(choice.top, len(ordered) - (1 if choice.opened else height)))
    if choice.selected is None:
        return top
    at = next((index for index, row in enumerate(ordered) if row.key == choice.selected), None)
    if at is None:
        return top
    top = at if at < top else max(top, at - height + 1)
    while top < at and at - top + sum(len(extra(row)) for row in ordered[top:at]) >= height:
        top += 1
    return top


def _widths(cells: Sequence[RowCell], texts: list[list[str]], room: int, before: tuple[int, ...]) -> list[int]:
    """Width of each column in cells: its natural width, at least that of the last drawing. Columns are shrunk or
    dropped from the right until they fit; spare cells are distributed."""
    natural = [
        min(cell.most, max([len(cell.title) + 1, cell.least, *(width(row[index]) for row in texts)]))
        for index, cell in enumerate(cells)
    ]
    if len(before) == len(cells):
        natural = [
            now if cell.spare else min(cell.most, max(now, old))
            for cell, now, old in zip(cells, natural, before, strict=True)
        ]
    _shrink(cells, natural, room)
    return _share_out(cells, natural, room)


def _total(widths: Sequence[int]) -> int:
    used = [one for one in widths if one > 0]
    return sum(used) + GAP * max(0, len(used) - 1)


def _shrink(cells: Sequence[RowCell], widths: list[int], room: int) -> None:
    """Shrink the column with the most cells above its minimum; if there is none, drop columns: first those that are
    drawn (bars and trends), then the rightmost."""
    while _total(widths) > room:
        giving = [index for index, cell in enumerate(cells) if widths[index] > max(1, cell.least) and not cell.rigid]
        if giving:
            widest = max(giving, key=lambda index: widths[index] - cells[index].least)
            widths[widest] -= 1
            continue
        drawn = [index for index, cell in enumerate(cells) if cell.drawn and widths[index]]
        left_over = drawn or [index for index in range(1, len(cells)) if widths[index]]
        if not left_over:
            widths[0] = room
            return
        widths[left_over[-1]] = 0


def _share_out(cells: Sequence[RowCell], widths: list[int], room: int) -> list[int]:
    """Distribute the spare cells; the share of a column at its maximum is given to the others."""
    takers = [index for index, cell in enumerate(cells) if cell.spare and widths[index]]
    while takers and (extra := room - _total(widths)) > 0:
        shares = sum(cells[index].spare for index in takers)
        before = list(widths)
        for index in takers:
            widths[index] += max(0, min(extra * cells[index].spare // shares, cells[index].most - widths[index]))
        takers = [index for index in takers if widths[index] < cells[index].most]
        if widths == before:
            break
    return widths


def _heading(cells: Sequence[RowCell], widths: list[int], by: str, scene: Scene) -> tuple[Line, tuple[SortColumn, ...]]:
    spans: list[Span] = []
    sorts: list[SortColumn] = []
    at = 0
    for cell, cells_wide in zip(cells, widths, strict=True):
        if cells_wide <= 0:
            continue
        sorted_by = cell.title == by
        mark = scene.glyphs.reversed if scene.choice.reverse else scene.glyphs.sorted
        title = visible(cell.title) + (mark if sorted_by else "")
        text = right(title, cells_wide) if cell.align == "right" else left(title, cells_wide)
        gap = _gap(scene.width - at - cells_wide)
        spans.append(Span(text + gap, "sorted" if sorted_by else "heading"))
        if cell.order:
            sorts.append(SortColumn(cell.title, at, at + cells_wide))
        at += cells_wide + len(gap)
    return fit(spans, scene.width), tuple(sorts)


def _gap(left_over: int) -> str:
    """The blank after a column; empty at the end of a full line."""
    return " " * min(GAP, max(0, left_over))


def _line(cells: Sequence[RowCell], row: Row, texts: Sequence[str], widths: Sequence[int], room: int) -> Line:
    """The line of one row. Adjacent cells of one role are one span, because a span costs more than its characters."""
    spans: list[Span] = []
    used = 0
    for cell, text, cells_wide in zip(cells, texts, widths, strict=True):
        if cells_wide <= 0:
            continue
        gap = _gap(room - used - cells_wide)
        used += cells_wide + len(gap)
        piece = (cell.drawn(row, cells_wide) if cell.drawn else _PLACES[cell.align](text, cells_wide)) + gap
        if spans and spans[-1].role == cell.role:
            spans[-1] = Span(spans[-1].text + piece, cell.role)
        else:
            spans.append(Span(piece, cell.role))
    if spans and used < room:
        spans[-1] = Span(spans[-1].text + " " * (room - used), spans[-1].role)
    return Exact.of(spans, room) if used <= room else fit(spans, room)
