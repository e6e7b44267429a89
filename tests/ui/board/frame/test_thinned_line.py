"""The first line of a thinned pane, and the numbers below it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from bttop.engine.cost.thinned_cost import Thinned
from bttop.engine.program.status import ProgramState, Status
from bttop.model.flush.contents import MapData
from bttop.model.record.records import Stats, Value
from bttop.ui.board.frame.thinned_line import thinned_lines
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.render.text import width
from bttop.ui.views import histogram, quantiles, scalar, stacks, table
from bttop.ui.views.base import ViewChoice
from tests.ui.scenes import buckets, map_plan, scene, text_of

ROWS: dict[str, Value] = {"18421,java": 640, "9112,nginx": 160}
THINNED = Thinned(8, "it takes 6 %", 6.0, 0.5, 10, 5.0)
SUBJECT = Subject("@m", None)


def model(state: ProgramState = ProgramState.LIVE, *, past: bool = False, **plan: Any) -> PaneModel:
    data = MapData(map_plan(**plan), "map", ROWS)
    status = Status(state, 0, thinned=THINNED)
    return cast(PaneModel, SimpleNamespace(status=status, looks_back=past, data=lambda _: data))


def line(cells: int, choice: ViewChoice | None = None, **more: Any) -> str:
    return text_of(thinned_lines(model(**more), SUBJECT, choice or ViewChoice(), cells))


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (80, " 1 in 8, ±8 % of 1,000: y counts all (≤10 % CPU), p pins it (4.9 %)"),
        (60, " 1 in 8: y counts all (≤10 % CPU), p pins it (4.9 %)"),
        (39, " 1 in 8: y all ≤10 % CPU, p pins 4.9 %"),
        (35, " 1 in 8: y counts all (≤10 % CPU)"),
        (21, " 1 in 8: y counts all"),
    ],
)
def test_the_keys_to_exact_numbers_are_named_at_every_width(cells: int, text: str) -> None:
    assert line(cells) == text
    assert width(text) <= cells


def test_the_price_of_a_pin_is_that_of_the_selected_row() -> None:
    assert "(1.6 %)" in line(80, ViewChoice(selected="9112,nginx"))


@pytest.mark.parametrize("cells", [80, 60, 39])
def test_a_pin_that_would_be_thinned_as_well_is_not_offered(cells: int) -> None:
    shown = model()
    cast(Any, shown).status = replace(shown.status, thinned=replace(THINNED, left_percent=3.0))
    assert "p pins" not in text_of(thinned_lines(shown, SUBJECT, ViewChoice(), cells))
    assert "p pins" in text_of(thinned_lines(shown, SUBJECT, ViewChoice(selected="9112,nginx"), cells))


def test_what_is_not_known_is_not_said() -> None:
    assert "±" not in line(80, by_key=True)
    assert "p pins" not in line(80, columns=())


def test_only_a_running_program_of_now_has_the_line() -> None:
    assert line(80, state=ProgramState.HELD) == ""
    assert line(80, past=True) == ""


THIN: Mapping[str, Any] = {"one_in": 8}


@pytest.mark.parametrize(
    ("view", "plan", "rows", "words"),
    [
        (table.VIEW, map_plan(**THIN), ROWS, ["~640", "~160"]),
        (table.VIEW, map_plan("sum", unit="bytes", **THIN), ROWS, ["~640", "~160"]),
        (table.VIEW, map_plan("stats", **THIN), {"1,a": Stats(80, 7, 560)}, ["~80", "~560"]),
        (scalar.VIEW, map_plan(columns=(), **THIN), {"": 80}, ["~80/s"]),
        (quantiles.VIEW, map_plan("hist", **THIN), {"1,a": buckets(80)}, ["~80"]),
        (histogram.VIEW, map_plan("hist", (), **THIN), {"": buckets(80)}, ["~80"]),
        (stacks.VIEW, map_plan(columns=(), **THIN), {"": 80}, ["~80"]),
    ],
)
def test_scaled_numbers_are_marked_in_every_view(view: Any, plan: Any, rows: Any, words: list[str]) -> None:
    drawing = view.draw(scene(rows, plan))
    text = text_of(drawing.lines)
    assert all(word in text for word in words), text
    assert drawing.summary.startswith("~")
    exact = view.draw(scene(rows, map_plan(plan.aggregation, plan.columns, unit=plan.unit)))
    assert "~" not in text_of(exact.lines) + exact.summary


def test_a_row_has_its_own_error() -> None:
    assert "±9.4 %: 100 events of one in 8" in text_of(table.VIEW.detail(scene({"1,a": 800}, map_plan(**THIN)), "1,a"))
    unseen = text_of(table.VIEW.detail(scene({"1,a": 0}, map_plan(**THIN)), "1,a"))
    assert "unknown: none of its events was among one in 8" in unseen
    by_key = map_plan(by_key=True, **THIN)
    assert "unknown: one in 8 was counted" in text_of(table.VIEW.detail(scene({"1,a": 800}, by_key), "1,a"))


def test_minima_are_not_marked() -> None:
    assert "~" not in text_of(table.VIEW.draw(scene(ROWS, map_plan("min"))).lines)
