from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.history.history import History
from bttop.model.history.span import BucketRange, TimeSpan
from bttop.model.plan import MapPlan, Plan
from bttop.model.record.records import Bucket, Stats, Value
from bttop.store.compare.spans import SpanFlush, SpanMerge, span_of
from tests.ui.scenes import RELEASE, SECOND, START

KINDS = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}


def flush(number: int, rows: dict[str, Value], plan: MapPlan, **more: object) -> Flush:
    """The flush of the second `number`."""
    data = MapData(plan, KINDS.get(plan.aggregation, "map"), rows)  # type: ignore[arg-type]
    start, origin = START + number * SECOND, Origin(RELEASE, Plan({plan.name: plan}))
    made = Flush(origin, 1, "a", number, start, start + SECOND, start, {plan.name: data}, (), frozenset(), ())
    return replace(made, **more)


def merged(*flushes: Flush) -> SpanFlush:
    merge = SpanMerge()
    for one in flushes:
        merge.add(one)
    return merge.result()


def rows_of(aggregation: str, *rows: dict[str, Value], scheme: str = "bank") -> dict[str, Value]:
    plan = MapPlan("@m", aggregation, scheme=scheme)  # type: ignore[arg-type]
    found = merged(*[flush(number, one, plan) for number, one in enumerate(rows)]).map("@m")
    assert found is not None
    return dict(found.rows)


@pytest.mark.parametrize(
    ("aggregation", "rows", "together"),
    [
        ("count", [{"a": 1}, {"a": 2, "b": 5}], {"a": 3, "b": 5}),
        ("sum", [{"a": -4}, {"a": 1 << 63}], {"a": (1 << 63) - 4}),
        ("min", [{"a": 7}, {"a": 3}, {"a": 9}], {"a": 3}),
        ("max", [{"a": 7}, {"a": 3}], {"a": 7}),
        ("avg", [{"a": Stats(1, 10, 10)}, {"a": Stats(3, 2, 6)}], {"a": Stats(4, 4, 16)}),
        ("stats", [{"a": Stats(1, 10, 10)}, {"b": Stats(3, 2, 6)}], {"a": Stats(1, 10, 10), "b": Stats(3, 2, 6)}),
        (
            "hist",
            [{"": (Bucket(1, 1, 5),)}, {"": (Bucket(1, 1, 1), Bucket(2, 3, 2))}],
            {"": (Bucket(1, 1, 6), Bucket(2, 3, 2))},
        ),
    ],
)
def test_the_rows_of_a_span_are_merged_by_their_aggregation(
    aggregation: str, rows: list[dict[str, Value]], together: dict[str, Value]
) -> None:
    assert rows_of(aggregation, *rows) == together


def test_of_an_assigned_map_the_last_print_is_taken() -> None:
    assert rows_of("value", {"a": 1, "b": 2}, {"a": 3}, scheme="gauge") == {"a": 3}


def test_a_span_divides_by_the_time_in_which_it_counted() -> None:
    plan = MapPlan("@m", "count", scheme="bank")
    found = merged(flush(0, {"a": 30}, plan), flush(1, {"a": 30}, plan), flush(8, {"a": 30}, plan))
    (one,) = found.flushes
    assert (one.start_ns, one.end_ns, one.seconds) == (START, START + 9 * SECOND, 3.0)
    assert found.merged == 3


def test_a_span_has_the_caveats_and_the_losses_of_all_its_flushes() -> None:
    plan = MapPlan("@m", "count", scheme="bank")
    found = merged(
        flush(0, {}, plan, caveats=frozenset({Caveat.LATE}), skipped=3, fired=10),
        flush(1, {}, plan, caveats=frozenset({Caveat.SKIPPED}), skipped=4, fired=20, dropped=1),
    )
    (one,) = found.flushes
    assert one.caveats == {Caveat.LATE, Caveat.SKIPPED}
    assert (one.skipped, one.fired, one.dropped) == (7, 30, 1)


