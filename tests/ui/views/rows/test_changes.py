"""The column of changes against the baseline, and the rows that are new or gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.plan import MapPlan
from bttop.model.record.records import Stats, Value
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs
from bttop.ui.views import quantiles, stacks, table
from bttop.ui.views.base import Drawing, Scene, ViewChoice
from bttop.ui.views.rows.changes import change_text
from tests.ui.scenes import buckets, map_plan, scene, texts


def against(before: Mapping[str, Value], after: Mapping[str, Value], plan: MapPlan, **more: Any) -> Scene:
    found = scene(after, plan, **more)
    return replace(found, baseline=MapData(plan, found.data.kind, before))


def drawn(before: Mapping[str, Value], after: Mapping[str, Value], **more: Any) -> Drawing:
    return table.VIEW.draw(against(before, after, map_plan(), **more))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (20, 280, "x14"), (20, 50, "x2.5"), (100, 140, "+40%"), (100, 100.2, "="), (30, 10, "/3.0"), (100, 60, "-40%"),
        (None, 5, "new"), (None, 0, ""), (5, 0, "-100%"), (0, 0, "="), (0, 5, "rare"), (1e-9, 5, "x>9999"),
        (5, None, ""),
    ],
)  # fmt: skip
def test_a_change_is_a_ratio_in_a_few_characters(before: float | None, after: float | None, text: str) -> None:
    assert change_text(before, after) == text


@given(st.none() | st.floats(-1e30, 1e30), st.none() | st.floats(-1e30, 1e30))
def test_a_change_never_takes_more_than_its_column(before: float | None, after: float | None) -> None:
    assert len(change_text(before, after)) <= 6


def test_a_table_has_the_change_beside_the_value_and_says_what_is_new_and_gone() -> None:
    found = drawn({"1,a": 20.0, "2,b": 30.0, "9,rare": 0.1}, {"1,a": 280, "3,c": 5})
    heading, first, second, *_ = texts(found)
    assert heading.split()[:2] == ["/s▾", "Δ"]
    assert first.split()[:4] == ["280", "x14", "1", "a"]
    assert second.split()[:4] == ["5", "new", "3", "c"]
    assert found.note == "1 new, 1 gone"


def test_a_table_can_be_sorted_by_the_change() -> None:
    choice = ViewChoice(sort="Δ")
    lines = texts(drawn({"1,a": 100.0, "2,b": 1.0}, {"1,a": 90, "2,b": 50, "3,c": 1}, choice=choice))
    assert [next(word for word in line.split() if word in "abc") for line in lines[1:4]] == ["c", "b", "a"]


@pytest.mark.parametrize(("glyphs", "title"), [(UNICODE, "Δ"), (ASCII, "vs")])
def test_the_heading_is_in_the_characters_of_the_terminal(glyphs: Glyphs, title: str) -> None:
    assert title in texts(drawn({"1,a": 20.0}, {"1,a": 20}, glyphs=glyphs))[0].split()


def test_averages_show_the_change_of_the_average() -> None:
    plan = map_plan("avg", unit="us")
    lines = texts(table.VIEW.draw(against({"1,a": Stats(10, 2, 20)}, {"1,a": Stats(5, 40, 200)}, plan)))
    assert "Δavg" in lines[0]
    assert "x20" in lines[1]


def test_stacks_and_percentiles_have_the_column_too() -> None:
    key = "java,\n    fast+1\n"
    plan = map_plan("count", (*map_plan().columns[1:], map_plan().columns[0]._replace(title="ustack", kind="stack")))
    assert "x4.0" in "".join(texts(stacks.VIEW.draw(against({key: 10.0}, {key: 40}, plan))))
    hist = map_plan("hist")
    assert "x2.0" in "".join(texts(quantiles.VIEW.draw(against({"1,a": buckets(5)}, {"1,a": buckets(10)}, hist))))


def test_a_table_without_a_baseline_is_unchanged() -> None:
    found = table.VIEW.draw(scene({"1,a": 5}))
    assert "Δ" not in texts(found)[0]
    assert found.note == ""
