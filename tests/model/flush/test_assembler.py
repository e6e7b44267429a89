from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.assembler import MOST_OTHERS
from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.flush.pending import PRINTED_BYTES, PRINTED_LIMIT
from bttop.model.flush.reader import FlushReader
from bttop.model.history.packed import pack, unpack
from bttop.model.plan import MapPlan, Plan, Scheme
from bttop.model.record.records import Bucket, Oversized, Stamp, StampedLine, Stats
from tests.model.samples import (
    NUMBER,
    SECOND,
    TEXT,
    beat,
    captured,
    captured_plan,
    map_line,
    planned,
    stamped,
    version,
)

PRINTF = '{"type": "printf", "data": "hello\\n"}'
LAG = 1_000_000
STATS_3 = {"count": 1, "average": 3, "total": 3}
STATS_5 = {"count": 2, "average": 5, "total": 10}
BUCKETS = [{"min": 1, "max": 1, "count": 2}]
READY = 10 * SECOND
"""When everything was attached, for `ticks` that start there."""


def reader(plan: Plan, release: str = "0.17", **options: Any) -> FlushReader:
    return FlushReader(version(release), plan, 1, **options)


def banked(*names: str, interval_ns: int = SECOND) -> Plan:
    """Maps in two banks; `@c` is printed as `@__bt_c0` and `@__bt_c1`."""
    maps = {name: MapPlan(name, "count", (TEXT,), "bank") for name in names}
    aliases = {f"@__bt_{name[1:]}{bank}": name for name in names for bank in (0, 1)}
    return Plan(maps, aliases, ("a",), interval_ns)


def feed(into: FlushReader, lines: Iterable[tuple[int, str]]) -> list[Flush]:
    """The flushes that lines with their arrival times close."""
    found = [into.feed(stamped(text, boot_ns)) for boot_ns, text in lines]
    return [flush for flush in found if flush is not None]


def ticks(*intervals: Sequence[str], start: int = 10 * SECOND, step: int = SECOND) -> list[tuple[int, str]]:
    """Lines of consecutive intervals, each with its heartbeat."""
    lines = []
    for number, texts in enumerate(intervals, 1):
        at = start + number * step
        lines += [(at + LAG, text) for text in (*texts, beat(number, at))]
    return lines


# --- With heartbeats -----------------------------------------------------------------------------------------


def test_a_heartbeat_closes_a_flush_with_its_exact_length() -> None:
    lines = [
        (SECOND + 7, beat(1, SECOND)),
        (3 * SECOND, map_line("@c", {"a": 3})),
        (3 * SECOND, beat(2, 2_500_000_000)),
    ]
    flush = feed(reader(planned(MapPlan("@c", "count", (TEXT,)), interval_ns=1_500_000_000)), lines)[1]
    assert (flush.number, flush.mark, flush.generation) == (2, "a", 1)
    assert flush.maps["@c"].rows == {"a": 3}
    assert (flush.start_ns, flush.end_ns, flush.seconds) == (SECOND, 2_500_000_000, 1.5)
    assert flush.lag_ns == SECOND // 2
    assert flush.wall_ns == flush.end_ns + 5
    assert flush.caveats == frozenset()


def test_names_that_only_damaged_lines_have_are_not_kept_for_ever() -> None:
    plan = planned(MapPlan("@c", "count", (TEXT,)))
    flushes = feed(reader(plan), ticks(*([map_line(f"@damaged{count}", {"a": 1})] for count in range(1000))))
    assert max(len(flush.maps) for flush in flushes) <= 1 + MOST_OTHERS
    assert all("@c" in flush.maps for flush in flushes)
    assert all(flush.maps[f"@damaged{count}"].rows for count, flush in enumerate(flushes))


def test_maps_that_were_not_printed_are_empty() -> None:
    plan = planned(MapPlan("@c", "count", (TEXT,)), MapPlan("@h", "hist"))
    first, second = feed(reader(plan), ticks([map_line("@c", {"a": 1})], []))
    assert first.maps["@c"].rows == {"a": 1}
    assert second.maps["@c"].rows == {}
    assert second.maps["@h"].rows == {}
    assert second.maps["@h"].kind == "hist"


def test_banks_are_one_map_and_own_maps_of_bttop_are_dropped() -> None:
    intervals = [
        [map_line("@__bt_c0", {"a": 1}), map_line("@__bt_n", 1)],
        [map_line("@__bt_c1", {"a": 2}), map_line("@mine", 3)],
    ]
    first, second = feed(reader(banked("@c")), ticks(*intervals))
    assert set(first.maps) == {"@c"}
    assert first.maps["@c"].rows == {"a": 1}
    assert second.maps["@c"].rows == {"a": 2}
    assert second.maps["@mine"].rows == {"": 3}
    assert second.base == ()


ATTACHED = '{"type": "attached_probes", "data": {"probes": 3}}'
READY_LINE = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"


@pytest.mark.parametrize("as_option", [True, False])
@pytest.mark.parametrize(
    ("attached_ms", "first_ms", "start_ms", "lost"),
    [
        (4_000, 5_000, 4_000, 0),
        (3_700, 5_000, 3_700, 0),  # the other probes were attached before the interval's
        (4_100, 5_000, 4_000, 0),  # the line was read late: no tick comes before a whole interval
        (4_600, 5_000, 4_600, 0),
        (1_000, 5_000, 1_000, 3),
        (3_000, 5_000, 3_000, 1),
    ],
)
def test_the_first_flush_reaches_back_to_the_attach(
    attached_ms: int, first_ms: int, start_ms: int, lost: int, as_option: bool
) -> None:
    attached, first = attached_ms * MILLISECOND, first_ms * MILLISECOND
    into = reader(planned(), ready_ns=attached) if as_option else reader(planned())
    lines = [] if as_option else [(attached, READY_LINE)]
    flush = feed(into, [*lines, (first, beat(1, first))])[0]
    assert flush.start_ns == start_ms * MILLISECOND
    assert flush.lost_ticks == lost
    assert flush.caveats == ({Caveat.LOST_TICKS} if lost else frozenset())


