"""Conditions on a flush: what can be typed, what each function makes of each kind of map, and units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.flush.trigger import Trigger, parse_trigger, unit_of
from bttop.model.plan import Aggregation, MapPlan, Plan
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.release import Release
from tests.model.samples import SECOND

HIST = {"java": (Bucket(512, 1023, 98), Bucket(4096, 8191, 2)), "nginx": (Bucket(512, 1023, 100),)}


def trigger(text: str) -> Trigger:
    found = parse_trigger(text)
    assert isinstance(found, Trigger), found
    return found


def flush(rows: Mapping[str, Value], aggregation: Aggregation = "count", name: str = "@x", unit: str = "") -> Flush:
    """Two seconds in which one map was flushed."""
    plan = MapPlan(name, aggregation, unit=unit)
    kinds: Any = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}
    data = MapData(plan, kinds.get(aggregation, "map"), rows)
    origin = Origin(Release(0, 17), Plan({name: plan}))
    return Flush(origin, 1, "a", 1, 0, 2 * SECOND, 5, {name: data}, (), frozenset(), ())


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("p99(@usecs) > 5ms", ("p99", "@usecs", ">", 5.0, "ms", "")),
        ("rate(syscalls:@calls)>=100K", ("rate", "@calls", ">=", 100.0, "K", "syscalls")),
        ("  max( my probe : @ ) < 0.5 ", ("max", "@", "<", 0.5, "", "my probe")),
        ("avg(@share) != 90%", ("avg", "@share", "!=", 90.0, "%", "")),
        ("p5(@t) == 3µs", ("p5", "@t", "==", 3.0, "us", "")),
    ],
)
def test_a_condition_is_read(text: str, parsed: tuple[object, ...]) -> None:
    found = trigger(text)
    assert (found.function, found.map, found.operator, found.number, found.unit, found.program) == parsed


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a condition"),
        ("p99(@x)", "is not a condition"),
        ("p99(x) > 3", "is not a condition"),
        ("p99(@x) > -3", "is not a condition"),
        ("p999(@x) > 3", "there is no function p999"),
        ("system(@x) > 3", "there is no function system"),
        ("max(@x) > 3 parsecs", "there is no unit parsecs"),
        ("count(@x) > 3ms", "has no time unit"),
        ("max(@x) > 1; print(1)", "is not a condition"),
    ],
)
def test_what_is_no_condition_says_why(text: str, reason: str) -> None:
    found = parse_trigger(text)
    assert isinstance(found, str)
    assert reason in found


@given(st.text(max_size=60))
def test_no_text_raises(text: str) -> None:
    assert isinstance(parse_trigger(text), str | Trigger)


@pytest.mark.parametrize(
    ("function", "aggregation", "rows", "value"),
    [
        ("count", "count", {"a": 3, "b": 4}, 7),
        ("sum", "count", {"a": 3, "b": 4}, 7),
        ("rate", "count", {"a": 3, "b": 4}, 3.5),
        ("max", "count", {"a": 3, "b": 4}, 4),
        ("min", "count", {"a": 3, "b": 4}, 3),
        ("avg", "count", {"a": 3, "b": 4}, 3.5),
        ("count", "sum", {"a": 300, "b": 400}, 2),
        ("sum", "sum", {"a": 300, "b": 400}, 700),
        ("count", "hist", HIST, 200),
        ("rate", "hist", HIST, 100),
        ("max", "hist", HIST, 8191),
        ("min", "hist", HIST, 512),
        ("avg", "hist", HIST, None),
        ("sum", "hist", HIST, None),
        ("count", "stats", {"a": Stats(4, 10, 40), "b": Stats(1, 20, 20)}, 5),
        ("sum", "stats", {"a": Stats(4, 10, 40), "b": Stats(1, 20, 20)}, 60),
        ("avg", "stats", {"a": Stats(4, 10, 40), "b": Stats(1, 20, 20)}, 12),
        ("max", "stats", {"a": Stats(4, 10, 40), "b": Stats(1, 20, 20)}, 20),
        ("rate", "max", {"a": 3}, None),
        ("p99", "count", {"a": 3}, None),
        ("p99", "hist", {}, None),
        ("max", "count", {}, None),
        ("count", "count", {}, 0),
        ("rate", "count", {}, 0),
    ],
)
def test_a_function_of_a_map(
    function: str, aggregation: Aggregation, rows: dict[str, Value], value: float | None
) -> None:
    assert trigger(f"{function}(@x) > 1").value(flush(rows, aggregation)) == value


def test_percentiles_are_those_of_all_rows_together() -> None:
    found = flush(HIST, "hist")
    assert trigger("p50(@x) < 1K").holds(found)
    median, high = trigger("p50(@x) > 1").value(found), trigger("p99(@x) > 1").value(found)
    assert median is not None and 512 <= median <= 1023
    assert high is not None and 512 <= high <= 8191
    assert trigger("max(@x) > 8K").holds(found)


@pytest.mark.parametrize(
    ("name", "unit", "text", "holds"),
    [
        ("@x", "us", "max(@x) > 5ms", True),
        ("@x", "us", "max(@x) > 7ms", False),
        ("@x", "ns", "max(@x) > 5ms", False),
        ("@x", "ms", "max(@x) > 5s", True),
        ("@usecs", "", "max(@usecs) > 5ms", True),
        ("@latency_us", "", "max(@latency_us) > 5ms", True),
        ("@bonus", "", "max(@bonus) > 5ms", False),
        ("@x", "bytes", "max(@x) > 5K", True),
        ("@x", "bytes", "max(@x) > 6K", False),
        ("@x", "", "max(@x) > 6K", True),
        ("@x", "", "max(@x) > 6100%", False),
        ("@other", "", "max(@x) > 1", False),
    ],
)
def test_numbers_are_taken_in_the_unit_of_the_map(name: str, unit: str, text: str, holds: bool) -> None:
    assert trigger(text).holds(flush({"": 6050}, "sum", name, unit)) is holds


def test_a_map_tells_its_unit_by_front_matter_or_by_its_name() -> None:
    assert unit_of("@usecs", "") == "us"
    assert unit_of("@usecs", "ns") == "ns"
    assert [unit_of(name, "") for name in ("@ns", "@nsecs", "@wait_ms", "@secs", "@s")] == ["ns", "ns", "ms", "s", "s"]
    assert [unit_of(name, "") for name in ("@status", "@bus", "@", "@ms_total")] == ["", "", "", ""]


def test_a_condition_concerns_its_program_or_all() -> None:
    assert trigger("max(@x) > 1").concerns("anything")
    assert trigger("max(a:@x) > 1").concerns("a")
    assert not trigger("max(a:@x) > 1").concerns("b")
