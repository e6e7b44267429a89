"""Charts: well formed for any numbers, and true to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData
from bttop.model.plan import Aggregation, MapPlan
from bttop.model.record.records import Bucket
from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import Frame
from bttop.model.stacks.tree_builder import TreeBuilder
from bttop.store.report.charts import area, bar, flames, heat, spark
from bttop.store.report.course import MOST_BINS, Bins, MapCourse
from bttop.store.report.markup import joined, lines, tag, text
from tests.model.samples import SECOND

NUMBERS = st.one_of(st.none(), st.floats(), st.integers(0, 2**64).map(float))


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


@given(st.lists(NUMBERS, max_size=30))
def test_any_numbers_make_a_well_formed_chart(values: list[float | None]) -> None:
    tips = [str(value) for value in values]
    assert len(list(parsed(area(values, tips, (0.5, 7.0))).iter("title"))) == len(values)
    assert "nan" not in spark(values)
    assert "inf" not in spark(values)


def test_a_hole_in_the_data_is_a_hole_in_the_line() -> None:
    line = parsed(spark([1, 1, None, 1])).findall("path")[1].attrib["d"]
    assert line.count("M") == 2


def test_the_highest_value_is_at_the_top_and_nothing_at_the_bottom() -> None:
    line = parsed(spark([0.0, 10.0])).findall("path")[1].attrib["d"]
    assert line == "M0 100L0.5 100L1.5 4L2 4"


@given(st.lists(st.lists(st.floats(0, 1e12), min_size=5, max_size=5), max_size=6))
def test_a_heat_map_shows_what_is_there_and_nothing_else(rows: list[list[float]]) -> None:
    found = parsed(heat(rows, ["tip"] * 5, ()))
    cells = "".join(path.attrib["d"] for path in found.findall("path"))
    assert sum(int(length) for length in re.findall(r"h(\d+)v", cells)) == sum(
        count > 0 for row in rows for count in row
    )


def test_the_first_row_of_a_heat_map_is_at_the_bottom() -> None:
    assert 'd="M0 1h1v1h-1z"' in heat([[5.0], [0.0]], ["tip"], ())


def test_bars_are_as_long_as_their_share() -> None:
    assert "width:25.0%" in bar(1, 4)
    assert "width:100.0%" in bar(9, 4)
    assert bar(0, 4) == bar(1, 0) == bar(float("nan"), 4) == ""


def tree_of(stacks: Mapping[tuple[str, ...], int]) -> FlameTree:
    """The tree of stacks of functions, outermost first."""
    builder = TreeBuilder(FlameForm())
    for names, weight in stacks.items():
        builder.add_stack([Frame(name, "user") for name in names], weight)
    return builder.tree()


def test_frames_lie_below_their_callers_and_what_is_too_narrow_is_counted() -> None:
    found = flames(tree_of({("main", "inner"): 9_990, ("main", "rare"): 10}), str)
    boxes = {box.findtext("title"): box.attrib for box in parsed(found.picture).findall("svg")}
    assert found.hidden == 1
    assert boxes["main: 10000, 100 %"]["y"] == "18"
    assert boxes["inner: 9990, 99.9 %"]["y"] == "36"
    assert boxes["inner: 9990, 99.9 %"]["width"] == "99.900%"


def test_of_a_stack_deeper_than_the_picture_the_frames_below_its_edge_are_counted() -> None:
    found = flames(tree_of({tuple(f"f{at}" for at in range(500)): 1}), str)
    assert found.hidden == 500 - 64
    assert len(parsed(found.picture).findall("svg")) == 65


@given(st.text(max_size=40))
def test_text_stays_text(plain: str) -> None:
    markup = tag("p", plain, title=plain)
    found = parsed(markup)
    assert len(list(found.iter())) == 1
    assert found.text == found.attrib["title"] or not plain
    assert parsed(tag("pre", lines(plain))) is not None


def test_markup_is_not_escaped_twice_and_names_of_attributes_are_mended() -> None:
    assert joined([tag("b", "<"), "<"]) == "<b>&lt;</b>&lt;"
    assert tag("p", class_="a", fill_opacity=1, title=None) == '<p class="a" fill-opacity="1"></p>'
    assert text("a\nb") == "a\\x0ab"


# Courses.


def test_a_flush_over_two_bins_is_shared_out_by_time() -> None:
    course = MapCourse(Bins(0, 4 * SECOND, 2 * SECOND))
    data = MapData(MapPlan("@x", "count"), "map", {"": 8})
    course.add(data, SECOND, 3 * SECOND)
    assert course.rates() == [4.0, 4.0]
    assert list(course.seconds) == [1.0, 1.0]


def test_a_bin_without_flush_is_a_hole_and_one_without_the_key_is_zero() -> None:
    course = MapCourse(Bins(0, 3 * SECOND, SECOND))
    course.add(MapData(MapPlan("@x", "count"), "map", {"a": 5}), 0, SECOND)
    course.add(MapData(MapPlan("@x", "count"), "map", {}), SECOND, 2 * SECOND)
    assert course.rates("a") == [5.0, 0.0, None]
    assert course.rates("never seen") == [0.0, 0.0, None]


def test_buckets_of_all_keys_fall_into_one_field() -> None:
    course = MapCourse(Bins(0, 2 * SECOND, SECOND))
    rows = {"a": (Bucket(4, 7, 2),), "b": (Bucket(4, 7, 1), Bucket(1, 1, 1))}
    course.add(MapData(MapPlan("@x", "hist"), "hist", rows), 0, SECOND)
    assert [(ends, list(cells)) for ends, cells in course.cells()] == [((1, 1), [1.0, 0.0]), ((4, 7), [3.0, 0.0])]
    assert course.column(0) == [Bucket(1, 1, 1), Bucket(4, 7, 3)]


@given(st.integers(0, 10**18), st.integers(1, 10**15), st.integers(1, 10**12))
def test_a_chart_has_never_more_bins_than_fit_and_loses_nothing(begin: int, length: int, interval: int) -> None:
    bins = Bins(begin, begin + length, interval)
    assert 1 <= bins.count <= MOST_BINS
    assert abs(sum(share for _, share in bins.shares(begin, begin + length)) - 1) < 1e-6
    assert bins.start_of(0) == begin


def course(*rows: dict[str, int], plan: MapPlan) -> MapCourse:
    """The course of a map over flushes of one second."""
    found = MapCourse(Bins(0, len(rows) * SECOND, SECOND))
    for at, values in enumerate(rows):
        found.add(MapData(plan, "map", dict(values)), at * SECOND, (at + 1) * SECOND)
    return found


@pytest.mark.parametrize("aggregation", ["min", "max", "avg"])
def test_an_interval_without_a_value_is_a_hole_and_no_zero(aggregation: Aggregation) -> None:
    idle = course({"": 7}, {}, {"": 0}, {}, plan=MapPlan("@m", aggregation))
    assert idle.rates() == idle.rates("") == [7, None, 0, None]


@pytest.mark.parametrize("aggregation", ["count", "sum"])
def test_an_interval_in_which_nothing_was_counted_is_zero(aggregation: Aggregation) -> None:
    assert course({"": 7}, {"": 0}, {}, plan=MapPlan("@m", aggregation, (), "bank")).rates() == [7, 0, 0]


def test_a_running_total_is_drawn_as_it_was_and_not_per_second() -> None:
    found = MapCourse(Bins(0, 4 * SECOND, 2 * SECOND))
    for at, value in enumerate((4, 9)):
        plan = MapPlan("@m", "count", kept=True)
        found.add(MapData(plan, "map", {"": value}), at * 2 * SECOND, (at + 1) * 2 * SECOND)
    assert found.rates() == [4, 9]