def test_a_first_flush_as_long_as_its_own_period_has_lost_no_tick() -> None:
    unknown = replace(planned(), periods={"a": 0})
    assert not feed(reader(unknown, ready_ns=SECOND), [(9 * SECOND, beat(1, 9 * SECOND))])[0].caveats
    own = replace(planned(), periods={"a": 8 * SECOND})
    assert not feed(reader(own, ready_ns=SECOND), [(9 * SECOND, beat(1, 9 * SECOND))])[0].caveats


@pytest.mark.parametrize("release", ["0.14", "0.17", "0.23", "0.24", "0.27"])
def test_without_the_line_that_all_is_attached_the_first_length_is_doubtful_up_to_0_23(release: str) -> None:
    flush = feed(reader(planned(), release), [(2 * SECOND, ATTACHED), (3 * SECOND, beat(1, 3 * SECOND))])[0]
    assert flush.start_ns == 2 * SECOND
    assert flush.caveats == ({Caveat.UNTIMED} if version(release) < (0, 24) else frozenset())


def test_a_first_length_that_nothing_tells_is_an_interval_and_doubtful() -> None:
    flush = feed(reader(planned()), [(5 * SECOND, beat(1, 5 * SECOND))])[0]
    assert flush.start_ns == 4 * SECOND
    assert flush.caveats == {Caveat.UNTIMED}


def test_a_script_without_heartbeat_reaches_back_to_the_attach_as_well() -> None:
    into = reader(planned(heartbeats=()), ready_ns=2 * SECOND)
    assert feed(into, [(22 * SECOND, PRINTF)]) == []
    flush = into.due(23 * SECOND)
    assert flush is not None
    assert flush.seconds == 20


@pytest.mark.parametrize(("number", "nsecs"), [(2, 2), (1, 1), (0, 0), (2, 1)])
def test_a_heartbeat_from_the_past_closes_no_flush_and_is_counted_as_damage(number: int, nsecs: int) -> None:
    into = reader(planned(MapPlan("@", "count", (), "bank")))
    feed(into, [(1 * SECOND, beat(1, SECOND)), (2 * SECOND, beat(2, 2 * SECOND))])
    assert not feed(into, [(2 * SECOND + 1, beat(number, nsecs * SECOND))])
    (third,) = feed(into, [(3 * SECOND, beat(3, 3 * SECOND))])
    assert (third.number, third.start_ns, third.end_ns) == (3, 2 * SECOND, 3 * SECOND)
    assert third.caveats == {Caveat.DAMAGED}
    assert into.tally.undecodable == 1


def test_a_long_step_is_lost_ticks() -> None:
    into = reader(planned(), ready_ns=1)
    first, second = feed(into, [(SECOND, beat(1, SECOND)), (4 * SECOND, beat(2, 4 * SECOND + 20))])
    assert second.lost_ticks == 2
    assert second.caveats == {Caveat.LOST_TICKS}
    assert second.seconds == pytest.approx(3, abs=1e-6)
    assert into.tally.lost_ticks == 2
    assert not first.caveats


