"""The trend of a pane: what `d` adds, what is drawn, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from bttop.ui.board.histogram_choices import use_next_form
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.board.trend.choices import step_trend
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, line_width, plain
from bttop.ui.themes import load_themes
from bttop.ui.views.base import TrendLine
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, printed_name

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
COUNTS = "profile:hz:99 { @m[pid, comm] = count(); }"
TOTALS = "profile:hz:99 { @m = count(); }"
HISTOGRAMS = "profile:hz:99 { @m[pid, comm] = hist(nsecs); }"
LARGEST = "profile:hz:99 { @m[pid, comm] = max(nsecs); }"


class Shown:
    """A pane over a program whose flushes the test makes."""

    def __init__(self, text: str = COUNTS, *, width: int = 80, height: int = 24, glyphs: Glyphs = UNICODE) -> None:
        self.fake = FakeEngine()
        self.program = self.fake.add("m", text)
        self.fake.attach(self.program)
        frame = FrameState(1, width, height, focused=True, divided=False, below=False, glyphs=glyphs)
        self.pane = Pane(self.program, frame, NIGHT)

    def flush(self, rows: Mapping[str, Any] | int, kind: str = "map", seconds: float = 1.0) -> None:
        data = {printed_name(self.program, "@m"): rows}
        self.fake.flush(self.program, {"type": kind, "data": data}, seconds=seconds)
        self.draw()

    def draw(self) -> None:
        for _ in range(100):
            self.pane.advance()
            self.pane.repaint()
            if not self.pane.model.unfinished:
                return

    def step(self) -> str:
        told = step_trend(self.pane)
        self.draw()
        return told

    @property
    def lines(self) -> list[str]:
        assert self.pane._face is not None
        return [plain(line).rstrip() for line in self.pane._face.lines]

    def legend(self, letter: str) -> str:
        return next(line for line in self.lines if line.startswith(f"{letter} "))


def two_rows(flushes: int = 5, **more: Any) -> Shown:
    """`a` grows by 10 in each flush, `b` is 5. Before them there is a flush without rows."""
    on = Shown(**more)
    for number in range(1, flushes + 1):
        on.flush({"1,a": 10 * number, "2,b": 5})
    return on


def test_d_shows_the_row_under_the_cursor_over_time_above_the_rows() -> None:
    on = two_rows()
    told = on.step()
    assert told == "trend of 1 a: rate; d again: total of all rows; Esc closes it"
    assert on.legend("a").split() == ["a", "1", "a", "rate", "last", "50/s", "min", "0/s", "max", "50/s"]
    assert on.lines[1].lstrip().startswith("50/s│")
    assert any("6 flushes" in line for line in on.lines)
    assert on.pane.cursor == "1,a"
    assert any(line.split()[:3] == ["50", "1", "a"] for line in on.lines)


def test_d_on_further_rows_adds_lines() -> None:
    on = two_rows()
    on.step()
    on.pane.move(1)
    on.step()
    assert on.legend("b").split() == ["b", "2", "b", "rate", "last", "5/s", "min", "0/s", "max", "5/s"]
    assert "50/s" in on.legend("a")


def test_d_on_the_same_row_steps_to_the_total_to_the_cost_and_to_none() -> None:
    on = two_rows()
    on.step()
    on.step()
    assert on.legend("a").split() == ["a", "all", "rows", "total", "last", "55/s", "min", "0/s", "max", "55/s"]
    on.step()
    assert on.legend("a").startswith("a the program cost last -")
    assert on.step() == "no line of 1 a"
    assert on.pane.choice.trend == ()


def test_esc_removes_all_lines() -> None:
    on = two_rows()
    before = on.lines
    on.step()
    assert on.pane.close_trend()
    assert on.lines == before
    assert not on.pane.close_trend()


def test_a_histogram_has_its_percentiles_as_ranges_and_then_its_rate() -> None:
    on = Shown(HISTOGRAMS)
    for low in (8, 1024):
        on.flush({"1,a": [{"min": low, "max": 2 * low - 1, "count": 4}]}, "hist")
    on.step()
    assert [on.legend(letter).split()[3:] for letter in "abc"] == [
        [number, "last", "1K-2K", "min", "8-16", "max", "1K-2K"] for number in ("p50", "p90", "p99")
    ]
    on.step()
    assert on.legend("a").split()[3:5] == ["rate", "last"]


def test_a_map_without_keys_has_a_trend_too() -> None:
    on = Shown(TOTALS)
    on.flush(7)
    on.flush(16)
    on.step()
    assert on.legend("a").split() == ["a", "m", "rate", "last", "9/s", "min", "0/s", "max", "9/s"]
    assert len(on.lines) == 24


def test_lines_of_different_units_have_their_own_scales() -> None:
    on = two_rows()
    on.step()
    on.pane.move(1)
    on.step()
    on.step()
    on.step()
    assert any("each line to its own scale" in line for line in on.lines)
    assert on.lines[1].lstrip().startswith("max│")


def test_a_row_that_vanishes_goes_to_0_and_comes_back() -> None:
    on = two_rows(2)
    on.step()
    on.flush({"2,b": 5})
    assert on.legend("a").split()[3:] == ["rate", "last", "0/s", "min", "0/s", "max", "20/s"]


def test_a_maximum_that_vanishes_has_no_value() -> None:
    on = Shown(LARGEST)
    on.flush({"1,a": 10})
    on.step()
    on.flush({"2,b": 5})
    assert on.legend("a").split()[3:5] == ["value", "last"]
    assert on.legend("a").split()[5] == "-"


def test_not_more_than_six_lines() -> None:
    on = Shown()
    on.flush({f"{n},w": 100 - n for n in range(1, 9)})
    for _ in range(6):
        on.step()
        on.pane.move(1)
    assert on.step().startswith("no more than 6 lines")
    assert len(on.pane.choice.trend) == 6


def test_a_small_pane_keeps_the_row_under_the_cursor() -> None:
    on = two_rows(height=7)
    on.step()
    assert len(on.lines) == 7
    assert on.lines[-1].split()[:3] == ["50", "1", "a"]
    on.pane.move(1)
    assert on.lines[-1].split()[:3] == ["5", "2", "b"]
    on.step()
    assert on.legend("b").startswith("b 2 b")


def test_lines_without_room_in_the_legend_are_counted() -> None:
    on = Shown(height=7)
    on.flush({f"{n},w": 100 - n for n in range(1, 9)})
    for _ in range(4):
        on.step()
        on.pane.move(1)
    assert any(line == "b c d: 3 more lines; z shows them" for line in on.lines)


def test_a_gap_between_flushes_is_a_gap_of_the_line() -> None:
    on = Shown(width=120)
    for _ in range(5):
        on.flush({"1,a": 10})
    on.fake.now += 20_000_000_000
    on.fake._beat(on.program)
    on.step()
    assert on.pane.model.flush is not None


WIDTHS = (10, 12, 20, 38, 80, 200)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [2, 3, 5, 9, 40])
def test_a_trend_fills_exactly_its_place(width: int, height: int, glyphs: Glyphs) -> None:
    on = two_rows(3, width=width, height=height, glyphs=glyphs)
    on.pane.choice = replace(on.pane.choice, selected="1,a", moved=True)
    on.step()
    assert on.pane._face is not None
    assert [line_width(line) for line in on.pane._face.lines] == [width] * height
    assert len(on.pane.drawing.keys) == len(on.pane.drawing.lines)


@pytest.mark.parametrize("value", [0, 2**63, 10**400, -5])
def test_any_value_can_be_a_line(value: int) -> None:
    on = Shown(LARGEST)
    on.flush({"1,a": value})
    on.flush({"1,a": 1})
    on.step()
    assert on.legend("a").split()[3] == "value"


def test_without_a_flush_there_is_no_trend() -> None:
    on = Shown()
    on.draw()
    assert step_trend(on.pane) == "this pane shows no number over time"


def test_a_click_on_a_heading_below_the_trend_finds_it() -> None:
    on = two_rows()
    on.step()
    heading = on.pane.drawing.heading
    assert on.lines[1 + heading].split()[0].startswith("/s")
    assert isinstance(on.pane.drawing.sorts[0].title, str)


def test_a_group_is_a_line() -> None:
    on = Shown()
    for number in range(1, 4):
        on.flush({"1,a": 10 * number, "2,a": 5, "3,b": 1})
    on.pane.choice = replace(on.pane.choice, group="comm")
    on.draw()
    assert on.step() == "trend of a: rate; d again: total of all rows; Esc closes it"
    assert on.legend("a").split() == ["a", "a", "rate", "last", "35/s", "min", "0/s", "max", "35/s"]
    on.pane.move(1)
    on.step()
    assert on.legend("b").split() == ["b", "b", "rate", "last", "1/s", "min", "0/s", "max", "1/s"]


def test_a_scale_can_be_logarithmic() -> None:
    on = two_rows()
    on.step()
    assert use_next_form(on.pane) == "logarithmic scale"
    on.draw()
    assert any("log scale" in line for line in on.lines)
    assert use_next_form(on.pane) == "linear scale"


def test_rows_with_the_same_functions_are_one_line() -> None:
    on = Shown("profile:hz:99 { @m[comm, kstack] = count(); }", width=120)
    for number in range(1, 4):
        rows = {f"a,\n    copy+{offset}\n    main+1\n": number for offset in (1, 2)}
        on.flush({**rows, "a,\n    other+1\n    main+1\n": 1})
    on.pane.choice = replace(on.pane.choice, selected=next(key for key in on.pane.drawing.order if "copy" in key))
    assert "rate" in on.step()
    assert on.legend("a").split()[-6:] == ["last", "6/s", "min", "0/s", "max", "6/s"]


def test_a_line_of_a_number_that_the_map_no_longer_has_is_unknown() -> None:
    on = two_rows()
    on.pane.choice = replace(on.pane.choice, trend=(TrendLine("1,a", "p50"), TrendLine("1,a", "rate")))
    on.draw()
    assert on.legend("a").split() == ["a", "1", "a", "p50", "last", "-", "min", "-", "max", "-"]
    assert on.legend("b").split()[3:6] == ["rate", "last", "50/s"]
