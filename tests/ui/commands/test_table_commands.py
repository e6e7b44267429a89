"""The form of histograms, a second row, and the way from a table to the histogram of a row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from msgspec.structs import replace

from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.commands.table_commands import TableCommands
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, calls, printed_name

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
HISTOGRAMS = "profile:hz:99 { @waits[pid, comm] = hist(nsecs); }"
COUNTS = "profile:hz:99 { @calls[pid, comm] = count(); }"


class Shown:
    """A pane of 100x12 with the commands for charts."""

    def __init__(self, text: str) -> None:
        self.fake = FakeEngine()
        self.program = self.fake.add("waits", text)
        self.fake.attach(self.program)
        self.pane = Pane(
            self.program, FrameState(1, 100, 12, focused=True, divided=False, below=False, glyphs=UNICODE), NIGHT
        )
        self.told: list[str] = []
        screen = SimpleNamespace(tell=lambda text, *_: self.told.append(text))
        self.commands = TableCommands(cast(Collaborators, SimpleNamespace(pane=self.pane, screen=screen)))

    def flush(self, record: Any) -> None:
        self.fake.flush(self.program, record)
        self.pane.advance()
        self.pane.repaint()

    @property
    def lines(self) -> list[str]:
        assert self.pane._face is not None
        return [plain(line).rstrip() for line in self.pane._face.lines]


def shown() -> Shown:
    """Three rows of histograms: `fast` has the most events, `slow` the largest values."""
    found = Shown(HISTOGRAMS)
    rows = {"1,fast": _hist(0, 40, 10), "2,slow": _hist(8, 4, 2), "3,idle": _hist(0, 1)}
    found.flush({"type": "hist", "data": {printed_name(found.program, "@waits"): rows}})
    return found


def _hist(first: int, *counts: int) -> list[dict[str, int]]:
    return [{"min": 2**n, "max": 2 ** (n + 1) - 1, "count": count} for n, count in enumerate(counts, first)]


def test_the_next_view_of_a_table_is_the_histogram_of_the_row_under_the_cursor() -> None:
    on = shown()
    on.pane.move(1)
    on.pane.next_subject()
    assert on.lines[1].startswith("▇ 2 slow 6 ")
    on.pane.move(1)
    assert on.lines[1].startswith("▇ 3 idle 1 ")
    assert on.pane.cursor == "3,idle"
    assert on.pane.to_top()
    assert on.lines[1].startswith("▇ all 3 rows 57 ")
    on.pane.move(1)
    assert on.lines[1].startswith("▇ 1 fast 50 ")


def test_the_way_back_to_the_table_keeps_the_row() -> None:
    on = shown()
    on.pane.next_subject()
    on.pane.move(2)
    while on.pane.subject.view is None or on.pane.subject.view.name != "percentiles":
        on.pane.next_subject()
    assert on.pane.cursor == "3,idle"


def test_forms_follow_each_other_and_are_said() -> None:
    on = shown()
    on.pane.next_subject()
    notes = []
    for _ in range(3):
        on.commands.use_next_form()
        notes.append(on.pane.drawing.note)
    assert notes == ["log counts", "cumulative", ""]
    assert len(set(on.told)) == 3


def test_the_row_under_the_cursor_becomes_the_second_one_and_again_removes_it() -> None:
    on = shown()
    on.pane.move(1)
    on.commands.toggle_second_row()
    on.pane.next_subject()
    on.pane.move(-1)
    assert [line[:8] for line in on.lines[1:3]] == ["▇ 1 fast", "│ 2 slow"]
    on.pane.move(1)
    on.commands.toggle_second_row()
    assert "│ 2 slow" not in "\n".join(on.lines)
    assert on.pane.choice.histogram.second is None


def test_a_map_without_histograms_says_so() -> None:
    on = Shown(COUNTS)
    on.flush(calls(on.program, {"1,a": 5}))
    on.commands.use_next_form()
    on.commands.toggle_second_row()
    assert on.told == ["this map has no histograms"] * 2


def test_a_group_is_no_second_histogram_and_no_row_of_the_next_view() -> None:
    on = shown()
    on.pane.choice = replace(on.pane.choice, group="comm")
    on.commands.toggle_second_row()
    assert on.told == ["a group cannot be the second histogram: Enter opens it"]
    on.pane.next_subject()
    assert on.lines[1].startswith("▇ all 3 rows 57 ")