def test_a_step_of_one_and_a_half_intervals_is_no_lost_tick() -> None:
    _, second = feed(reader(planned()), [(SECOND, beat(1, SECOND)), (4 * SECOND, beat(2, 2 * SECOND + SECOND // 2))])
    assert second.lost_ticks == 0


def test_a_gap_in_the_numbers_is_lost_messages_and_no_lost_tick() -> None:
    into = reader(planned(MapPlan("@c", "count", (TEXT,))))
    _, second = feed(into, [(SECOND, beat(1, SECOND)), (3 * SECOND, beat(3, 3 * SECOND))])
    assert second.caveats == {Caveat.LOST_MESSAGES}
    assert second.seconds == 2
    assert (into.tally.lost_messages, into.tally.lost_ticks) == (1, 0)


def test_a_flush_of_banks_after_lost_messages_covers_the_last_interval_only() -> None:
    _, second = feed(reader(banked("@c")), [(SECOND, beat(1, SECOND)), (3 * SECOND, beat(3, 3 * SECOND))])
    assert second.seconds == 1


def test_two_banks_never_mix_when_the_heartbeat_between_them_is_lost() -> None:
    into = reader(banked("@c"), ready_ns=9 * SECOND)
    lines = [
        (10 * SECOND, map_line("@__bt_c0", {"a": 1})),
        (10 * SECOND, beat(1, 10 * SECOND)),
        (11 * SECOND, map_line("@__bt_c1", {"a": 2})),
        (12 * SECOND, map_line("@__bt_c0", {"a": 4})),
        (12 * SECOND, beat(3, 12 * SECOND)),
    ]
    flushes = feed(into, lines)
    assert [flush.maps["@c"].rows for flush in flushes] == [{"a": 1}, {"a": 2}, {"a": 4}]
    assert [flush.number for flush in flushes] == [1, 2, 3]
    assert [flush.seconds for flush in flushes] == [1, 1, 1]
    assert [sorted(flush.caveats) for flush in flushes] == [[], [Caveat.LOST_MESSAGES], []]
    assert into.tally.lost_messages == 1


def test_both_banks_at_once_are_the_exit_print_and_close_nothing() -> None:
    lines = [*ticks([map_line("@__bt_c0", {"a": 1})])]
    end = lines[-1][0]
    lines += [(end + 5, map_line("@__bt_c0", {"a": 1})), (end + 9, map_line("@__bt_c1", {"a": 2}))]
    assert len(feed(reader(banked("@c")), lines)) == 1


def test_a_bank_printed_later_than_an_interval_is_inexact() -> None:
    late = [(SECOND, beat(1, SECOND)), (3 * SECOND + 1, beat(2, 2 * SECOND))]
    into = reader(banked("@c"))
    assert feed(into, late)[1].caveats == {Caveat.LATE}
    assert into.tally.late == 1
    assert feed(reader(planned(MapPlan("@c", "count", scheme="cumulative"))), late)[1].caveats == frozenset()


def test_a_heartbeat_of_another_clock_is_not_late() -> None:
    slept = 3600 * SECOND
    flush = feed(reader(banked("@c")), [(slept + SECOND, beat(1, SECOND))])[0]
    assert flush.caveats == {Caveat.UNTIMED}
    assert flush.lag_ns == 0


def test_each_mark_closes_its_own_flush() -> None:
    plan = planned(MapPlan("@fast", "count"), MapPlan("@slow", "count"), heartbeats=("a", "b"))
    into = reader(plan, ready_ns=1)
    lines = []
    for tick in range(1, 11):
        at = tick * SECOND
        lines += [(at, map_line("@fast", tick)), (at, beat(tick, at))]
        if tick % 5 == 0:
            lines += [(at, map_line("@slow", tick)), (at, beat(tick // 5, at, 1))]
    flushes = feed(into, lines)
    slow = [flush for flush in flushes if flush.mark == "b"]
    assert [flush.maps["@slow"].rows for flush in slow] == [{"": 5}, {"": 10}]
    assert slow[1].seconds == 5
    assert all("@slow" not in flush.maps for flush in flushes if flush.mark == "a")
    assert not any(flush.caveats for flush in flushes)


def test_lost_ticks_of_a_second_mark_are_measured_by_its_own_period() -> None:
    into = reader(planned(heartbeats=("a", "b")))
    found = feed(into, [(at * SECOND, beat(n, at * SECOND, 1)) for n, at in enumerate((5, 10, 15, 30), 1)])
    assert [flush.lost_ticks for flush in found] == [0, 0, 0, 2]


@pytest.mark.parametrize("nsecs", [SECOND, SECOND - 5, 0])
def test_a_clock_that_does_not_advance_gives_a_flush_of_some_length(nsecs: int) -> None:
    found = feed(reader(planned()), [(SECOND, beat(1, SECOND)), (SECOND, beat(2, nsecs))])
    assert all(flush.seconds > 0 for flush in found)


# --- Cumulative maps -----------------------------------------------------------------------------------------


def test_cumulative_maps_show_what_was_added() -> None:
    plan = planned(MapPlan("@c", "count", (TEXT,), "cumulative"), MapPlan("@s", "stats", (), "cumulative"))
    prints = [
        [map_line("@c", {"a": 3}), map_line("@s", {"count": 1, "average": 5, "total": 5}, "stats")],
        [map_line("@c", {"a": 3, "b": 1}), map_line("@s", {"count": 3, "average": 5, "total": 15}, "stats")],
        [map_line("@c", {"a": 9, "b": 1})],
    ]
    first, second, third = feed(reader(plan), ticks(*prints))
    assert first.maps["@c"].rows == {"a": 3}
    assert second.maps["@c"].rows == {"b": 1}
    assert third.maps["@c"].rows == {"a": 6}
    assert second.maps["@s"].rows == {"": Stats(2, 5, 10)}
    assert third.maps["@s"].rows == {}
    assert (first.base, len(second.base), len(third.base)) == ((), 2, 1)


def test_a_cumulative_print_that_was_lost_is_made_up_for_by_the_next() -> None:
    plan = planned(MapPlan("@c", "count", (), "cumulative"))
    found = feed(reader(plan), ticks([map_line("@c", 3)], [], [map_line("@c", 10)]))
    assert [flush.maps["@c"].rows for flush in found] == [{"": 3}, {}, {"": 7}]


def test_a_sum_that_was_never_printed_is_zero() -> None:
    plan = planned(MapPlan("@s", "sum", (), "cumulative"), MapPlan("@k", "sum", (TEXT,), "cumulative"))
    found = feed(reader(plan), ticks([], [map_line("@s", 10)]))
    assert [flush.maps["@s"].rows for flush in found] == [{"": 0}, {"": 10}]
    assert found[0].maps["@k"].rows == {}


def test_an_average_that_the_script_counts_as_stats_stays_stats() -> None:
    line = map_line("@a", {"k": {"count": 2, "average": 5, "total": 11}}, "stats")
    flush = feed(reader(planned(MapPlan("@a", "avg", (TEXT,), "bank"))), ticks([line]))[0]
    assert flush.maps["@a"].rows == {"k": Stats(2, 5, 11)}


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
def test_captured_runs_give_equal_flushes_for_an_equal_load(release: str) -> None:
    into = reader(captured_plan("cumulative"), release)
    lines = captured(f"{release}-keys")
    found = [into.feed(stamped(data, 10_000 * SECOND)) for data in lines]
    _, second = [flush for flush in found if flush]
    writes = second.maps["@cs"].rows[""]
    assert isinstance(writes, int)
    assert 1200 <= writes <= 1500
    assert sum(one for one in second.maps["@c"].rows.values() if isinstance(one, int)) == writes
    assert second.seconds == pytest.approx(0.5, rel=0.01)
    assert second.caveats == frozenset()


# --- Doubts and counters -------------------------------------------------------------------------------------


def test_helper_errors_are_counted_and_not_kept() -> None:
    error = '{"type": "helper_error", "helper": "map_update_elem", "retcode": -7, "line": 1, "col": 27}'
    other = '{"type": "helper_error", "helper": "probe_read", "retcode": -14, "line": 1, "col": 27}'
    into = reader(planned(), ready_ns=READY)
    flush, after = feed(into, ticks([error, error, other], []))
    assert (into.tally.helper_errors, into.tally.map_full) == (3, 2)
    assert flush.caveats == {Caveat.MAP_FULL}
    assert len(flush.lines) == 1
    assert after.caveats == frozenset()


@pytest.mark.parametrize(
    ("release", "aggregation_line", "full"),
    [
        ("0.23", map_line("@m", {"a": 1, "b": 1, "c": 1}), False),
        ("0.23", map_line("@m", {"a": 1, "b": 1, "c": 1, "d": 1}), True),
        ("0.21", map_line("@m", {"a": 1, "b": 1}, "stats"), True),
        ("0.22", map_line("@m", {"a": 1, "b": 1}, "stats"), False),
        ("0.23", map_line("@m", [{"min": n, "max": n, "count": n % 2} for n in range(8)], "hist"), True),
        ("0.23", map_line("@m", [{"min": n, "max": n, "count": n % 2} for n in range(7)], "hist"), False),
    ],
)
def test_a_map_with_all_its_entries_in_use_is_full(release: str, aggregation_line: str, full: bool) -> None:
    flush = feed(reader(planned(), release, key_limit=4), ticks([aggregation_line]))[0]
    assert (Caveat.MAP_FULL in flush.caveats) == full


@pytest.mark.parametrize(("release", "total"), [("0.18", 35), ("0.19", 20)])
def test_lost_events_are_deltas_up_to_0_18_and_a_total_since(release: str, total: int) -> None:
    into = reader(planned(), release, ready_ns=READY)
    lost = [f'{{"type": "lost_events", "data": {{"events": {events}}}}}' for events in (5, 10, 20)]
    first, second = feed(into, ticks(lost, []))
    assert into.tally.lost_events == total
    assert first.caveats == {Caveat.LOST_EVENTS}
    assert second.caveats == frozenset()


def test_a_line_that_cannot_be_decoded_puts_its_flush_in_doubt() -> None:
    into = reader(planned(), ready_ns=READY)
    flush = feed(into, ticks(['{"type": "map", "data": {"@c": {"a"']))[0]
    assert flush.caveats == {Caveat.DAMAGED}
    assert into.tally.undecodable == 1


@pytest.mark.parametrize("size", [b"1073741824", b"many"])
def test_a_line_that_was_too_long_to_come_puts_its_flush_in_doubt(size: bytes) -> None:
    into = reader(planned(), ready_ns=READY)
    line = StampedLine(1, "oversized", Stamp(0, 0), size)
    decoded, _ = into.take(line)
    assert decoded.record == Oversized(line.stamp, int(size) if size.isdigit() else 0)
    first, second = feed(into, ticks([], []))
    assert first.caveats == {Caveat.DAMAGED}
    assert second.caveats == frozenset()
    assert into.tally.oversized == 1


def skipped(data: bytes, at: float) -> StampedLine:
    return StampedLine(1, "skipped", stamped("", round(at * SECOND)).stamp, data)


def test_skipped_events_are_counted_in_the_flush_that_arrives_with_them() -> None:
    into = reader(planned())
    lines = ticks([], [], [])
    feed(into, lines[:1])
    for data in (b"30 10", b"5 55"):
        assert into.feed(skipped(data, 12)) is None
    second, third = feed(into, lines[1:])
    assert (second.skipped, second.fired, second.caveats) == (35, 100, frozenset({Caveat.SKIPPED}))
    assert (third.skipped, third.fired, third.caveats) == (0, 0, frozenset())
    assert into.tally.skipped == 35


@pytest.mark.parametrize("counts", [[b"30"], [b"30", b"5 1"], [b"5 1", b"30"]])
def test_the_share_of_skipped_events_is_unknown_where_runs_are_not_counted(counts: list[bytes]) -> None:
    into = reader(planned())
    for data in counts:
        into.feed(skipped(data, 10))
    (flush,) = feed(into, ticks([]))
    assert (flush.skipped, flush.fired) == (sum(int(data.split()[0]) for data in counts), 0)


def test_without_heartbeats_skipped_events_belong_to_the_group_that_comes_with_them() -> None:
    into = reader(Plan(heartbeats=()))
    assert feed(into, [(SECOND, PRINTF)]) == []
    first = into.feed(skipped(b"7", 2))
    assert first is not None
    assert first.skipped == 0
    (second,) = feed(into, [(2 * SECOND, PRINTF), (3 * SECOND, PRINTF)])
    assert (second.skipped, second.caveats) == (7, frozenset({Caveat.SKIPPED, Caveat.UNTIMED}))


@pytest.mark.parametrize("data", [b"", b"-3", b"1 2 3", b"1 ", b"9" * 40, b"\xff"])
def test_what_is_no_count_of_skipped_events_puts_its_flush_in_doubt(data: bytes) -> None:
    into = reader(planned())
    into.feed(skipped(data, 10))
    first, second = feed(into, ticks([], []))
    assert (first.skipped, Caveat.DAMAGED in first.caveats, Caveat.SKIPPED in first.caveats) == (0, True, False)
    assert second.caveats == frozenset()


def test_ambiguous_keys_put_the_flush_in_doubt() -> None:
    plan = planned(MapPlan("@m", "count", (TEXT, TEXT)))
    flush = feed(reader(plan, ready_ns=READY), ticks([map_line("@m", {"a,b,c": 1})]))[0]
    assert flush.caveats == {Caveat.AMBIGUOUS}


def test_printed_records_above_the_limit_are_counted() -> None:
    into = reader(planned(), ready_ns=READY)
    flush = feed(into, ticks([PRINTF] * (PRINTED_LIMIT + 3)))[0]
    assert len(flush.printed) == PRINTED_LIMIT
    assert flush.dropped == into.tally.dropped == 3
    assert flush.caveats == {Caveat.TRUNCATED}


def test_printed_bytes_above_the_limit_are_counted() -> None:
    huge = f'{{"type": "printf", "data": "{"x" * (PRINTED_BYTES // 2)}"}}'
    flush = feed(reader(planned()), ticks([huge, huge, PRINTF]))[0]
    assert (len(flush.printed), flush.dropped) == (2, 1)


def test_of_a_map_printed_again_and_again_only_the_last_print_is_kept() -> None:
    lines = [map_line("@c", number) for number in range(5000)]
    flush = feed(reader(planned(MapPlan("@c", "count"))), ticks(lines))[0]
    assert flush.maps["@c"].rows == {"": 4999}
    assert len(flush.lines) == 2


# --- Without heartbeats --------------------------------------------------------------------------------------

MILLISECOND = SECOND // 1000
UNTIMED = planned(MapPlan("@a", "count"), MapPlan("@b", "count"), heartbeats=())


def test_a_group_ends_when_nothing_came_for_200_ms() -> None:
    into = reader(UNTIMED)
    assert feed(into, [(SECOND, map_line("@a", 1)), (SECOND + MILLISECOND, map_line("@b", 2))]) == []
    assert into.due(SECOND + 200 * MILLISECOND) is None
    flush = into.due(SECOND + 201 * MILLISECOND)
    assert flush is not None
    assert {name: data.rows for name, data in flush.maps.items()} == {"@a": {"": 1}, "@b": {"": 2}}
    assert flush.caveats == {Caveat.UNTIMED}
    assert into.due(9 * SECOND) is None


def test_a_repeated_map_opens_a_new_group() -> None:
    into = reader(UNTIMED)
    lines = [(at * 100 * MILLISECOND, map_line(name, at)) for at in range(10, 14) for name in ("@a", "@b")]
    found = feed(into, lines)
    assert [flush.maps["@a"].rows for flush in found] == [{"": 10}, {"": 11}, {"": 12}]
    assert [flush.seconds for flush in found[1:]] == [0.1, 0.1]


def test_a_record_after_a_quiet_time_closes_the_group_before_it() -> None:
    found = feed(reader(UNTIMED), [(at * SECOND, map_line("@a", at)) for at in range(5, 9)])
    assert [flush.number for flush in found] == [1, 2, 3]
    assert [flush.seconds for flush in found] == [1, 1, 1]


def test_a_map_that_is_missing_from_a_group_is_empty_and_text_alone_has_no_maps() -> None:
    lines = [
        (SECOND, map_line("@x", 1)),
        (2 * SECOND, PRINTF),
        (3 * SECOND, map_line("@a", 1)),
        (4 * SECOND, PRINTF),
    ]
    first, text, last = feed(reader(UNTIMED), lines)
    assert set(first.maps) == set(last.maps) == {"@a", "@b", "@x"}
    assert last.maps["@x"].rows == {}
    assert text.maps == {}
    assert [record.data for record in text.printed] == ["hello\n"]


@pytest.mark.parametrize("heartbeats", [(), ("a",)])
def test_text_without_pause_waits_no_longer_than_about_an_interval(heartbeats: tuple[str, ...]) -> None:
    into = reader(planned(heartbeats=heartbeats))
    lines = [(SECOND + at * 100 * MILLISECOND, PRINTF) for at in range(40)]
    found = feed(into, lines)
    assert len(found) >= 3
    assert all(len(flush.printed) <= 13 for flush in found)


def test_text_of_a_script_with_a_heartbeat_waits_for_it_while_it_is_on_time() -> None:
    into = reader(planned(), ready_ns=SECOND)
    lines = [(SECOND + MILLISECOND, PRINTF), (2 * SECOND + 5 * MILLISECOND, beat(1, 2 * SECOND))]
    flush = feed(into, lines)[0]
    assert len(flush.printed) == 1
    assert flush.caveats == frozenset()
    assert into.due(9 * SECOND) is None


def test_text_of_a_script_whose_heartbeat_is_lost_comes_out_and_time_is_not_counted_twice() -> None:
    into = reader(planned())
    feed(into, [(SECOND, beat(1, SECOND)), (SECOND + 1, PRINTF)])
    assert into.due(2 * SECOND + SECOND // 5) is None
    text = into.due(2 * SECOND + SECOND // 3)
    assert text is not None
    assert len(text.printed) == 1
    assert text.caveats == {Caveat.UNTIMED}
    late = feed(into, [(4 * SECOND, beat(2, 4 * SECOND))])[0]
    assert late.start_ns == text.end_ns
    assert late.lost_ticks == 2


# --- Total ---------------------------------------------------------------------------------------------------

ANY_LINE = st.sampled_from(
    [
        PRINTF,
        beat(1, 5),
        beat(2, 5 * SECOND),
        beat(10**18, 10**19),
        beat(-4, 0, 1),
        map_line("@c", {"a": 1, "b": 2}),
        map_line("@__bt_c0", {"a": 1}),
        map_line("@__bt_c1", {"a": "x"}),
        map_line("@h", [{"min": 1, "max": 1, "count": 3}], "hist"),
        map_line("@h", {"k": [{"max": 1, "count": 3}]}, "hist"),
        '{"type": "map"',
        '{"type": "lost_events", "data": {"events": 3}}',
        r'{"type": "printf", "data": "\u001b"}',
        "__BPFTRACE_NOTIFY_PROBES_ATTACHED",
        "",
    ]
)
SCHEMES: tuple[Scheme, ...] = ("bank", "cumulative", "gauge", "own")


@given(
    st.lists(st.tuples(st.integers(0, 20 * SECOND), ANY_LINE)),
    st.sampled_from(SCHEMES),
    st.sampled_from([(), ("a",), ("a", "b")]),
    st.sampled_from(["0.17", "0.23", "0.27"]),
)
def test_any_lines_in_any_order_give_flushes_of_some_length(
    lines: list[tuple[int, str]], scheme: Scheme, heartbeats: tuple[str, ...], release: str
) -> None:
    maps = {name: MapPlan(name, "hist" if name == "@h" else "count", (TEXT,), scheme) for name in ("@c", "@h")}
    plan = Plan(maps, {"@__bt_c0": "@c", "@__bt_c1": "@c"}, heartbeats)
    into = reader(plan, release)
    for flush in [*feed(into, lines), into.due(100 * SECOND)]:
        if flush is not None:
            assert flush.seconds > 0
            assert flush.lost_ticks >= 0


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 99))), min_size=1))
def test_banks_and_cumulative_maps_show_the_same_intervals(intervals: list[list[tuple[str, int]]]) -> None:
    totals: dict[str, int] = {}
    banks, totals_printed = [], []
    for number, events in enumerate(intervals):
        bank: dict[str, int] = {}
        for key, amount in events:
            bank[key] = bank.get(key, 0) + amount
            totals[key] = totals.get(key, 0) + amount
        banks.append([map_line(f"@__bt_c{number % 2}", bank)])
        totals_printed.append([map_line("@c", dict(totals))])
    by_bank = feed(reader(banked("@c")), ticks(*banks))
    cumulative = planned(MapPlan("@c", "count", (TEXT,), "cumulative"))
    by_total = feed(reader(cumulative), ticks(*totals_printed))
    for left, right in zip(by_bank, by_total, strict=True):
        changed = {key: value for key, value in left.maps["@c"].rows.items() if value}
        assert {key: value for key, value in right.maps["@c"].rows.items() if value} == changed


def test_a_histogram_of_a_cumulative_map_is_subtracted_per_key() -> None:
    plan = planned(MapPlan("@h", "hist", (NUMBER,), "cumulative"))
    prints = [{"1": [{"min": 2, "max": 3, "count": 1}]}, {"1": [{"min": 2, "max": 3, "count": 4}]}]
    _, second = feed(reader(plan), ticks(*[[map_line("@h", rows, "hist")] for rows in prints]))
    assert second.maps["@h"].rows == {"1": (Bucket(2, 3, 3),)}
    assert second.maps["@h"].entries == 1


# --- The end of a process ------------------------------------------------------------------------------------


def ended(into: FlushReader, *lines: str, at: int) -> Flush | None:
    """What is closed when a process prints these lines and ends."""
    assert feed(into, [(at, line) for line in lines]) == []
    return into.end(at + SECOND)


def test_what_is_printed_at_the_end_is_the_last_part_of_an_interval() -> None:
    into = reader(banked("@c"))
    feed(into, ticks([map_line("@__bt_c0", {"a": 3})], start=9 * SECOND))
    flush = ended(into, map_line("@__bt_c1", {"a": 2}), at=10 * SECOND + SECOND // 4)
    assert flush is not None
    assert flush.maps["@c"].rows == {"a": 2}
    assert (flush.number, flush.mark, flush.seconds) == (2, "a", 0.25)
    assert flush.caveats == {Caveat.UNTIMED}


def test_a_cumulative_map_is_subtracted_at_the_end_too() -> None:
    into = reader(planned(MapPlan("@c", "count", (TEXT,), "cumulative")))
    feed(into, ticks([map_line("@c", {"a": 3})], start=9 * SECOND))
    flush = ended(into, map_line("@c", {"a": 5}), at=10 * SECOND + SECOND // 4)
    assert flush is not None
    assert flush.maps["@c"].rows == {"a": 2}


def test_a_scripts_own_state_is_not_shown_at_the_end() -> None:
    into = reader(banked("@c"))
    flush = ended(into, map_line("@start", {"7": 1}), map_line("@__bt_c1", {"a": 2}), at=10 * SECOND)
    assert flush is not None
    assert flush.maps.keys() == {"@c"}
    assert len(flush.lines) == 1
    assert ended(reader(banked("@c")), map_line("@start", {"7": 1}), at=10 * SECOND) is None


def test_text_at_the_end_comes_out() -> None:
    flush = ended(reader(banked("@c")), PRINTF, at=10 * SECOND)
    assert flush is not None
    assert [one.data for one in flush.printed] == ["hello\n"]


def test_nothing_at_the_end_is_no_flush() -> None:
    assert reader(banked("@c")).end(SECOND) is None


# --- The last flush ------------------------------------------------------------------------------------------


def last_beat(number: int, nsecs: int, block: int = 0) -> str:
    """What the END block prints when all is detached."""
    return beat(number, nsecs, block, is_last=True)


def test_the_last_heartbeat_closes_what_was_left_with_its_exact_length() -> None:
    at = 11 * SECOND + SECOND // 4
    lines = [map_line("@__bt_c1", {"a": 2}), last_beat(2, at)]
    found = feed(
        reader(banked("@c"), ready_ns=READY), [*ticks([map_line("@__bt_c0", {"a": 3})]), *((at, one) for one in lines)]
    )
    assert [flush.maps["@c"].rows for flush in found] == [{"a": 3}, {"a": 2}]
    assert [flush.seconds for flush in found] == [1, 0.25]
    assert [flush.is_last for flush in found] == [False, True]
    assert not any(flush.caveats for flush in found)


def test_both_banks_of_the_last_flush_add_up() -> None:
    into = reader(banked("@c"), ready_ns=READY)
    at = 10 * SECOND + SECOND // 2
    banks = [map_line("@__bt_c0", {"a": 3, "b": 1}), map_line("@__bt_c1", {"a": 2, "c": 1})]
    (flush,) = feed(into, [(at, one) for one in (*banks, last_beat(1, at))])
    assert flush.maps["@c"].rows == {"a": 5, "b": 1, "c": 1}
    assert flush.seconds == 0.5
    assert not flush.caveats


@pytest.mark.parametrize(
    ("aggregation", "kind", "first", "second", "both"),
    [
        ("min", "map", 3, 2, 2),
        ("max", "map", 3, 2, 3),
        ("sum", "map", -3, 2, -1),
        ("stats", "stats", STATS_3, STATS_5, Stats(3, 4, 13)),
        ("avg", "stats", STATS_3, STATS_5, Stats(3, 4, 13)),
        ("hist", "hist", BUCKETS, BUCKETS, (Bucket(1, 1, 4),)),
        ("lhist", "hist", BUCKETS, BUCKETS, (Bucket(1, 1, 4),)),
    ],
)
def test_banks_add_up_by_their_aggregation(aggregation: Any, kind: str, first: Any, second: Any, both: Any) -> None:
    plan = Plan(
        {"@c": MapPlan("@c", aggregation, (TEXT,), "bank")}, {"@__bt_c0": "@c", "@__bt_c1": "@c"}, ("a",), SECOND
    )
    at = 10 * SECOND + SECOND // 2
    lines = [map_line("@__bt_c0", {"a": first}, kind), map_line("@__bt_c1", {"a": second}, kind), last_beat(1, at)]
    (flush,) = feed(reader(plan, ready_ns=READY), [(at, one) for one in lines])
    assert flush.maps["@c"].rows == {"a": both}


def test_a_bank_that_was_printed_and_cleared_before_the_end_stays() -> None:
    # Its heartbeat was still on its way when bpftrace ended; 0.24 prints the empty map once more.
    at = 10 * SECOND + SECOND // 2
    lines = [map_line("@__bt_c0", {"a": 3}), map_line("@__bt_c0", {}), map_line("@__bt_c1", {"a": 2}), last_beat(2, at)]
    (flush,) = feed(reader(banked("@c"), ready_ns=READY), [(at, one) for one in lines])
    assert flush.maps["@c"].rows == {"a": 5}


def test_what_bpftrace_prints_after_the_last_flush_is_not_counted_again() -> None:
    into = reader(banked("@c"), ready_ns=READY)
    at = 10 * SECOND + SECOND // 2
    feed(into, [(at, one) for one in (map_line("@__bt_c0", {"a": 3}), last_beat(1, at))])
    assert feed(into, [(at, map_line("@__bt_c0", {"a": 3})), (at, map_line("@start", {"7": 1})), (at, PRINTF)]) == []
    assert into.end(at + SECOND) is None


def test_a_detach_that_takes_long_loses_no_tick_and_is_not_late() -> None:
    into = reader(banked("@c"), ready_ns=READY)
    found = feed(
        into, [*ticks([]), (30 * SECOND, map_line("@__bt_c0", {"a": 1})), (31 * SECOND, last_beat(19, 29 * SECOND))]
    )
    assert found[1].seconds == 18
    assert not found[1].caveats
    assert (into.tally.lost_ticks, into.tally.lost_messages, into.tally.late) == (0, 0, 0)


@pytest.mark.parametrize("scheme", ["bank", "cumulative", "own"])
def test_ticks_that_are_printed_after_the_detach_are_part_of_the_last_flush(scheme: Scheme) -> None:
    # bpftrace detaches for five seconds and prints only then what the ticks of that time have asked for.
    names = ("@__bt_c0", "@__bt_c1") if scheme == "bank" else ("@c", "@c")
    plan = banked("@c") if scheme == "bank" else planned(MapPlan("@c", "count", (TEXT,), scheme))
    into = reader(plan, ready_ns=READY)
    shown = feed(into, ticks([map_line(names[1], {"a": 1})]))
    assert into.feed(StampedLine(1, "detaching", Stamp(11 * SECOND + SECOND // 2, 0), b"")) is None
    counts = (8, 13) if scheme == "cumulative" else (7, 5)
    lines = []
    for number, count in enumerate(counts, 2):
        lines += [map_line(names[number % 2], {"a": count}), beat(number, (10 + number) * SECOND)]
    lines += [map_line(names[0], {"a": 13} if scheme == "cumulative" else {}), last_beat(4, 16 * SECOND)]
    shown += feed(into, [(17 * SECOND, line) for line in lines])
    assert [flush.maps["@c"].rows for flush in shown] == [{"a": 1}, {"a": 12}]
    assert [flush.seconds for flush in shown] == [1, 5]
    assert not any(flush.caveats for flush in shown)
    assert [unpack(pack(flush)) for flush in shown] == shown


def test_a_tick_before_the_order_to_detach_keeps_its_flush() -> None:
    into = reader(banked("@c"), ready_ns=READY)
    into.feed(StampedLine(1, "detaching", Stamp(11 * SECOND + 1, 0), b""))
    assert len(feed(into, ticks([map_line("@__bt_c1", {"a": 1})]))) == 1


def test_each_mark_has_a_last_flush_of_its_own() -> None:
    plan = planned(MapPlan("@fast", "count"), MapPlan("@slow", "count"), heartbeats=("a", "b"))
    at = 14 * SECOND
    lines = [*ticks([map_line("@fast", 1)])]
    lines += [(at, one) for one in (map_line("@fast", 2), last_beat(2, at), map_line("@slow", 3), last_beat(1, at, 1))]
    found = feed(reader(plan, ready_ns=READY), lines)
    assert [(flush.mark, flush.seconds, flush.is_last) for flush in found] == [
        ("a", 1, False),
        ("a", 3, True),
        ("b", 4, True),
    ]
    assert [sorted(flush.maps) for flush in found] == [["@fast"], ["@fast"], ["@slow"]]


def test_a_map_that_is_printed_at_the_end_alone_is_in_the_last_flush_alone() -> None:
    plan = planned(MapPlan("@c", "count"), MapPlan("@all (printed)", "count", kept=True, occasional=True))
    plan = replace(plan, aliases={"@all": "@all (printed)"})
    at = 11 * SECOND + SECOND // 2
    found = feed(
        reader(plan, ready_ns=READY),
        [
            *ticks([map_line("@c", 1)]),
            *((at, one) for one in (map_line("@c", 2), map_line("@all", 3), last_beat(2, at))),
        ],
    )
    assert [sorted(flush.maps) for flush in found] == [["@c"], ["@all (printed)", "@c"]]


def test_a_print_of_the_scripts_own_is_in_its_flush_alone_and_is_not_added_up() -> None:
    """The script prints on a signal, beside the banks of the same map."""
    plan = planned(MapPlan("@c", "count", scheme="bank"), MapPlan("@c (printed)", "count", kept=True, occasional=True))
    plan = replace(plan, aliases={"@__bt_c0": "@c", "@__bt_c1": "@c", "@c": "@c (printed)"})
    found = feed(
        reader(plan, ready_ns=READY),
        ticks([map_line("@c", 7), map_line("@c", 9), map_line("@__bt_c1", 2)], [map_line("@__bt_c0", 3)]),
    )
    assert [{name: data.rows for name, data in flush.maps.items()} for flush in found] == [
        {"@c (printed)": {"": 9}, "@c": {"": 2}},
        {"@c": {"": 3}},
    ]
    assert Caveat.RUNNING_TOTAL not in found[0].caveats


def slow_and_fast(**periods: int) -> Plan:
    plan = planned(MapPlan("@fast", "count", mark="a"), MapPlan("@slow", "count", mark="b"), heartbeats=("a", "b"))
    return replace(plan, periods=periods)


def test_each_mark_has_its_own_length_and_its_maps_also_if_they_are_empty() -> None:
    plan = slow_and_fast(a=SECOND, b=20 * SECOND)
    lines = [(READY + second * SECOND, beat(second, READY + second * SECOND)) for second in range(1, 21)]
    at = READY + 20 * SECOND
    lines += [(at, map_line("@slow", 5)), (at, beat(1, at, 1))]
    found = feed(reader(plan, ready_ns=READY + SECOND // 10), lines)
    assert [(flush.mark, flush.seconds) for flush in found] == [*[("a", 1)] * 20, ("b", 20)]
    assert {tuple(flush.maps) for flush in found} == {("@fast",), ("@slow",)}
    assert not found[-1].lost_ticks


def test_a_late_tick_is_judged_by_the_length_of_its_own_interval() -> None:
    lines = [(READY + at * SECOND, beat(number, READY + at * SECOND, 1)) for number, at in ((1, 20), (2, 60), (3, 80))]
    found = feed(reader(slow_and_fast(a=SECOND, b=20 * SECOND), ready_ns=READY), lines)
    assert [flush.lost_ticks for flush in found] == [0, 1, 0]


def test_an_unknown_length_is_learned_from_the_ticks() -> None:
    lines = [(READY + at * SECOND, beat(number, READY + at * SECOND)) for number, at in ((1, 20), (2, 40), (3, 80))]
    plan = replace(planned(MapPlan("@c", "count")), periods={"a": 0})
    assert [flush.lost_ticks for flush in feed(reader(plan, ready_ns=READY), lines)] == [0, 0, 1]


def shown(generation: int, seconds: float, *, last: bool) -> Flush:
    plan = planned(MapPlan("@all", "count"))
    end = round(10 * SECOND + seconds * SECOND)
    into = FlushReader(version("0.17"), plan, generation, ready_ns=READY)
    flushes = feed(into, [(end, map_line("@all", 1)), (end, (last_beat if last else beat)(1, end))])
    return flushes[0]


def test_a_pane_passes_over_short_last_flushes_and_those_of_earlier_generations() -> None:
    full = shown(2, 1, last=False)
    assert full.replaces(None)
    assert shown(2, 0.1, last=True).replaces(None)
    assert shown(2, 0.6, last=True).replaces(full)
    assert not shown(2, 0.4, last=True).replaces(full)
    assert shown(3, 0.4, last=True).replaces(full)
    assert not shown(1, 1, last=True).replaces(full)
    assert not shown(1, 1, last=False).replaces(full)
