"""What changed most between two periods is named first, with its factor; chance is not named at all."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bttop.model.plan import Column, MapPlan
from bttop.store.compare.changes import compare
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.compare.kit import Prints, changed, period, told
from tests.store.made import Session, made

PID, COMM, DADDR = Column("pid", "int"), Column("comm", "text"), Column("daddr", "text")
RETRANS = MapPlan("@retrans", "count", (PID, COMM, DADDR), "bank", pid="pid")
CALLS = MapPlan("@x", "count", (COMM,), "bank")
WAITS = MapPlan("@waits", "sum", (PID, COMM, Column("ustack", "stack"), Column("kstack", "stack")), "bank", unit="us")
HIST = MapPlan("@bytes", "hist", (COMM,), "bank", unit="us")


def counts(name: str, rates: Mapping[str, float], flushes: int = 30, seed: int = 1) -> Prints:
    """Flushes of counts that vary by their roots, as steady streams do."""
    rng = random.Random(seed)

    def drawn(rate: float) -> int:
        return max(0, round(rng.gauss(rate, rate**0.5)))

    return [{name: ("map", {key: n for key, rate in rates.items() if (n := drawn(rate))})} for _ in range(flushes)]


def test_a_storm_to_one_address_is_named_first_with_its_factor(tmp_path: Path) -> None:
    calm = {"7,mirror,10.40.12.91": 20, "8,backup,10.40.12.9": 30}
    storm = {"7,mirror,10.40.12.91": 280, "8,backup,10.40.12.9": 30}
    other = Session("syscalls", planned(CALLS), counts("@x", {"java": 5000}, 60), generation=2, program=2)
    found = changed(tmp_path, RETRANS, counts("@retrans", calm), counts("@retrans", storm, seed=2), other)
    assert re.fullmatch(r"p by mirror to 10\.40\.12\.91: 1[345] times as many \(2\d/s → 2\d\d/s\)", told(found)[0])
    assert len(found.moved) == 1


def test_rows_that_share_the_changed_part_are_told_as_one(tmp_path: Path) -> None:
    calm = {f"{n},worker{n},10.0.0.1": 20 for n in range(6)} | {"99,other,10.0.0.2": 40}
    storm = {f"{n},worker{n},10.0.0.1": 100 for n in range(6)} | {"99,other,10.0.0.2": 40}
    found = changed(tmp_path, RETRANS, counts("@retrans", calm), counts("@retrans", storm, seed=2))
    assert re.match(r"p to 10\.0\.0\.1 \(6 rows\): (4\.\d|5) times as many", told(found)[0])
    assert len(told(found)) == 1


def test_a_map_that_grows_as_a_whole_is_told_as_a_whole(tmp_path: Path) -> None:
    rates = {f"{n},worker{n},10.0.0.{n}": 30 for n in range(6)}
    doubled = {key: 3 * rate for key, rate in rates.items()}
    found = changed(tmp_path, RETRANS, counts("@retrans", rates), counts("@retrans", doubled, seed=2))
    assert re.match(r"p in all: (2\.\d|3) times as many", told(found)[0])


def test_processes_that_follow_each_other_are_one_row(tmp_path: Path) -> None:
    before, after = ([{"@retrans": ("map", {f"{n + offset},ls,a": 50})} for n in range(20)] for offset in (100, 1000))
    assert changed(tmp_path, RETRANS, before, after).moved == ()


def test_blocked_time_is_told_as_a_difference_by_the_function_that_waits(tmp_path: Path) -> None:
    def row(micros: int) -> Prints:
        kernel = "\n    __schedule+1\n    schedule+2\n    futex_wait+4\n    do_syscall_64+1\n"
        key = f"7,db,\n    lock+1\n    main+2\n,{kernel}"
        return [{"@waits": ("map", {key: micros + n % 3 * 1000})} for n in range(30)]

    assert told(changed(tmp_path, WAITS, row(20_000), row(400_000))) == [
        "p in futex_wait by db: +380 ms/s (21 ms/s → 401 ms/s)"
    ]


def test_a_distribution_that_moves_is_told_by_its_percentiles(tmp_path: Path) -> None:
    def prints(low: int) -> Prints:
        bucket = [{"min": low, "max": 2 * low - 1, "count": 50}]
        return [{"@bytes": ("hist", {"java": bucket})}] * 20

    found = changed(tmp_path, HIST, prints(8), prints(512))
    assert told(found) == ["p by java: p50 8-16us → 512us-1.0ms; p99 8-16us → 512us-1.0ms"]
    assert found.moved[0].magnitude > 3


def test_an_average_that_moves_is_told(tmp_path: Path) -> None:
    plan = MapPlan("@usecs", "avg", (COMM,), "bank", unit="us")

    def prints(average: int) -> Prints:
        rows = [{"java": {"count": 10, "average": average + n % 5, "total": 10 * (average + n % 5)}} for n in range(20)]
        return [{"@usecs": ("stats", one)} for one in rows]

    assert told(changed(tmp_path, plan, prints(2000), prints(40_000))) == ["p by java: average 2.0ms → 40ms"]


def test_rows_that_come_and_go_are_named_so(tmp_path: Path) -> None:
    found = changed(tmp_path, CALLS, counts("@x", {"old": 60, "s": 90}), counts("@x", {"new": 80, "s": 90}, seed=2))
    assert sorted(one.partition(",")[0] for one in told(found)) == ["p by new: new", "p by old: gone"]


def test_a_steady_load_is_no_change(tmp_path: Path) -> None:
    rates = {f"k{n}": 5.0 * n for n in range(1, 60)}
    found = changed(tmp_path, CALLS, counts("@x", rates), counts("@x", rates, seed=2))
    assert told(found) == []
    assert (found.compared, found.by_chance) == (59, 59)


def test_many_changes_of_one_map_leave_room_for_the_others_and_are_counted(tmp_path: Path) -> None:
    plan = MapPlan("@x", "count", (COMM,), "bank")
    before, after = ({f"k{n}": float(10 * factor**n) for n in range(12)} for factor in (1, 2))
    found = changed(tmp_path, plan, counts("@x", before), counts("@x", after, seed=2))
    assert len(found.moved) == 5
    assert sum(found.further.values()) + found.small + found.by_chance + 5 == 12


@pytest.mark.parametrize("host", ["", "other"])
def test_what_was_not_compared_is_said(tmp_path: Path, host: str) -> None:
    first = made(tmp_path / "a.bttop", Session("p", planned(CALLS), counts("@x", {"a": 5})), _second("gone"))
    pinned = Session("p", planned(CALLS), counts("@x", {"a": 5}), "another text")
    last = made(tmp_path / "b.bttop", pinned, _second("new"))
    with Snapshot(first) as one, Snapshot(last) as other:
        found = compare(period(one, 0, 40, host=host), period(other, 0, 40))
    assert [note for note in found.notes if "host" not in note] == [
        "p has another script than in the baseline: only maps that are alike are compared",
        "only in the baseline: gone",
    ]
    assert found.unmatched == {1: "the baseline has no program of this name"}
    assert any("another host: other, not demo-host" in note for note in found.notes) == bool(host)


def test_a_pinned_program_is_not_compared_with_all_processes(tmp_path: Path) -> None:
    first = made(tmp_path / "a.bttop", Session("p", planned(CALLS), counts("@x", {"a": 500})))
    last = made(tmp_path / "b.bttop", Session("p", planned(CALLS), counts("@x", {"a": 5}), pin="pid == 7"))
    with Snapshot(first) as one, Snapshot(last) as other:
        found = compare(period(one, 0, 40), period(other, 0, 40))
    assert found.moved == ()
    assert found.unmatched == {0: "it is pinned, and the baseline is not"}


def test_a_period_counts_only_since_the_last_change_of_the_pin(tmp_path: Path) -> None:
    calm, busy = counts("@x", {"a": 5}, 20), counts("@x", {"a": 500}, 20)
    first = Session("p", planned(CALLS), busy)
    pinned = Session("p", planned(CALLS), calm, generation=2, number=2, first=21.0, pin="pid == 7")
    with Snapshot(made(tmp_path / "a.bttop", first, pinned)) as snapshot:
        found = period(snapshot, 0, 60).programs[0]
    assert found.counted.pin == "pid == 7"
    assert found.seconds == pytest.approx(20, abs=1)
    assert found.groups.maps["@x"].totals.amount < 20 * 20


def _second(name: str) -> Session:
    return Session(name, planned(CALLS), counts("@x", {"a": 5}), generation=2, program=2)


VALUES = st.integers(-(2**63), 2**64)
ROWS = st.dictionaries(st.text(max_size=6).filter(lambda key: "\n" not in key), VALUES, max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, max_size=4), st.lists(ROWS, max_size=4), st.sampled_from(["count", "sum", "max", "value"]))
def test_any_numbers_and_names_are_compared(
    tmp_path_factory: pytest.TempPathFactory, before: list[dict[str, int]], after: list[dict[str, int]], kind: str
) -> None:
    plan = MapPlan("@x", kind, (COMM,), "bank")  # type: ignore[arg-type]
    first, last = ([{"@x": ("map", rows)} for rows in some] for some in (before, after))
    found = changed(tmp_path_factory.mktemp("any"), plan, first, last)
    assert all("\x1b" not in one and "\n" not in one for one in told(found))
