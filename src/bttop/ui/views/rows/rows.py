"""Sorted rows in columns: the functions that all table-like views share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.rates import is_additive
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import Column
from bttop.model.record.records import Value
from bttop.ui.render.spans import Exact, Line, Span, fit, with_role
from bttop.ui.render.text import left, middle, right, width
from bttop.ui.views.base import Drawing, Scene, SortColumn, ViewChoice, decoded
from bttop.ui.views.rows.ordering import Keys, Order, Row, head
from bttop.ui.views.rows.row_names import frames_text
from bttop.ui.views.rows.scrolling import fitting, top_row, with_chosen_row, with_cursor

GAP = 1
_ALIGNED = {"left": left, "right": right, "middle": middle}
_CHARTS = frozenset({"bar", "trend"})
"""Roles of drawn cells."""
WHOLE = 27
"""Cells of the longest 64-bit number with separators: the maximum width of a number column, which is never cut."""


class RowCell(Struct, frozen=True):
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
    names_process: bool = False
    """Left out before a text is cut, if it is the same in all rows: the pane's title line names the process."""
    drawn: Callable[[Row, int], str] | None = None
    """Draws the cell in a given width, instead of `text`: for bars and trends, which take the spare cells."""


class _Place(NamedTuple):
    """A visible column of a drawing."""

    cell: RowCell
    number: int
    """Its number among all columns, from 0."""
    width: int
    gap: str
    """The blank after it, if any."""


def text_cells(scene: Scene) -> list[RowCell]:
    """One column per key part, and the extra column if there is one."""
    parts: dict[str, tuple[int | str, ...]] = {}

    def parts_of(row: Row) -> tuple[int | str, ...]:
        found = parts.get(row.key)
        if found is None:
            found = parts[row.key] = decoded(scene, row.key)
        return found

    cells = [_part_cell(scene, index, column, parts_of) for index, column in enumerate(scene.data.plan.columns)]
    if scene.groups is not None:
        cells.insert(0, _rows_cell(scene.groups))
    if scene.extra is not None and _pid_index(scene) is not None:
        extra = scene.extra.title
        cells.append(
            RowCell(extra, lambda row: visible_name(extra_text(scene, row.key)), lambda row: extra_text(scene, row.key))
        )
    return cells


def _rows_cell(groups: Mapping[str, int]) -> RowCell:
    """The column with the number of rows in a group."""

    def rows(row: Row) -> int:
        return groups.get(row.key, 0)

    return RowCell("rows", lambda row: f"{rows(row):,}", rows, "dim", "right", least=4, most=20, falls=True, rigid=True)


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


def _part_cell(scene: Scene, index: int, column: Column, parts_of: Callable[[Row], tuple[int | str, ...]]) -> RowCell:
    title = column.title
    numeric = column.kind == "int" and not column.decoder
    shown = frames_text if column.kind == "stack" else visible_name

    def part(row: Row) -> int | str:
        found = parts_of(row)
        return found[index] if index < len(found) else ""

    def order(row: Row) -> tuple[int, int | str]:
        value = part(row)
        return (0, value) if isinstance(value, int) else (1, value)

    is_id = numeric or title in (scene.data.plan.pid, scene.data.plan.tid)

    def text(row: Row) -> str:
        # A chosen row without a fold is one of another flush.
        if is_id and part(row) == -1 and (row.key in scene.folds or row.key not in scene.data.rows):
            return f"{scene.folds.get(row.key, 0)} {title}s"
        return shown(str(part(row)))

    return RowCell(
        title,
        text,
        order,
        role="number" if is_id else "name",
        align="right" if is_id else "left",
        least=len(title) if is_id else 8,
        most=20 if is_id else 48,
        rigid=is_id,
        names_process=scene.of_process and title in (scene.data.plan.pid or "pid", "comm"),
    )


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
    summary: Callable[[Mapping[str, Value]], str],
    under: Callable[[Row], Sequence[Line]] | None = None,
) -> Drawing:
    """Sort, cut and lay out the rows. `summary` returns the text of the rule for a map; `under` returns the lines
    below a row that is unfolded."""
    scene = _with_visible_choice(scene)
    by, falls = _sorting(scene.choice, cells, default_sort)
    height = max(0, scene.height - 1)
    order = Order(by.order, by.natural, falls) if by is not None and by.order is not None else None
    passed, passed_keys = _ordered(scene, order, height)
    ordered, keys_in_order = with_chosen_row(scene, passed, passed_keys)
    extra = _extra_lines(scene, under)
    top = top_row(ordered, scene.choice, height, extra)
    shown = fitting(ordered[top : top + height], height, extra)
    choice = with_cursor(scene.choice, shown, top)
    texts = [_texts(scene, cells, row) for row in shown]
    widths = _widths(cells, texts, scene.width, choice.widths)
    heading, sorts = _heading(cells, widths, by.title if by else "", scene)
    places = _places(cells, widths, scene.width)
    lines: list[Line] = [heading]
    keys: list[str | None] = [None]
    for row, row_texts in zip(shown, texts, strict=True):
        line = _line(places, row, row_texts, scene.width)
        lines.append(_under_cursor(line, scene.cursor) if scene.cursor and row.key == choice.selected else line)
        keys.append(row.key)
        unfolded = [fit(one, scene.width) for one in extra(row)][: height + 1 - len(lines)]
        lines += unfolded
        keys += [row.key] * len(unfolded)
    return Drawing(
        tuple(lines[: scene.height]),
        tuple(keys[: scene.height]),
        keys_in_order,
        _summary(scene, passed, summary),
        max(0, len(keys_in_order) - top - len(shown)),
        sorts,
        replace(choice, top=top, widths=tuple(widths)),
        above=top,
    )