def test_a_hand_over_counts_once() -> None:
    plan = MapPlan("@m", "count", scheme="bank")
    old = flush(0, {"a": 10}, plan)
    new = replace(flush(0, {"a": 10}, plan), generation=2, start_ns=START + SECOND // 2, end_ns=START + 3 * SECOND // 2)
    found = merged(old, new)
    assert found.map("@m") is not None
    assert found.flushes[0].maps["@m"].rows == {"a": 15}
    assert found.flushes[0].seconds == 1.5


def test_a_scaled_flush_marks_the_whole_span() -> None:
    thinned = MapPlan("@m", "count", scheme="bank", one_in=8)
    found = merged(flush(0, {"a": 80}, thinned), flush(1, {"a": 1}, replace(thinned, one_in=1))).map("@m")
    assert found is not None
    assert found.plan.one_in == 8


def test_changed_buckets_and_kinds_are_said() -> None:
    lhist = MapPlan("@m", "lhist", scheme="bank")
    found = merged(flush(0, {"": (Bucket(0, 9, 1),)}, lhist), flush(1, {"": (Bucket(0, 4, 1),)}, lhist))
    assert found.notes == ("the buckets of @m changed: some overlap",)
    count = MapPlan("@m", "count", scheme="bank")
    found = merged(flush(0, {"": (Bucket(0, 9, 1),)}, lhist), flush(1, {"": 3}, count))
    assert found.notes == ("@m changed its kind: only its newest 1 flushes are added",)


def test_each_interval_block_has_its_own_flush() -> None:
    one, other = MapPlan("@one", "count", scheme="bank"), MapPlan("@other", "count", scheme="bank")
    origin = Origin(RELEASE, Plan({"@one": one, "@other": other}, heartbeats=("a", "b")))
    slow = replace(flush(0, {"x": 7}, other, mark="b", origin=origin), end_ns=START + 2 * SECOND)
    fast = [flush(number, {"x": 1}, one, origin=origin) for number in range(2)]
    found = merged(fast[0], fast[1], slow)
    assert [(list(part.maps), part.seconds) for part in found.flushes] == [(["@one"], 2.0), (["@other"], 2.0)]
    assert found.flush_of("@one") is found.flushes[0]


def test_a_span_of_a_history_holds_the_flushes_that_ended_in_it() -> None:
    plan, history = MapPlan("@m", "count", scheme="bank"), History(1 << 20)
    for number in range(30):
        history.append(flush(number, {str(number): 1}, plan))
    found = span_of(history, START + 3 * SECOND, START + 26 * SECOND)
    (one,) = found.flushes
    assert (found.merged, one.start_ns, one.end_ns) == (23, START + 3 * SECOND, START + 26 * SECOND)
    assert span_of(history, START + 90 * SECOND, START + 99 * SECOND) == SpanFlush()
    assert TimeSpan(START, START + SECOND).moved(SECOND) == TimeSpan(START + SECOND, START + 2 * SECOND)


def test_a_bucket_range_keeps_only_the_keys_with_events_in_it() -> None:
    rows: dict[str, Value] = {
        "slow": (Bucket(1, 1, 5), Bucket(8, 15, 2)),
        "fast": (Bucket(1, 1, 5), Bucket(8, 15, 0)),
        "": (Bucket(None, -1, 1), Bucket(100, None, 2)),
    }
    data = MapData(MapPlan("@m", "hist"), "hist", rows)
    assert BucketRange(8, 15).of(data).rows == {"slow": (Bucket(8, 15, 2),)}
    assert BucketRange(None, -1).of(data).rows == {"": (Bucket(None, -1, 1),)}
    assert list(BucketRange(16, None).of(data).rows) == [""]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 1 << 63)), min_size=1, max_size=8))
def test_the_counts_of_a_span_are_those_of_its_flushes(counts: list[dict[str, int]]) -> None:
    plan = MapPlan("@m", "count", scheme="bank")
    found = merged(*[flush(number, dict(rows), plan) for number, rows in enumerate(counts)]).map("@m")
    assert found is not None
    assert sum(map(int, found.rows.values())) == sum(sum(rows.values()) for rows in counts)  # type: ignore[arg-type]
