"""One number and its course."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.records import Stats, Value
from bttop.ui.render.spans import line_width
from bttop.ui.views.scalar import VIEW
from tests.ui.scenes import map_plan, scene, texts

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.none(), st.text(), st.builds(Stats, *[st.integers(0, 2**64)] * 3),
    st.just(10**400), st.tuples(st.integers(), st.text()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("aggregation", "unit", "value", "shown"),
    [
        ("count", "", 500, "@m 250/s"),
        ("sum", "bytes", 8192, "@m 4K/s"),
        ("max", "us", 1500, "@m 1.5ms"),
        ("value", "", 2**63 + 1, "@m 9,223,372,036,854,775,809"),
        ("stats", "us", Stats(3, 10, 30), "@m 3 avg 10us total 30us"),
        ("value", "", "a\x07b", "@m a\\x07b"),
        ("count", "", None, "@m nothing in this interval"),
    ],
)
def test_the_first_line_is_the_value_of_now(aggregation: Aggregation, unit: str, value: Value, shown: str) -> None:
    drawing = VIEW.draw(scene({"": value}, map_plan(aggregation, [], unit=unit), seconds=2.0))
    assert texts(drawing)[0].rstrip() == shown


def test_the_range_of_the_last_flushes_stands_below() -> None:
    lines = texts(VIEW.draw(scene({"": 40}, map_plan("count", []), flushes=5)))
    assert lines[1].rstrip() == "last 5: low 40 avg 40 high 40"
    assert lines[-1].endswith("█████")


@given(
    VALUES,
    st.sampled_from(["count", "sum", "min", "max", "avg", "stats", "value"]),
    st.integers(37, 160),
    st.integers(1, 20),
)
def test_any_value_fills_exactly_its_place(value: Value, aggregation: Aggregation, width: int, height: int) -> None:
    drawing = VIEW.draw(scene({"": value}, map_plan(aggregation, []), width=width, height=height))
    assert len(drawing.lines) <= height
    assert all(line_width(line) == width for line in drawing.lines)


def test_only_numbers_without_keys_are_trends() -> None:
    assert VIEW.rank(map_plan("count", []), has_keys=False) > 0
    assert VIEW.rank(map_plan("count"), has_keys=True) == 0
    assert VIEW.rank(map_plan("hist", []), has_keys=False) == 0


def test_an_interval_without_a_value_is_a_gap_in_the_course() -> None:
    plan = map_plan("min", [])
    shown = scene({"": 8}, plan)
    shown.trend.advance(MapData(plan, "map", {}))
    shown.trend.advance(MapData(plan, "map", {"": 4}))
    _, range_, *chart = texts(VIEW.draw(shown))
    assert range_.rstrip() == "last 3: low 4 avg 6 high 8"
    assert [line[-3:] for line in chart][-1] == "█ █"


@pytest.mark.parametrize(("plan", "shown"), [(map_plan("count", [], kept=True), "@m 500")])
def test_a_running_total_is_no_rate(plan: MapPlan, shown: str) -> None:
    drawing = VIEW.draw(scene({"": 500}, plan, seconds=2.0))
    assert texts(drawing)[0].rstrip() == shown
    assert drawing.summary == "500"