def _summary(scene: Scene, passed: Sequence[Row], summary: Callable[[Mapping[str, Value]], str]) -> str:
    """The whole map in a few characters; with a filter, first what passes it."""
    whole = summary(scene.data.rows)
    return f"{summary({row.key: row.value for row in passed})} of {whole}" if scene.choice.needle else whole


def _with_visible_choice(scene: Scene) -> Scene:
    """The scene without a selected row that the filter hides."""
    choice = scene.choice
    if choice.selected is None or not choice.needle or matches(scene, choice.selected, choice.needle.casefold()):
        return scene
    return replace(scene, choice=replace(choice, selected=None, moved=False, at=0))


def _texts(scene: Scene, cells: Sequence[RowCell], row: Row) -> list[str]:
    """The texts of a row's cells. A row that is not in this flush has a rate of zero, and no other numbers."""
    texts = ["" if cell.drawn else cell.text(row) for cell in cells]
    if row.key in scene.data.rows:
        return texts
    unknown = {index for index, cell in enumerate(cells) if cell.falls and (index or not is_additive(scene.data))}
    return ["-" if index in unknown else text for index, text in enumerate(texts)]


def _under_cursor(line: Line, role: str) -> Line:
    """A row in the role of the cursor; bars and trends keep theirs, because a bar in reverse video looks inverted."""
    if not any(span.role in _CHARTS for span in line):
        return with_role(line, role)
    spans = (span if span.role in _CHARTS else Span(span.text, role) for span in line)
    return Exact.of(spans, line.cells) if isinstance(line, Exact) else tuple(spans)


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
    if not choice.moved and choice.top == 0 and not choice.needle:
        first = head(scene.data.rows, height, order)
        if first is not None:
            return first, Keys([row.key for row in first], len(scene.data.rows), lambda: _all_keys(scene, order))
    rows = order.sort(passing(scene))
    return rows, [row.key for row in rows]


def _all_keys(scene: Scene, order: Order) -> list[str]:
    return [row.key for row in order.sort(passing(scene))]


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
    _leave_out_bar(cells, natural, room)
    _leave_out_process(cells, natural, texts, room)
    _shrink(cells, natural, room)
    return _share_out(cells, natural, room)


def _total(widths: Sequence[int]) -> int:
    used = [one for one in widths if one > 0]
    return sum(used) + GAP * max(0, len(used) - 1)


def _leave_out_bar(cells: Sequence[RowCell], widths: list[int], room: int) -> None:
    """Drop the bar if that is enough, because a cut text says less than a bar adds."""
    drawn_bar = next((index for index, cell in enumerate(cells) if cell.role == "bar" and widths[index]), None)
    if drawn_bar is not None and 0 < _total(widths) - room <= widths[drawn_bar] + GAP:
        widths[drawn_bar] = 0


def _leave_out_process(cells: Sequence[RowCell], widths: list[int], texts: list[list[str]], room: int) -> None:
    """Drop the columns that repeat the process of the pin, as long as a text would be cut."""
    for index, cell in enumerate(cells):
        if cell.names_process and _total(widths) > room and len({row[index] for row in texts}) == 1:
            widths[index] = 0


def _shrink(cells: Sequence[RowCell], widths: list[int], room: int) -> None:
    """Shrink the column with the most cells above its minimum; if there is none, drop columns: first those that are
    drawn (bars and trends), then the rightmost."""
    while (over := _total(widths) - room) > 0:
        spare = [
            0 if cell.rigid else max(0, width - max(1, cell.least)) for cell, width in zip(cells, widths, strict=True)
        ]
        if any(spare):
            # The widest gives until the second widest is as wide.
            second, most = sorted([0, *spare])[-2:]
            widths[spare.index(most)] -= min(over, max(1, most - second))
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
        if cell.drawn and width(title) > cells_wide:
            title = ""  # a chart is understood without its heading, and half a heading is not
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


def _places(cells: Sequence[RowCell], widths: Sequence[int], room: int) -> list[_Place]:
    """Where each visible column is."""
    places = []
    used = 0
    for index, (cell, cells_wide) in enumerate(zip(cells, widths, strict=True)):
        if cells_wide > 0:
            gap = _gap(room - used - cells_wide)
            used += cells_wide + len(gap)
            places.append(_Place(cell, index, cells_wide, gap))
    return places


def _line(places: Sequence[_Place], row: Row, texts: Sequence[str], room: int) -> Line:
    """The line of one row. Adjacent cells of one role are one span, because a span costs more than its characters."""
    spans: list[Span] = []
    for cell, number, cells_wide, gap in places:
        text = cell.drawn(row, cells_wide) if cell.drawn else _ALIGNED[cell.align](texts[number], cells_wide)
        if spans and spans[-1].role == cell.role:
            spans[-1] = Span(spans[-1].text + text + gap, cell.role)
        else:
            spans.append(Span(text + gap, cell.role))
    used = sum([wide + len(gap) for _, _, wide, gap in places])
    if spans and used < room:
        spans[-1] = Span(spans[-1].text + " " * (room - used), spans[-1].role)
    return Exact.of(spans, room) if used <= room else fit(spans, room)
