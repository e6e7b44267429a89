"""What an interval in which nothing was counted shows: every aggregation, with and without a key, as every release
prints it and as it is read."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bttop.model.flush.contents import Origin, contents
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.history.packed import pack, unpack
from bttop.model.plan import Aggregation, Column, MapPlan, Plan, Scheme
from bttop.model.record.records import Value
from tests.model.samples import SECOND, TEXT, beat, map_line, planned, stamped, version

RELEASES = ("0.17", "0.23", "0.27")
EMPTY_STATS = {"count": 0, "average": 0, "total": 0}


class Case(NamedTuple):
    """A map and what a release prints of it when nothing was counted; None is no line."""

    aggregation: Aggregation
    columns: tuple[Column, ...]
    kind: str
    printed: dict[str, object]
    """By release; a release that is not named prints nothing."""


# As measured: print() and clear() at each tick, and no event.
CASES = [
    Case("count", (), "map", {"0.17": 0, "0.23": 0, "0.27": 0}),
    Case("sum", (), "map", {"0.27": 0}),
    Case("avg", (), "stats", {"0.27": EMPTY_STATS}),
    Case("stats", (), "stats", {"0.27": EMPTY_STATS}),
    Case("min", (), "map", {}),
    Case("max", (), "map", {}),
    Case("hist", (), "hist", {}),
    Case("lhist", (), "hist", {}),
    Case("count", (TEXT,), "map", {}),
    Case("sum", (TEXT,), "map", {}),
    Case("avg", (TEXT,), "stats", {"0.27": {}}),
    Case("stats", (TEXT,), "stats", {"0.27": {}}),
    Case("min", (TEXT,), "map", {}),
    Case("max", (TEXT,), "map", {}),
    Case("hist", (TEXT,), "hist", {}),
    Case("lhist", (TEXT,), "hist", {}),
]


def flushed(plan: MapPlan, release: str, *values: object, kind: str = "map") -> list[Flush]:
    """The flushes of a map that is printed so at each tick; None prints nothing."""
    reader = FlushReader(version(release), planned(plan), 1, ready_ns=1)
    found = []
    for number, value in enumerate(values, 1):
        at = number * SECOND
        lines = [] if value is None else [map_line("@m", value, kind)]
        for text in (*lines, beat(number, at)):
            if (flush := reader.feed(stamped(text, at))) is not None:
                found.append(flush)
    return found


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("scheme", ["bank", "cumulative"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.aggregation}-{len(case.columns)}")
def test_only_counts_and_sums_of_nothing_are_zero(case: Case, scheme: Scheme, release: str) -> None:
    plan = MapPlan("@m", case.aggregation, case.columns, scheme)
    (flush,) = flushed(plan, release, case.printed.get(release), kind=case.kind)
    is_zero = not case.columns and case.aggregation in ("count", "sum")
    assert flush.maps["@m"].rows == ({"": 0} if is_zero else {})
    assert flush.caveats == frozenset()


ONE_EVENT: dict[Aggregation, tuple[str, object]] = {
    "count": ("map", 5),
    "sum": ("map", 7),
    "stats": ("stats", {"count": 1, "average": 7, "total": 7}),
    "avg": ("stats", {"count": 1, "average": 7, "total": 7}),
    "hist": ("hist", [{"min": 4, "max": 7, "count": 1}]),
    "lhist": ("hist", [{"min": 4, "max": 5, "count": 1}]),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("aggregation", list(ONE_EVENT))
@pytest.mark.parametrize("columns", [(), (TEXT,)])
def test_a_total_that_did_not_grow_is_nothing(
    aggregation: Aggregation, columns: tuple[Column, ...], release: str
) -> None:
    kind, printed = ONE_EVENT[aggregation]
    value = {"dd": printed} if columns else printed
    first, second = flushed(MapPlan("@m", aggregation, columns, "cumulative"), release, value, value, kind=kind)
    assert len(first.maps["@m"].rows) == 1
    is_zero = not columns and aggregation in ("count", "sum")
    assert second.maps["@m"].rows == ({"": 0} if is_zero else {})


@pytest.mark.parametrize(("printed", "rows"), [({"0": 0}, {"": 0}), ({"0": -3}, {"": -3}), (None, {}), ({}, {})])
@pytest.mark.parametrize("aggregation", ["min", "max", "avg"])
def test_a_value_that_is_kept_under_a_key_tells_zero_from_nothing(
    aggregation: Aggregation, printed: object, rows: dict[str, Value]
) -> None:
    plan = MapPlan("@m", aggregation, (), "bank", under_key=True)
    (flush,) = flushed(plan, "0.27", printed, kind="stats" if aggregation == "avg" else "map")
    assert flush.maps["@m"].rows == rows
    assert flush.caveats == frozenset()


@pytest.mark.parametrize(("release", "caveats"), [("0.17", set()), ("0.23", set()), ("0.27", {Caveat.ZERO_OR_NOTHING})])
@pytest.mark.parametrize("aggregation", ["min", "max", "avg"])
def test_a_zero_that_may_be_nothing_is_doubted(aggregation: Aggregation, release: str, caveats: set[Caveat]) -> None:
    plan = MapPlan("@m", aggregation)
    zero, other = flushed(plan, release, 0, 4, kind="stats" if aggregation == "avg" else "map")
    assert zero.maps["@m"].rows == {"": 0}
    assert zero.caveats == caveats
    assert other.caveats == frozenset()


RUNNING: dict[Aggregation, tuple[str, object]] = {
    "count": ("map", 5),
    "sum": ("map", 5),
    "min": ("map", 5),
    "max": ("map", 5),
    "avg": ("stats", 5),
    "stats": ("stats", {"count": 1, "average": 7, "total": 7}),
    "hist": ("hist", [{"min": 4, "max": 7, "count": 1}]),
    "lhist": ("hist", [{"min": 4, "max": 5, "count": 1}]),
}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("aggregation", list(RUNNING))
def test_a_running_total_is_said_to_be_one(aggregation: Aggregation, release: str) -> None:
    kind, printed = RUNNING[aggregation]
    plan = MapPlan("@m", aggregation, kept=True)
    first, second = flushed(plan, release, printed, printed, kind=kind)
    assert first.maps["@m"].rows == second.maps["@m"].rows != {}
    assert first.caveats == second.caveats == {Caveat.RUNNING_TOTAL}


def test_what_is_no_running_total_is_not_doubted_for_another_one() -> None:
    plans = (MapPlan("@m", "count", kept=True), MapPlan("@c", "count", (), "cumulative"))
    reader = FlushReader(version("0.17"), Plan({one.name: one for one in plans}, {}, ("a",)), 1, ready_ns=1)
    for text in (map_line("@m", 3), map_line("@c", 3)):
        reader.feed(stamped(text, SECOND))
    flush = reader.feed(stamped(beat(1, SECOND), SECOND))
    assert flush is not None
    assert flush.caveats_about(flush.maps["@m"]) == {Caveat.RUNNING_TOTAL}
    assert flush.caveats_about(flush.maps["@c"]) == frozenset()


def test_maps_that_were_not_printed_come_in_the_order_of_their_names() -> None:
    origin = Origin(version("0.23"), planned())
    names = [f"@{letter}" for letter in "qwertyuiop"]
    assert list(contents(origin, (), {}, set(names), SECOND)) == sorted(names)


@pytest.mark.parametrize("release", RELEASES)
def test_a_moment_is_shown_as_its_age_at_the_end_of_the_flush(release: str) -> None:
    plan = MapPlan("@m", "value", (Column("tid", "int"),), "gauge", unit="ns", since=True)
    # A thread that left the CPU after the tick has waited for no part of the interval.
    (flush,) = flushed(plan, release, {"7": SECOND // 4, "8": 2 * SECOND, "9": "text"})
    assert flush.maps["@m"].rows == {"7": SECOND - SECOND // 4, "8": 0, "9": "text"}
    assert unpack(pack(flush)) == flush
