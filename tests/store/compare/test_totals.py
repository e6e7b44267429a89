"""Flushes added up."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.release import Release
from bttop.model.record.values import MapKind
from bttop.store.compare import totals as module
from bttop.store.compare.totals import HandOver, StretchTotals, scaled
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import SECOND
from tests.store.report.kit import snapshot_file

COMM = (Column("comm", "text"),)


def flushed(end: float, rows: dict[str, Value], aggregation: Aggregation = "count", *, seconds: float = 1.0) -> Flush:
    """A flush of one map @x that ends at a second."""
    kind: MapKind = "hist" if aggregation == "hist" else "stats" if aggregation in ("stats", "avg") else "map"
    plan = MapPlan("@x", aggregation, COMM)
    start, stop = round((end - seconds) * SECOND), round(end * SECOND)
    origin = Origin(Release(0, 17), Plan({"@x": plan}, {}, ("a",)))
    return Flush(origin, 1, "a", 1, start, stop, stop, {"@x": MapData(plan, kind, rows)}, (), frozenset(), ())


def total(*flushes: Flush) -> StretchTotals:
    found = StretchTotals()
    for flush in flushes:
        found.add(flush)
    return found


def value(found: StretchTotals, key: str) -> Value:
    return found.maps["@x"].rows[key].value


def test_counts_add_up_over_flushes_and_seconds_with_them() -> None:
    found = total(flushed(1, {"a": 2, "b": 1}), flushed(2, {"a": 3}))
    assert (value(found, "a"), value(found, "b")) == (5, 1)
    assert found.maps["@x"].seconds == pytest.approx(2)
    assert found.maps["@x"].amount == 6


@pytest.mark.parametrize(
    ("aggregation", "first", "second", "both"),
    [
        ("sum", 7, -2, 5),
        ("min", 7, 2, 2),
        ("max", 7, 2, 7),
        ("stats", Stats(2, 5, 10), Stats(1, 20, 20), Stats(3, 10, 30)),
        ("avg", 10, 20, Stats(2, 15, 30)),
        ("hist", (Bucket(1, 1, 3),), (Bucket(1, 1, 1), Bucket(2, 3, 4)), (Bucket(1, 1, 4), Bucket(2, 3, 4))),
        ("value", 7, 2, 2),
    ],
)
def test_each_aggregation_adds_up_in_its_own_way(
    aggregation: Aggregation, first: Value, second: Value, both: Value
) -> None:
    found = total(flushed(1, {"a": first}, aggregation), flushed(2, {"a": second}, aggregation))
    assert value(found, "a") == both


@pytest.mark.parametrize(
    "plan",
    [MapPlan("@x", "count", COMM, "gauge"), MapPlan("@x", "hist", COMM, kept=True), MapPlan("@x", "sum", kept=True)],
)
def test_of_a_map_that_is_never_cleared_the_last_print_that_holds_anything_stands(plan: MapPlan) -> None:
    prints: list[dict[str, Value]] = [{"a": 3, "b": 1}, {"a": 7}, {}]
    flushes = [flushed(end, rows) for end, rows in enumerate(prints, 1)]
    found = total(*(replace(one, maps={"@x": replace(one.maps["@x"], plan=plan)}) for one in flushes))
    assert {key: row.value for key, row in found.maps["@x"].rows.items()} == {"a": 7}
    assert not found.maps["@x"].is_additive


def test_what_two_generations_saw_at_the_same_time_counts_once() -> None:
    found = total(flushed(1, {"a": 100}), flushed(1.5, {"a": 100}), flushed(2.5, {"a": 100}))
    assert value(found, "a") == 250
    assert found.maps["@x"].seconds == pytest.approx(2.5)


def test_a_flush_within_another_counts_nothing() -> None:
    hand_over = HandOver()
    assert hand_over.new_share(flushed(2, {}, seconds=2)) == 1
    assert hand_over.new_share(flushed(1.5, {})) == 0


def test_a_map_that_changes_its_kind_starts_again_and_says_so() -> None:
    found = total(flushed(1, {"a": 5}), flushed(2, {"a": Stats(2, 4, 8)}, "stats"))
    assert value(found, "a") == Stats(2, 4, 8)
    assert found.maps["@x"].is_mixed
    assert found.maps["@x"].seconds == pytest.approx(1)


def test_keys_beyond_the_limit_are_let_go_of_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 10)
    found = total(*[flushed(number, {f"k{number}": 1, "big": 50}) for number in range(1, 41)])
    kept = found.maps["@x"]
    assert len(kept.rows) <= 10
    assert value(found, "big") == 2000
    assert kept.amount == 2040
    assert kept.let_go == 41 - len(kept.rows)


def test_the_largest_rows_come_first_and_equal_ones_by_key() -> None:
    found = total(flushed(1, {"b": 1, "a": 1, "c": 9}))
    assert [key for key, _ in found.maps["@x"].top(2)] == ["c", "a"]


def test_shares_of_values() -> None:
    assert scaled(10, 0.25) == 2
    assert scaled(Stats(4, 5, 20), 0.5) == Stats(2, 5, 10)
    assert scaled((Bucket(1, 1, 9),), 0.5) == (Bucket(1, 1, 4),)
    assert scaled("text", 0.5) == "text"
    assert scaled(1 << 2000, 0.5) == 1 << 2000


def test_flushes_of_several_heartbeats_lie_side_by_side() -> None:
    flush = flushed(1, {"a": 1})
    several = replace(flush, origin=Origin(Release(0, 17), replace(flush.origin.plan, heartbeats=("a", "b"))))
    assert value(total(several, several), "a") == 2


def test_a_recorded_program_adds_up_to_what_was_printed(tmp_path: Path) -> None:
    with Snapshot(snapshot_file(tmp_path / "s.bttop")) as snapshot:
        found = total(*RecordedHistory(snapshot, 1))
    assert found.maps["@calls"].rows["7,java"].value == 36_000


def test_rows_that_cannot_be_added_up_are_ordered_by_value_and_integer_keys_by_number() -> None:
    found = total(flushed(1, {"10": -5, "9": -5, "-3": 1 << 63, "7": (1 << 63) + 1, "-20": 0}, "max")).maps["@x"]
    assert [key for key, _ in found.top(5)] == ["7", "-3", "-20", "9", "10"]


def test_a_sum_keeps_its_sign_and_its_digits_and_shares_ignore_the_sign() -> None:
    found = total(flushed(1, {"1": -10, "2": 4}, "sum")).maps["@x"]
    assert (found.net, found.amount) == (-6, 14)
    assert [key for key, _ in found.top(2)] == ["1", "2"]
    large = total(flushed(1, {"1": (1 << 53) + 1, "2": 0}, "sum")).maps["@x"]
    assert large.net == (1 << 53) + 1
    assert total(flushed(1, {"1": 10**400, "2": -5}, "sum")).maps["@x"].net == float("inf")
