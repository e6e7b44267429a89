"""The heat map as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.history.course import Course, Point, T
from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, Span, line_width, plain
from bttop.ui.views.base import Drawing, Scene, ViewChoice
from bttop.ui.views.heatmap import VIEW
from bttop.ui.views.plot import CellChoice, holds, moved, next_together, pointed, rectangle_of, selected
from tests.model.history.test_heat import POWERS, STEPS
from tests.ui.scenes import SECOND, START, WALL, buckets, flush_of, map_plan, scene, texts

HIST = map_plan("hist", [], unit="us")
KEYED = map_plan("hist", unit="us")


class Flushes:
    """The past of a scene, from flushes."""

    def __init__(self, flushes: Sequence[Flush], unread: int = 0) -> None:
        self.flushes = flushes
        self.unread = unread

    def course(self, _about: Hashable, length: int, read: Callable[[Flush], T | None]) -> Course[T]:
        """The figure of the last flushes."""
        found = [(number, flush, read(flush)) for number, flush in enumerate(self.flushes)]
        points = [
            Point(number, flush.generation, flush.start_ns, flush.end_ns, value)
            for number, flush, value in found
            if value is not None
        ]
        return Course(tuple(points[-length:]), self.unread)


def view(
    rows: Sequence[Mapping[str, Value]],
    plan: MapPlan = HIST,
    choice: ViewChoice | None = None,
    *,
    size: tuple[int, int] = (60, 14),
    glyphs: Glyphs = UNICODE,
    shades: int = 0,
    unread: int = 0,
) -> Scene:
    """A scene whose last flushes had these rows, one per second."""
    flushes = []
    for number, one in enumerate(rows):
        start = START + number * SECOND
        made = flush_of(MapData(plan, "hist", one))
        flushes.append(replace(made, start_ns=start, end_ns=start + SECOND, wall_ns=WALL + number * SECOND))
    last = flushes[-1] if flushes else flush_of(MapData(plan, "hist", {}))
    width, height = size
    made_scene = scene(last.maps["@m"].rows, plan, choice, width=width, height=height, glyphs=glyphs)
    return replace(made_scene, flush=last, past=Flushes(flushes, unread), shades=shades)


def cells(drawing: Drawing) -> list[str]:
    """The lines of cells without labels, the highest first, with one character of each column: the middle one."""
    plot = drawing.plot
    assert plot is not None
    found = [line[plot.left :].rstrip() for line in texts(drawing)[plot.top : plot.top + plot.row_lines]]
    return [line[(plot.wide - 1) // 2 :: plot.wide] for line in found]


def body(found: Scene) -> list[str]:
    return cells(VIEW.draw(replace(found, glyphs=replace(found.glyphs, quantiles=""))))


def test_columns_are_flushes_and_rows_are_buckets() -> None:
    found = view([{"": buckets(1)}, {"": buckets(1, 8)}, {"": buckets(0, 8, 64)}], glyphs=ASCII)
    assert body(found) == ["  #", " ++", ".."]
    lines = texts(VIEW.draw(found))
    assert lines[0].startswith("us  82  _p50 4-8us"), lines[0]
    assert [line[:9] for line in lines[1:4]] == ["     4us ", "     2us ", "     1us "]
    assert lines[-1].split() == ["14:13:19", "14:13:22"]


def test_two_buckets_share_a_line_where_the_theme_has_colours() -> None:
    found = view([{"": buckets(*[1] * 20)}], size=(40, 12), shades=15)
    drawing = VIEW.draw(found)
    assert drawing.plot is not None
    assert (drawing.plot.rows_per_line, drawing.plot.row_lines, drawing.note) == (2, 10, "")
    for other in (replace(found, shades=0), replace(found, glyphs=ASCII)):
        assert VIEW.draw(other).note == "2 buckets a row"


def test_a_half_cell_without_events_has_the_background_of_the_terminal() -> None:
    found = view([{"": buckets(*[1, 0] * 10)}, {"": buckets(*[0, 1] * 10)}], size=(40, 12), shades=15)
    line = VIEW.draw(replace(found, glyphs=replace(UNICODE, quantiles=""))).lines[3]
    assert [(span.text, span.role) for span in line[1:3]] == [("▄" * 8 + "▀" * 8, "heat 15 0"), (" " * 15, "text")]


def test_one_slow_event_among_millions_is_seen() -> None:
    found = view([{"": (Bucket(1, 1, 2**63), Bucket(2**20, 2**21 - 1, 1))}], size=(40, 30), glyphs=ASCII)
    assert body(found)[0] == "."


def test_percentiles_are_lines_over_the_cells() -> None:
    found = view([{"": buckets(50, 0, 45, 0, 0, 5)}] * 3, glyphs=ASCII)
    assert [line for line in cells(VIEW.draw(found)) if set(line) & set("_-~")] == ["~~~", "---", "___"]


def test_the_heading_says_the_cell_under_the_cursor() -> None:
    found = view([{"": buckets(1, 3)}, {"": buckets(6, 2)}], choice=ViewChoice(cell=CellChoice(START + SECOND, 2)))
    heading = texts(VIEW.draw(replace(found, width=100)))[0]
    assert heading.startswith("[2us, 4us)  3 of 4, 75 %  14:13:20 1s  ━p50 2-4us"), heading


def test_the_arrows_move_the_cursor_and_shift_extends_a_rectangle() -> None:
    drawing = VIEW.draw(view([{"": buckets(1, 1, 1)}] * 5))
    plot = drawing.plot
    assert plot is not None
    shown = moved(plot, CellChoice(), -1, 0, extends=False)
    assert (shown.at_ns, shown.value) == (START + 5 * SECOND, 2)
    there = moved(plot, shown, -1, 1, extends=True)
    there = moved(plot, there, -1, 0, extends=True)
    span = selected(plot, there)
    assert span is not None and span[1] is not None
    assert (span[0].begin_ns, span[0].end_ns) == (START + 2 * SECOND, START + 5 * SECOND)
    assert (span[1].low, span[1].high) == (2, 7)
    everything = moved(plot, moved(plot, there, 0, 9, extends=True), 9, -9, extends=False)
    assert selected(plot, everything) is None
    tall = moved(plot, moved(plot, everything, 0, 0, extends=True), 0, 9, extends=True)
    assert selected(plot, tall) == (span[0].__class__(START + 4 * SECOND, START + 5 * SECOND), None)


def test_the_mouse_points_at_cells() -> None:
    drawing = VIEW.draw(view([{"": buckets(1, 1, 1)}] * 5))
    plot = drawing.plot
    assert plot is not None
    assert holds(plot, plot.left, 1) and not holds(plot, plot.left - 1, 1) and not holds(plot, plot.left, 0)
    there = pointed(plot, CellChoice(), plot.left + plot.wide, 1, extends=False)
    assert (there.at_ns, there.value) == (START + 2 * SECOND, 4)
    corners = rectangle_of(plot, pointed(plot, there, 999, 999, extends=True))
    assert corners is not None
    assert [(one.column, one.row) for one in corners] == [(1, 0), (4, 2)]


def test_columns_are_wide_while_there_are_few_flushes() -> None:
    """41 cells beside the labels."""
    for count, wide in ((1, 8), (5, 8), (6, 6), (13, 3), (20, 2), (21, 1), (41, 1), (42, 1), (500, 1)):
        drawing = VIEW.draw(view([{"": buckets(1, 1)}] * count, size=(50, 10)))
        plot = drawing.plot
        assert plot is not None
        assert plot.wide == wide, count
        assert all(line_width(line) == 50 for line in drawing.lines)
        end = plot.left + len(plot.columns) * wide
        assert holds(plot, end - 1, 1) and not holds(plot, end, 1)
        assert len({*texts(drawing)[1][plot.left : end]}) == 1, "the line of a percentile has no holes"
        if len(plot.columns) * wide > 16:
            assert len(texts(drawing)[-1].rstrip()) == end, "the last time is below the end of the last column"
    reading = VIEW.draw(view([{"": buckets(1, 1)}] * 5, size=(50, 10), unread=15)).plot
    assert reading is not None and reading.wide == 2, "it does not get narrower while older flushes are read"


def test_each_cell_of_a_wide_column_is_that_column() -> None:
    plot = VIEW.draw(view([{"": buckets(1, 1, 1)}] * 5)).plot
    assert plot is not None and plot.wide == 8
    ends = [pointed(plot, CellChoice(), plot.left + x, 1, extends=False).at_ns for x in range(-3, 45)]
    assert ends == [START + SECOND * min(5, 1 + max(0, x) // 8) for x in range(-3, 45)]


@pytest.mark.parametrize("shades", [0, 15])
def test_the_cursor_and_the_rectangle_are_as_wide_as_their_columns(shades: int) -> None:
    choice = CellChoice(START + 2 * SECOND, 1, START + SECOND, 1)
    found = view([{"": buckets(1)}] * 3, choice=ViewChoice(cell=choice), glyphs=ASCII, size=(42, 6))
    found = replace(found, glyphs=replace(ASCII, quantiles="", halves="^_"), shades=shades)
    spans = VIEW.draw(found).lines[1][1:]
    assert [(len(one.text), one.text.strip()) for one in spans[:3]] == [
        (8, "/" * 8),
        (8, "X"),
        (8, "#" * 8 if not shades else ""),
    ]
    assert spans[1].role == found.cursor


def test_a_rectangle_is_drawn() -> None:
    choice = CellChoice(START + 2 * SECOND, 1, START + SECOND, 2)
    found = view([{"": buckets(1, 1, 1)}] * 3, choice=ViewChoice(cell=choice), glyphs=ASCII)
    assert body(found) == ["###", "//#", "/X#"]


def test_a_gap_is_drawn_and_said() -> None:
    found = view([{"": buckets(3)}] * 2, glyphs=ASCII, size=(90, 10))
    past = found.past
    assert isinstance(past, Flushes)
    later = replace(past.flushes[1], start_ns=START + 60 * SECOND, end_ns=START + 61 * SECOND)
    found = replace(found, past=Flushes([past.flushes[0], later]), flush=later)
    assert body(found) == ["#:#"]
    at_gap = replace(found, choice=ViewChoice(cell=CellChoice(START + 60 * SECOND, 1)))
    assert texts(VIEW.draw(at_gap))[0].split("  ")[0].endswith("59s")
    assert "no flush" in texts(VIEW.draw(at_gap))[0]


def test_keyed_histograms_show_the_chosen_row_or_the_sum_or_what_passes_the_filter() -> None:
    rows: list[Mapping[str, Value]] = [{"1,a": buckets(1), "2,b": buckets(0, 4)}] * 3
    assert texts(VIEW.draw(view(rows, KEYED)))[0].startswith("us, all keys  15")
    chosen = view(rows, KEYED, ViewChoice(selected="2,b", moved=True))
    assert texts(VIEW.draw(chosen))[0].startswith("2 b  12")
    assert VIEW.draw(chosen).keys[0] == "2,b"
    assert texts(VIEW.draw(view(rows, KEYED, ViewChoice(needle="A"))))[0].startswith("us, keys with “A”  3")


def test_what_is_merged_hidden_or_unread_is_said() -> None:
    rows = [{"": buckets(1)}] * 100
    assert VIEW.draw(view(rows, size=(39, 10))).note == "5 flushes a column"
    few = ViewChoice(cell=CellChoice(together=1))
    assert VIEW.draw(view(rows, choice=few, size=(39, 10), unread=1)).note == "1 flush to read"
    gaps = view(rows, size=(39, 10))
    assert isinstance(gaps.past, Flushes)
    apart = [
        replace(flush, start_ns=START + 9 * at * SECOND, end_ns=START + (9 * at + 1) * SECOND)
        for at, flush in enumerate(gaps.past.flushes)
    ]
    assert VIEW.draw(replace(gaps, past=Flushes(apart))).note == "3600 flushes a column, 85 older flushes not shown"


def test_more_or_fewer_flushes_are_merged() -> None:
    assert [next_together(now, step) for now, step in [(1, 1), (10, -1), (1, -1), (3600, 1)]] == [2, 5, 1, 3600]


def test_only_histograms_of_intervals_have_a_heat_map() -> None:
    assert VIEW.rank(HIST, has_keys=False) > 0
    assert VIEW.rank(map_plan("count"), has_keys=True) == 0
    assert VIEW.rank(map_plan("hist", [], kept=True), has_keys=False) == 0


@pytest.mark.parametrize("size", [(10, 8), (1, 1), (24, 3), (80, 24), (200, 50)])
@pytest.mark.parametrize("rows", [[], [{}], [{"": (Bucket(100, None, 5),)}], [{"": (Bucket(None, -1, 2**63),)}] * 2])
def test_any_size_has_its_lines(size: tuple[int, int], rows: list[Mapping[str, Value]]) -> None:
    for shades in (0, 15):
        for choice in (None, ViewChoice(cell=CellChoice(START, 0, START + SECOND, 9))):
            drawing = VIEW.draw(view(rows, size=size, shades=shades, choice=choice))
            assert len(drawing.lines) == size[1]
            assert all(line_width(line) == size[0] for line in drawing.lines)


@settings(max_examples=40)
@given(st.lists(POWERS | STEPS, min_size=1, max_size=8), st.integers(40, 60), st.integers(3, 20))
def test_every_column_with_events_has_a_drawn_cell(found: list[tuple[Bucket, ...]], width: int, height: int) -> None:
    used = [any(bucket.count for bucket in one) for one in found]
    for shades in (0, 15):
        drawn = view([{"": one} for one in found], size=(width, height), shades=shades)
        lines = _marked(VIEW.draw(replace(drawn, glyphs=replace(UNICODE, quantiles=""))))
        assert [any(line[at : at + 1].strip() for line in lines) for at in range(len(found))] == used


def _marked(drawing: Drawing) -> list[str]:
    """The lines of cells with a mark for each cell that has a colour or a glyph."""
    plot = drawing.plot
    assert plot is not None
    lines = drawing.lines[plot.top : plot.top + plot.row_lines]
    marked = [[Span("x" * len(one.text)) if one.role.startswith("heat") else one for one in line] for line in lines]
    return [plain(line)[plot.left :: plot.wide] for line in marked]
