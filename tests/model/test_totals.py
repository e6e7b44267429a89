from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.flush import Doubt, Flush, FlushReader
from bttop.model.plan import Aggregation, MapPlan, Plan, Scheme
from bttop.model.records import Bucket, Stats, Value
from bttop.model.totals import share, total
from tests.model.samples import SECOND, TEXT, beat, map_line, planned, stamped, version

START = 10 * SECOND


def plan(aggregation: Aggregation = "count", scheme: Scheme = "own", *, kept: bool = False) -> Plan:
    return planned(MapPlan("@", aggregation, (TEXT,), scheme, kept=kept))


def flushes(
    one: Plan, prints: Iterable[object], *, generation: int = 1, first: int = START, kind: str = "map"
) -> list[Flush]:
    """One flush a second, the first of which ends a second after `first`."""
    reader = FlushReader(version("0.17"), one, generation)
    found = []
    for number, rows in enumerate(prints, 1):
        at = first + number * SECOND
        reader.feed(stamped(map_line("@", rows, kind), at))
        found.append(reader.feed(stamped(beat(number, at), at))[1])
    return [flush for flush in found if flush is not None]


def rows(found: Iterable[Flush]) -> dict[str, Value]:
    return dict(total(found).maps["@"].rows)


@pytest.mark.parametrize(
    ("aggregation", "values", "whole"),
    [("count", [3, 4, 5], 12), ("sum", [-3, 4, 5], 6), ("min", [3, -4, 5], -4), ("max", [3, 4, -5], 4)],
)
def test_rows_are_put_together_as_their_aggregation_says(
    aggregation: Aggregation, values: list[int], whole: int
) -> None:
    assert rows(flushes(plan(aggregation), [{"a": value} for value in values])) == {"a": whole}


def test_keys_of_different_flushes_stand_side_by_side() -> None:
    assert rows(flushes(plan(), [{"a": 1}, {"b": 2}, {"a": 3}])) == {"a": 4, "b": 2}


def test_stats_add_counts_and_totals() -> None:
    prints = [{"a": {"count": 2, "average": 5, "total": 10}}, {"a": {"count": 1, "average": 2, "total": 2}}]
    assert rows(flushes(plan("stats"), prints, kind="stats")) == {"a": Stats(3, 4, 12)}


def test_buckets_add_up() -> None:
    prints = [
        {"a": [{"min": 1, "max": 1, "count": 2}]},
        {"a": [{"min": 1, "max": 1, "count": 1}, {"min": 2, "max": 3, "count": 5}]},
    ]
    assert rows(flushes(plan("hist"), prints, kind="hist")) == {"a": (Bucket(1, 1, 3), Bucket(2, 3, 5))}


@pytest.mark.parametrize(
    "one", [plan("value", "gauge"), plan("count", "gauge"), plan("count", kept=True), plan("avg"), plan("value")]
)
def test_of_what_cannot_be_added_the_last_print_stands(one: Plan) -> None:
    assert rows(flushes(one, [{"a": 1, "b": 2}, {"a": 5}])) == {"a": 5}


def test_a_cumulative_map_is_added_from_what_came_in_each_interval() -> None:
    assert rows(flushes(plan("count", "cumulative"), [{"a": 3}, {"a": 7}, {"a": 20}])) == {"a": 20}


def test_no_flush_is_an_empty_total() -> None:
    assert total([]).maps == {}


def test_a_total_says_what_it_covers_and_what_was_in_doubt() -> None:
    found = flushes(plan(), [{"a": 1}, {"a": 1}])
    late = replace(found[1], doubts=frozenset({Doubt.LATE}), start_ns=found[1].start_ns + SECOND // 2)
    seen = total([found[0], late])
    assert (seen.flushes, seen.start_ns, seen.end_ns) == (2, START, START + 2 * SECOND)
    assert seen.counted_ns == 1_500_000_000
    assert seen.doubts == {Doubt.LATE}
    assert seen.shared == 0


# --- Hand-overs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step_ms", "expected"), [(1000, 2300), (500, 1800), (0, 1300), (250, 1550)])
def test_of_the_first_flush_after_a_hand_over_the_part_after_the_old_one_counts(step_ms: int, expected: int) -> None:
    old = flushes(plan(), [{"a": 1000}])
    # The new generation's first flush ends `step_ms` after the old one's last.
    new = flushes(plan(), [{"a": 1000}, {"a": 300}], generation=2, first=START + step_ms * 1_000_000)
    seen = total([*old, *new])
    assert seen.maps["@"].rows == {"a": expected}
    assert seen.shared == (step_ms < 1000)
    assert seen.counted_ns == (2000 + step_ms) * 1_000_000


def test_the_share_holds_for_buckets_and_stats_and_not_for_extremes() -> None:
    half = START + SECOND // 2
    prints = [{"a": [{"min": 1, "max": 1, "count": 10}]}]
    both = [
        *flushes(plan("hist"), prints, kind="hist"),
        *flushes(plan("hist"), prints, generation=2, first=half, kind="hist"),
    ]
    assert rows(both) == {"a": (Bucket(1, 1, 15),)}
    stats = [{"a": {"count": 10, "average": 3, "total": 30}}]
    both = [
        *flushes(plan("stats"), stats, kind="stats"),
        *flushes(plan("stats"), stats, generation=2, first=half, kind="stats"),
    ]
    assert rows(both) == {"a": Stats(15, 3, 45)}
    extreme = plan("max")
    assert rows([*flushes(extreme, [{"a": 9}]), *flushes(extreme, [{"a": 8}], generation=2, first=half)]) == {"a": 9}


def test_a_new_generation_after_a_pause_counts_in_full() -> None:
    old = flushes(plan(), [{"a": 10}])
    new = flushes(plan(), [{"a": 10}], generation=2, first=START + 5 * SECOND)
    seen = total([*old, *new])
    assert (seen.maps["@"].rows, seen.shared, seen.counted_ns) == ({"a": 20}, 0, 2 * SECOND)


def test_a_script_that_counts_something_else_since_an_edit_begins_anew() -> None:
    old = flushes(plan("count"), [{"a": 10}])
    new = flushes(plan("max"), [{"a": 3}], generation=2, first=START + SECOND)
    assert rows([*old, *new]) == {"a": 3}


@given(st.integers(0, 3 * SECOND))
def test_a_share_is_never_less_than_nothing_nor_more_than_all(covered: int) -> None:
    flush = flushes(plan(), [{"a": 1}])[0]
    part = share(flush, START - SECOND + covered)
    assert 0 <= part <= 1
    assert (part == 1) == (covered <= SECOND)
    assert (part == 0) == (covered >= 2 * SECOND)
