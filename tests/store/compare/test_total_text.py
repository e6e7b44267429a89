"""The table of a whole run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.format.names import decoders
from bttop.model.plan import Aggregation, Column, MapPlan, Plan, Scheme
from bttop.model.record.records import Bucket, Printed, Stamp, Stats, Value
from bttop.model.record.release import Release
from bttop.model.record.values import MapKind
from bttop.store.compare import totals as module
from bttop.store.compare.total_rows import aligned, drawn
from bttop.store.compare.total_text import RunTotal, total_lines
from tests.model.samples import SECOND

COMM = (Column("comm", "text"),)
PID_COMM = (Column("pid", "int"), Column("comm", "text"))
NOTHING_LOST = LossCounts()


def flushed(
    at: int,
    rows: Mapping[str, Value],
    aggregation: Aggregation = "count",
    columns: tuple[Column, ...] = COMM,
    scheme: Scheme = "bank",
    unit: str = "",
) -> Flush:
    """A flush of one second of the map @x that ends at a second."""
    kinds: dict[Aggregation, MapKind] = {"hist": "hist", "lhist": "hist", "stats": "stats", "avg": "stats"}
    plan = MapPlan("@x", aggregation, columns, scheme, unit)
    origin = Origin(Release(0, 17), Plan({"@x": plan}, {}, ("a",)))
    data = MapData(plan, kinds.get(aggregation, "map"), rows)
    end = at * SECOND
    return Flush(origin, 1, "a", at, end - SECOND, end, end, {"@x": data}, (), frozenset(), ())


def table(*flushes: Flush, most: int = 10, width: int = 60, losses: LossCounts = NOTHING_LOST) -> list[str]:
    run = RunTotal("calls")
    for flush in flushes:
        run.add(flush, ())
    return list(total_lines(run, losses, most, width, decoders("x86_64")))


def test_the_rows_of_all_flushes_add_up_to_the_largest_first() -> None:
    first = flushed(1, {"7,java": 2, "8,dd": 100}, columns=PID_COMM)
    second = flushed(2, {"7,java": 5, "9,long name": 1}, columns=PID_COMM)
    assert table(first, second) == [
        "calls  2s, 2 flushes",
        "  @x, count 108",
        "    count  pid  comm",
        "      100    8  dd",
        "        7    7  java",
        "        1    9  long name",
    ]


def test_a_total_is_marked_if_any_of_its_flushes_was_scaled() -> None:
    first, second = (flushed(at, {"java": 40}) for at in (1, 2))
    data = first.maps["@x"]
    thinned = {"@x": replace(data, plan=replace(data.plan, one_in=8))}
    for run in ((replace(first, maps=thinned), second), (first, replace(second, maps=thinned))):
        assert table(*run)[1:] == ["  @x, count ~80", "    count  comm", "      ~80  java"]
    assert "~" not in "".join(table(first, second))


def test_the_number_of_rows_is_limited_and_told() -> None:
    lines = table(flushed(1, {f"p{at}": at for at in range(1, 31)}), most=2)
    assert lines[1:] == [
        "  @x, count 465, the 2 largest of 30 rows",
        "    count  comm",
        "       30  p30",
        "       29  p29",
    ]


@pytest.mark.parametrize(
    ("aggregation", "first", "second", "cells"),
    [
        ("count", 3, 4, ["7"]),
        ("sum", -3, 1, ["-2"]),
        ("sum", 1 << 62, 1 << 62, [str(1 << 63)]),
        ("min", 3, -4, ["-4"]),
        ("max", 3, 4, ["4"]),
        ("avg", Stats(2, 5, 10), Stats(1, 20, 20), ["10", "3"]),
        ("stats", Stats(2, 5, 10), Stats(1, 20, 20), ["3", "10", "30"]),
    ],
)
def test_each_aggregation_is_what_bpftrace_would_count(
    aggregation: Aggregation, first: Value, second: Value, cells: list[str]
) -> None:
    lines = table(flushed(1, {"dd": first}, aggregation), flushed(2, {"dd": second}, aggregation))
    assert lines[-1].split() == [*cells, "dd"]


def test_a_map_without_a_key_is_one_number() -> None:
    assert table(flushed(1, {"": 3}, columns=()), flushed(2, {"": 4}, columns=()))[1:] == ["  @x, count 7", "    7"]


@pytest.mark.parametrize("aggregation", ["value", "count", "max"])
def test_the_last_value_of_a_gauge_is_shown_and_said_to_be_the_last(aggregation: Aggregation) -> None:
    lines = table(*[flushed(at, {"dd": at}, aggregation, scheme="gauge") for at in (1, 2, 3)])
    assert lines[1] == "  @x, last value, not a sum"
    assert lines[-1].split() == ["3", "dd"]


def test_a_unit_adds_a_rounded_form() -> None:
    assert table(flushed(1, {"dd": 5_000_000}, "sum", unit="bytes"))[1:] == [
        "  @x, sum 4.8 MiB",
        "               sum  comm",
        "    5000000 (4.8M)  dd",
    ]


def test_a_histogram_is_drawn_as_wide_as_the_terminal() -> None:
    first = flushed(1, {"": (Bucket(1, 1, 3), Bucket(2, 3, 10))}, "hist", ())
    second = flushed(2, {"": (Bucket(2, 3, 10), Bucket(4, 7, 0))}, "hist", ())
    assert table(first, second, width=40)[1:] == [
        "  @x, hist of 23 values",
        "    count 23  p50 2-4  p90 2-4  p99 2-4",
        "      1       3 |@@@                   |",
        "      [2, 4) 20 |@@@@@@@@@@@@@@@@@@@@@@|",
        "      [4, 8)  0 |                      |",
    ]


def test_each_key_has_a_histogram_of_its_own() -> None:
    lines = table(flushed(1, {"dd": (Bucket(1, 1, 3),), "java": (Bucket(None, -1, 5),)}, "lhist"), width=30)
    assert lines[2:] == [
        "    java  count 5  p50 <0  p90 <0  p99 <0",
        "      (…, 0) 5 |@@@@@@@@@@@@@|",
        "    dd  count 3  p50 1  p90 1  p99 1",
        "      1 3 |@@@@@@@@@@@@@@@@@@|",
    ]


def test_the_largest_stacks_are_indented_blocks() -> None:
    columns = (Column("comm", "text"), Column("kstack", "stack"))
    lines = table(flushed(1, {"dd,\nvfs_read+12\nksys_read+100\n": 9, "dd,\n\n": 1}, columns=columns))
    assert lines[2:] == [
        "    9  dd",
        "      kstack",
        "        vfs_read+12",
        "        ksys_read+100",
        "    1  dd",
        "      kstack",
        "        [no frames]",
    ]


def test_parts_are_decoded() -> None:
    lines = table(flushed(1, {"0": 5}, columns=(Column("syscall", "int", "syscall"),)))
    assert lines[-1].split() == ["5", "read"]


def test_a_map_that_counted_nothing_is_named() -> None:
    assert table(flushed(1, {}))[1:] == ["  @x, nothing was counted"]


def test_names_of_processes_cannot_control_the_terminal() -> None:
    lines = table(flushed(1, {"\x1b[31mred\nnext": 5}))
    assert lines[-1] == "        5  \\x1b[31mred\\x0anext"


def test_printed_text_is_shown_up_to_its_last_lines() -> None:
    stamp = Stamp(0, 0)
    talking = replace(flushed(1, {}), printed=(Printed(stamp, "printf", "one\ntwo\n"), Printed(stamp, "value", 3)))
    assert table(talking, most=2)[2:] == ["  printed, the last 2 of 3 lines", "    two", "    3"]


def test_what_is_missing_is_told_with_its_number() -> None:
    late = replace(flushed(1, {"dd": 1}), caveats=frozenset({Caveat.LATE}))
    run = RunTotal("calls", missing=["the last flush is missing"])
    run.add(late, ["not attached: kprobe:x"])
    run.add(replace(flushed(2, {"dd": 1}), generation=2), [])
    lines = list(total_lines(run, LossCounts(lost_events=30, skipped=1_200), 10, 80, {}))
    assert [line for line in lines if line.startswith("  ! ")] == [
        "  ! the last flush is missing",
        "  ! bpftrace was started 2 times: what happened between two starts may be missing",
        "  ! 30 lost events",
        "  ! 1,200 skipped events",
        "  ! late: 1 of 2 flushes",
        "  ! not attached: kprobe:x",
    ]


def test_averages_that_a_script_prints_without_counts_are_said_to_be_means_of_means() -> None:
    lines = table(flushed(1, {"dd": 10}, "avg", scheme="own"), flushed(2, {"dd": 30}, "avg", scheme="own"))
    assert lines[3].split() == ["20", "2", "dd"]
    assert lines[4].startswith("  ! @x: the script prints no counts")


def test_a_run_of_which_nothing_is_missing_has_no_notes() -> None:
    assert not [line for line in table(flushed(1, {"dd": 1})) if "!" in line]


def test_memory_is_bounded_and_keys_that_were_left_out_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 4)
    lines = table(*[flushed(at, {f"k{at}": 10 - at}) for at in range(1, 6)])
    assert lines[1] == "  @x, count 35"
    assert [line.split() for line in lines[3:5]] == [["9", "k1"], ["8", "k2"]]
    assert lines[-1] == "  ! @x: 3 keys with the smallest amounts were left out, 18 in all"


def test_rows_of_a_map_whose_kind_changed_are_not_mixed() -> None:
    lines = table(flushed(1, {"dd": 5}), flushed(2, {"dd": 7}, "max"))
    assert "  ! @x: the script changed the kind of this map; only the newest kind is shown" in lines


def test_other_values_are_written_as_json() -> None:
    rows: dict[str, Value] = {"dd": (1, "a", (2, 3))}
    assert table(flushed(1, rows, "value", scheme="own"))[-1].endswith('[1,"a",[2,3]]  dd')


def test_a_bar_has_room_in_the_narrowest_terminal() -> None:
    assert drawn((Bucket(1, 1, 2),), "", 5) == ["1 2 |@@@@@@@@@@|"]
    assert drawn((), "", 5) == []


def test_columns_are_aligned_to_the_left_or_right() -> None:
    assert list(aligned([["n", "name"], ["10", "x"]], {1})) == [" n  name", "10  x"]
    assert list(aligned([], set())) == []
