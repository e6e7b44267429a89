from __future__ import annotations

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Aggregation, MapPlan, Plan
from bttop.model.record.decode import LINE_LIMIT, Decoder, decode_line
from bttop.model.record.records import (
    AttachedProbes,
    Blank,
    Bucket,
    HelperError,
    LostEvents,
    MapRecord,
    Notice,
    Oversized,
    Printed,
    Ready,
    Record,
    Stats,
    Undecodable,
)
from tests.model.samples import (
    NUMBER,
    RELEASES,
    STACK,
    TEXT,
    captured,
    captured_plan,
    decoded,
    map_line,
    maps_by_name,
    planned,
    printed_map,
    records,
    stamped,
    version,
)

CAPTURED = ("0.17", "0.23", "0.27")
COMMS = ("café x,y", "Web Content", "a,b", "(sd-pam)", "esc\x1bz", "nl\nz", 'q"\\b')


def as_printed(comm: str, release: str) -> str:
    """0.24 and newer delete the spaces of keys, and the parentheses around a whole key."""
    if release != "0.27":
        return comm
    key = comm.replace(" ", "")
    return key[1:-1] if key.startswith("(") and key.endswith(")") else key


# --- Captured runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", CAPTURED)
def test_names_of_captured_processes_come_out_as_they_were_given(release: str) -> None:
    found = maps_by_name(records(f"{release}-keys", captured_plan()))
    assert sorted(found["@c"].rows) == sorted(as_printed(comm, release) for comm in COMMS)
    assert set(found["@tup"].rows.values()) == {(1, comm, (2, 3)) for comm in COMMS}


@pytest.mark.parametrize("release", CAPTURED)
def test_captured_aggregations_agree_with_each_other(release: str) -> None:
    found = maps_by_name(records(f"{release}-keys", captured_plan()))
    key = as_printed("café x,y", release)
    count = found["@c"].rows[key]
    assert isinstance(count, int)
    assert found["@st"].rows[key] == Stats(count, 300, count * 300)
    assert found["@av"].rows[key] == 300
    assert found["@mn"].rows[key] == 100
    fifth = count // 5
    assert found["@h"].rows[key] == (
        Bucket(64, 127, fifth),
        Bucket(128, 255, fifth),
        Bucket(256, 511, 3 * fifth),
    )
    linear = found["@l"].rows[key]
    assert isinstance(linear, tuple)
    assert linear[0] == Bucket(None, 199, fifth)
    assert found["@ct"].rows[f"{key},7"] == count
    assert not found["@ct"].ambiguous


@pytest.mark.parametrize("release", CAPTURED)
def test_captured_scalars_are_one_row_without_a_key(release: str) -> None:
    found = maps_by_name(records(f"{release}-keys", captured_plan()))
    total = sum(value for value in found["@c"].rows.values() if isinstance(value, int))
    assert found["@cs"].rows == {"": total}
    assert not found["@cs"].keyed
    by_key = [value for value in found["@st"].rows.values() if isinstance(value, Stats)]
    assert found["@sts"].rows == {"": Stats(total, 475, sum(value.total for value in by_key))}
    assert found["@mx"].rows == {"": 1100}
    assert found["@txt"].rows[""] in COMMS
    histogram = found["@hs"].rows[""]
    assert isinstance(histogram, tuple)
    assert sum(bucket.count for bucket in histogram if isinstance(bucket, Bucket)) == total


@pytest.mark.parametrize("release", CAPTURED)
def test_no_captured_line_is_undecodable(release: str) -> None:
    for run in ("keys", "stacks", "misc"):
        found = records(f"{release}-{run}", captured_plan())
        assert not [record for record in found if isinstance(record, Undecodable)]


@pytest.mark.parametrize("release", CAPTURED)
def test_captured_stack_keys_are_merged_by_adding(release: str) -> None:
    found = maps_by_name(records(f"{release}-stacks", captured_plan()))
    kernel = sum(value for value in found["@ks"].rows.values() if isinstance(value, int))
    user = sum(value for value in found["@us"].rows.values() if isinstance(value, int))
    assert len(found["@us"].rows) == 1
    assert user >= kernel
    assert not found["@us"].ambiguous
    stack = next(iter(found["@ks"].rows))
    assert stack.startswith("\n")
    assert stack.endswith("\n")
    assert "\\" not in stack


@pytest.mark.parametrize("release", CAPTURED)
def test_captured_exit_print_holds_large_and_negative_numbers(release: str) -> None:
    found = maps_by_name(records(f"{release}-misc", planned(MapPlan("@neg", "hist", (NUMBER, TEXT)))))
    assert found["@big"].rows == {"": 18446744073709551615}
    assert found["@p"].rows == {"9007199254740993": 9007199254740993}
    assert found["@neg"].rows == {"-3,k,v": (Bucket(None, -1, 1),)}
    assert found["@hb2"].rows == {"": ()}
    assert found["@s"].rows == {"1": "06"}
    large = Bucket(1 << 31, None, 1) if release == "0.17" else Bucket(1 << 34, (1 << 35) - 1, 1)
    assert found["@hb"].rows == {"": (large,)}


def test_captured_hexadecimal_counts_begin_behind_the_first_escape() -> None:
    plan = planned(MapPlan("@h", "hist", (TEXT,)), MapPlan("@t", "tseries"))
    found = records("0.27-sticky", plan)
    rows = [record.rows for record in found if isinstance(record, MapRecord) and record.name == "@h"]
    web = (Bucket(64, 127, 45), Bucket(128, 255, 45), Bucket(256, 511, 135), Bucket(512, 1023, 45))
    escaped = (Bucket(64, 127, 45), Bucket(128, 255, 45), Bucket(256, 511, 135), Bucket(512, 1023, 180))
    assert rows[0] == rows[1] == {"WebContent": web, "esc\x1bz": escaped}
    assert maps_by_name(found)["@t"].rows == {"": (("2026-11-23 06:29:30.600000000", 500),)}
    assert found[-1] == LostEvents(found[-1].stamp, 14)


# --- Every kind of record ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "attached_probes", "data": {"probes": 2}}',
        '{"type": "attached_probes", "count": 2, "data": {"probes": 2}}',
    ],
)
def test_attached_probes_are_counted(line: str) -> None:
    record = decoded(line)
    assert isinstance(record, AttachedProbes)
    assert record.probes == 2


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_ready_is_heard_on_both_streams(stream: str) -> None:
    line = stamped("__BPFTRACE_NOTIFY_PROBES_ATTACHED", stream=stream)  # type: ignore[arg-type]
    assert decode_line(line, version("0.17"), Plan(), False) == (Ready(line.stamp), False)


@pytest.mark.parametrize(
    ("line", "kind", "data"),
    [
        ('{"type": "printf", "data": "hi\\n"}', "printf", "hi\n"),
        ('{"type": "time", "data": "1795337386"}', "time", "1795337386"),
        ('{"type": "cat", "data": "x"}', "cat", "x"),
        ('{"type": "join", "data": "a b"}', "join", "a b"),
        ('{"type": "syscall", "data": "9007199254740993"}', "syscall", "9007199254740993"),
        ('{"type": "value", "data": [1,"x",[2,3]]}', "value", (1, "x", (2, 3))),
        ('{"type": "value", "data": { "m": 0, "z": { "n": 1 } }}', "value", {"m": 0, "z": {"n": 1}}),
        ('{"type": "value", "data": "9007199254740993"}', "value", 9007199254740993),
        ('{"type": "value", "data": true}', "value", True),
        ('{"type": "errorf", "msg": "oh 3", "filename": "stdin", "line": 1}', "errorf", "oh 3"),
        ('{"type": "warnf", "msg": "hm", "filename": "stdin", "line": 1}', "warnf", "hm"),
        ('{"type": "benchmark_results", "data": {"a": 1}}', "benchmark_results", {"a": 1}),
        ('{"type": "never_heard_of", "data": 5}', "never_heard_of", 5),
    ],
)
def test_what_a_script_prints_keeps_its_kind_and_data(line: str, kind: str, data: object) -> None:
    record = decoded(line, "0.27")
    assert record == Printed(record.stamp, kind, data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"type": "runtime_error", "msg": "Divide by 0", "line": 1}', "Divide by 0"),
        (
            '{"type": "lost_events", "data": "watchpoint registers exhausted"}',
            "watchpoint registers exhausted",
        ),
        ("stdin:1:1-9: WARNING: something", "stdin:1:1-9: WARNING: something"),
        ("No probes to attach", "No probes to attach"),
        ("      ~~~~~", "      ~~~~~"),
    ],
)
def test_lines_for_people_are_notices(line: str, text: str) -> None:
    record = decoded(line, "0.27")
    assert record == Notice(record.stamp, text)


def test_everything_on_stderr_is_a_notice() -> None:
    line = stamped('{"type": "map", "data": {"@": 1}}', stream="stderr")
    record, _ = decode_line(line, version("0.17"), Plan(), False)
    assert isinstance(record, Notice)


@pytest.mark.parametrize("data", [b"", b"  ", b"\r"])
def test_an_empty_line_is_blank(data: bytes) -> None:
    assert isinstance(decoded(data), Blank)


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "helper_error", "helper": "map_update_elem", "retcode": -7, "line": 1, "col": 27}',
        '{"type": "helper_error", "msg": "Map full", "helper": "map_update_elem", "retcode": -7, "line": 1}',
        '{"type": "helper_error", "msg": "Argument list too long", "helper": "map_update_elem", '
        '"retcode": -7, "filename": "stdin", "line": 1, "col": 38}',
    ],
)
def test_a_full_map_is_told_by_helper_and_code(line: str) -> None:
    record = decoded(line)
    assert isinstance(record, HelperError)
    assert record.map_full
    assert record.line == 1


def test_repeated_helper_errors_carry_their_own_stamps() -> None:
    decoder = Decoder(version("0.23"), Plan())
    text = '{"type": "helper_error", "msg": "Bad address", "helper": "probe_read", "retcode": -14}'
    first, second = decoder.decode(stamped(text, 1)).record, decoder.decode(stamped(text, 2)).record
    assert isinstance(second, HelperError)
    assert (first.stamp.boot_ns, second.stamp.boot_ns) == (1, 2)
    assert second.helper == "probe_read"
    assert not second.map_full


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "lost_events", "data": {"events": 30}}',
        '{"type": "lost_events", "count": 30, "data": {"events": 30}}',
    ],
)
def test_lost_events_are_counted(line: str) -> None:
    record = decoded(line)
    assert record == LostEvents(record.stamp, 30)


def test_a_line_above_the_limit_is_counted_and_not_decoded() -> None:
    data = b'{"type": "map", "data": {"@": "' + b"x" * LINE_LIMIT + b'"}}'
    record = decoded(data)
    assert record == Oversized(record.stamp, len(data))


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "map", "data": {"@a": 1, "@b": 2}}',
        '{"type": "map", "data": {"a": 1}}',
        '{"type": "map", "data": 5}',
        '{"type": "map"}',
        '{"type": 5, "data": 5}',
        '{"type": "hist", "data": {"@h": 5}}',
        '{"type": "hist", "data": {"@h": {"k": 5}}}',
        '{"type": "hist", "data": {"@h": [{"min": 1, "max": 2}]}}',
        '{"type": "hist", "data": {"@h": [{"min": "x", "max": 2, "count": 1}]}}',
        '{"type": "stats", "data": {"@s": {"count": "a", "average": 1, "total": 1}}}',
        '{"type": "tseries", "data": {"@t": 5}}',
        '{"type": "attached_probes", "data": {}}',
        '{"type": "lost_events"}',
        '{"type": "printf"}',
        '{"type": "map", "data": {"@m": {"k": 1}}}{"type": "map", "data": {"@m": {"k": 1}}}',
        '{"type": "map", "data": {"@m": {"k": 1',
    ],
)
def test_a_record_that_does_not_fit_together_is_undecodable_with_a_reason(line: str) -> None:
    record = decoded(line)
    assert isinstance(record, Undecodable)
    assert record.reason
    assert record.head == line.encode()


def test_deep_nesting_is_undecodable() -> None:
    record = decoded(b'{"type": "map", "data": {"@m": ' + b"[" * 100_000)
    assert isinstance(record, Undecodable)


# --- Values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('{"type": "map", "data": {"@a": {"x": 08:07:44}}}', {"x": "08:07:44"}),
        (
            '{"type": "map", "data": {"@a": {"x": 08:07:44, "y": 09:00:00}}}',
            {"x": "08:07:44", "y": "09:00:00"},
        ),
        ('{"type": "map", "data": {"@a": {"1": 06}}}', {"1": "06"}),
        ('{"type": "map", "data": {"@a": unified:/,unified:/x}}', {"": "unified:/,unified:/x"}),
        ('{"type": "map", "data": {"@a": 00:11:22:33:44:55}}', {"": "00:11:22:33:44:55"}),
        ('{"type": "map", "data": {"@a": {"k": 0x1234}}}', {"k": 0x1234}),
        ('{"type": "map", "data": {"@a": {"k": }}}', {"k": None}),
    ],
)
def test_values_printed_without_quotes_are_read(line: str, value: object) -> None:
    assert printed_map(line).rows == value


def test_a_printed_value_without_quotes_is_read() -> None:
    record = decoded('{"type": "value", "data": Argument list too long}')
    assert record == Printed(record.stamp, "value", "Argument list too long")


@pytest.mark.parametrize("line", ['{"type": "hist", "data": {"@h": }}', '{"type": "hist", "data": {"@h": []}}'])
def test_an_empty_histogram_has_no_buckets(line: str) -> None:
    assert printed_map(line, "0.15").rows == {"": ()}


def test_a_histogram_may_be_open_at_both_ends() -> None:
    line = '{"type": "hist", "data": {"@h": [{"max": -1, "count": 1}, {"min": 0, "max": 9, "count": 0}, '
    line += '{"min": 100, "count": 2}]}}'
    assert printed_map(line).rows == {"": (Bucket(None, -1, 1), Bucket(0, 9, 0), Bucket(100, None, 2))}


FOLDED = '{"type": "hist", "data": {"@h": [{"min": 0, "max": 0, "count": 3}, '
FOLDED += '{"min": -2147483648, "max": 0, "count": 4}]}}'


@pytest.mark.parametrize(("release", "last"), [("0.19", Bucket(1 << 31, None, 4)), ("0.20", Bucket(-1 << 31, 0, 4))])
def test_large_values_folded_into_one_bucket_are_unfolded_up_to_0_19(release: str, last: Bucket) -> None:
    assert printed_map(FOLDED, release).rows == {"": (Bucket(0, 0, 3), last)}


def test_integers_printed_as_text_are_numbers_where_a_number_is_meant() -> None:
    plan = planned(MapPlan("@n", "max", (TEXT,)), MapPlan("@v", "value", (TEXT,)))
    rows = {"a": "12", "b": "9007199254740993", "c": "x"}
    assert printed_map(map_line("@n", rows), "0.27", plan).rows == {"a": 12, "b": 9007199254740993, "c": "x"}
    assert printed_map(map_line("@v", rows), "0.27", plan).rows == {
        "a": "12",
        "b": 9007199254740993,
        "c": "x",
    }
    assert printed_map(map_line("@v", rows), "0.23", plan).rows == rows


def test_bucket_ends_printed_as_text_are_numbers() -> None:
    line = '{"type": "hist", "data": {"@h": [{"min": 4503599627370496, "max": "9007199254740991", "count": 1}]}}'
    assert printed_map(line, "0.27").rows == {"": (Bucket(1 << 52, (1 << 53) - 1, 1),)}


def test_an_average_is_a_number_within_the_stats_type() -> None:
    plan = planned(MapPlan("@a", "avg"), MapPlan("@k", "avg", (TEXT,)))
    assert printed_map('{"type": "stats", "data": {"@a": 3}}', plan=plan).rows == {"": 3}
    rows = {"count": 1, "average": 2, "total": 3}
    assert printed_map(map_line("@k", rows, "stats"), plan=plan).rows == rows


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
@pytest.mark.parametrize(
    "printed",
    [
        '{"count": 5, "average": -12, "total": -63}',
        '{"count": 1, "average": -9223372036854775808, "total": -9223372036854775808}',
        '{"count": 1, "average": 9223372036854775808, "total": 9223372036854775808}',
        '{"count": 2, "average": "9223372036854775806", "total": "18446744073709551613"}',
    ],
)
def test_the_average_of_stats_is_the_one_that_bpftrace_printed(release: str, printed: str) -> None:
    line = f'{{"type": "stats", "data": {{"@s": {printed}}}}}'
    count, average, total = (int(number) for number in json.loads(printed).values())
    assert printed_map(line, release).rows == {"": Stats(count, average, total)}


def test_a_time_series_is_a_tuple_of_points() -> None:
    line = '{"type": "tseries", "data": {"@t": {"a": [{"interval_start":"10:00","value":9}]}}}'
    assert printed_map(line, "0.25").rows == {"a": (("10:00", 9),)}


def test_the_broken_time_series_of_0_24_is_read() -> None:
    line = '{"type": "tseries", "data": {"@t": [{"interval_start":1970-01-01 00:00:00.5,"value":9}'
    line += '{"interval_start":1970-01-01 00:00:01.0,"value":8}]}}'
    assert printed_map(line, "0.24").rows == {"": (("1970-01-01 00:00:00.5", 9), ("1970-01-01 00:00:01.0", 8))}


def test_a_struct_is_one_value_if_the_script_says_that_the_map_has_no_key() -> None:
    line = '{"type": "map", "data": {"@f": { "m": 0, "s": "", "a": [0,0], "z": { "n": 0 } }}}'
    scalar = printed_map(line, plan=planned(MapPlan("@f", "value")))
    assert scalar.rows == {"": {"m": 0, "s": "", "a": (0, 0), "z": {"n": 0}}}
    assert not scalar.keyed
    assert printed_map(line, plan=planned(MapPlan("@f", "value", (TEXT,)))).keyed


@pytest.mark.parametrize("kind", ["map", "stats"])
def test_an_empty_map_has_no_rows(kind: str) -> None:
    for plan in (Plan(), planned(MapPlan("@m", "count", (TEXT,))), planned(MapPlan("@m", "value"))):
        assert printed_map(map_line("@m", {}, kind), "0.24", plan).rows == {}


# --- Keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["0.17", "0.21", "0.24", "0.27"])
def test_bytes_that_were_sign_extended_become_utf8_again(release: str) -> None:
    data = rb'{"type": "map", "data": {"@c": {"caf\uffffffc3\uffffffa9": 1, "\uffffffff": 2}}}'
    assert printed_map(data, release).rows == {"café": 1, "\udcff": 2}


def test_raw_bytes_of_old_releases_become_utf8() -> None:
    data = b'{"type": "map", "data": {"@c": {"caf\xc3\xa9": 1, "\xff": 2}}}'
    assert printed_map(data, "0.16").rows == {"café": 1, "\udcff": 2}


def test_names_that_differ_in_a_byte_that_is_no_utf8_stay_two_names() -> None:
    data = b'{"type": "map", "data": {"@c": {"\xfe": 1, "\xff": 2}}}'
    assert len(printed_map(data, "0.17").rows) == 2


def test_an_escaped_backslash_starts_no_escape() -> None:
    data = rb'{"type": "map", "data": {"@c": {"\\uffffffc3": 1}}}'
    assert printed_map(data, "0.17").rows == {"\\uffffffc3": 1}


@pytest.mark.parametrize("release", ["0.22", "0.23"])
def test_keys_escaped_twice_are_unescaped_twice(release: str) -> None:
    data = rb'{"type": "map", "data": {"@c": {"caf\\uffffffc3\\uffffffa9 \\n\\t\\u001b\\\"\\\\": "v\\n"}}}'
    assert printed_map(data, release).rows == {'café \n\t\x1b"\\': "v\\n"}


@pytest.mark.parametrize("release", ["0.21", "0.24"])
def test_keys_of_other_releases_are_unescaped_once(release: str) -> None:
    data = rb'{"type": "map", "data": {"@c": {"a\\nb": 1}}}'
    assert printed_map(data, release).rows == {r"a\nb": 1}


def test_a_lone_surrogate_is_replaced() -> None:
    data = rb'{"type": "map", "data": {"@c": {"a\ud800b\ud83d\ude00": 1}}}'
    assert printed_map(data).rows == {"a\ufffdb😀": 1}


DUPLICATES = '{"type": "map", "data": {"@m": {"k": 2, "j": 1, "k": 5}}}'


@pytest.mark.parametrize(
    ("aggregation", "value"), [("count", 7), ("sum", 7), ("min", 2), ("max", 5), ("avg", 3), ("value", 5)]
)
def test_members_of_one_key_are_merged_by_aggregation(aggregation: Aggregation, value: int) -> None:
    record = printed_map(DUPLICATES, plan=planned(MapPlan("@m", aggregation, (TEXT,))))
    assert record.rows == {"k": value, "j": 1}
    assert record.ambiguous


def test_merged_stack_keys_are_in_doubt_only_where_the_merging_is() -> None:
    assert not printed_map(DUPLICATES, plan=planned(MapPlan("@m", "count", (STACK,)))).ambiguous
    assert printed_map(DUPLICATES, plan=planned(MapPlan("@m", "avg", (STACK,)))).ambiguous


def test_members_of_a_map_without_a_plan_are_added_and_in_doubt() -> None:
    record = printed_map(DUPLICATES)
    assert record.rows["k"] == 7
    assert record.ambiguous


def test_histograms_of_one_key_are_added_bucket_by_bucket() -> None:
    line = '{"type": "hist", "data": {"@h": {"k": [{"min": 2, "max": 3, "count": 1}], '
    line += '"k": [{"max": -1, "count": 4}, {"min": 2, "max": 3, "count": 2}]}}}'
    assert printed_map(line).rows == {"k": (Bucket(None, -1, 4), Bucket(2, 3, 3))}


def test_stats_of_one_key_are_added() -> None:
    line = '{"type": "stats", "data": {"@s": {"k": {"count": 1, "average": 4, "total": 4}, '
    line += '"k": {"count": 3, "average": 2, "total": 6}}}}'
    assert printed_map(line).rows == {"k": Stats(4, 2, 10)}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1 << 62)), min_size=1),
    st.sampled_from(RELEASES),
)
def test_merging_preserves_sums(members: list[tuple[str, int]], release: object) -> None:
    body = ", ".join(f'"{key}": {value}' for key, value in members)
    line = f'{{"type": "map", "data": {{"@m": {{{body}}}}}}}'
    record = printed_map(line, str(release), planned(MapPlan("@m", "sum", (TEXT,))))
    assert sum(v for v in record.rows.values() if isinstance(v, int)) == sum(v for _, v in members)


def test_a_key_that_splits_in_several_ways_puts_the_map_in_doubt() -> None:
    plan = planned(MapPlan("@m", "count", (TEXT, TEXT)))
    assert printed_map(map_line("@m", {"a,b,c": 1}), plan=plan).ambiguous
    assert not printed_map(map_line("@m", {"a,b": 1}), plan=plan).ambiguous
    pinned = planned(MapPlan("@m", "count", (TEXT, NUMBER)))
    assert not printed_map(map_line("@m", {"a,b,7": 1}), plan=pinned).ambiguous


# --- Hexadecimal numbers -------------------------------------------------------------------------------------


ESCAPE = r'{"type": "printf", "data": "\u001b[1m"}'
COUNT_10 = '{"type": "hist", "data": {"@h": [{"min": 1, "max": 1, "count": 10}]}}'


def is_hexadecimal(decoder: Decoder) -> bool:
    """The flag before the next line."""
    return decoder.decode(stamped("x")).hexadecimal


def counted(decoder: Decoder, line: str) -> int:
    record = decoder.decode(stamped(line)).record
    assert isinstance(record, MapRecord), record
    histogram = record.rows[""]
    assert isinstance(histogram, tuple)
    bucket = histogram[0]
    assert isinstance(bucket, Bucket)
    return bucket.count


@pytest.mark.parametrize(("release", "count"), [("0.23", 10), ("0.24", 16), ("0.27", 16)])
def test_counts_are_hexadecimal_after_an_escape_since_0_24(release: str, count: int) -> None:
    decoder = Decoder(version(release), Plan())
    assert counted(decoder, COUNT_10) == 10
    decoder.decode(stamped(ESCAPE))
    assert is_hexadecimal(decoder) == (count == 16)
    assert counted(decoder, COUNT_10) == count


def test_the_flag_can_be_given_to_decode_a_stored_line() -> None:
    assert counted(Decoder(version("0.27"), Plan(), hexadecimal=True), COUNT_10) == 16


@pytest.mark.parametrize("text", [r"\\u001b", r"\n\r\t\"", r"\\\\u"])
def test_other_escapes_leave_counts_decimal(text: str) -> None:
    decoder = Decoder(version("0.27"), Plan())
    decoder.decode(stamped(f'{{"type": "printf", "data": "{text}"}}'))
    assert not is_hexadecimal(decoder)


def test_letters_in_a_count_tell_that_an_escape_was_missed() -> None:
    decoder = Decoder(version("0.27"), Plan())
    assert counted(decoder, COUNT_10.replace("10", "1f")) == 31
    assert is_hexadecimal(decoder)
    assert counted(decoder, COUNT_10) == 16


def test_a_negative_value_of_a_time_series_is_read_from_its_hexadecimal_complement() -> None:
    decoder = Decoder(version("0.27"), Plan(), hexadecimal=True)
    line = '{"type": "tseries", "data": {"@t": [{"interval_start":"10:00","value":fffffffffffffffb}]}}'
    record = decoder.decode(stamped(line)).record
    assert isinstance(record, MapRecord)
    assert record.rows == {"": (("10:00", -5),)}


def test_numbers_of_maps_and_text_in_keys_stay_decimal() -> None:
    decoder = Decoder(version("0.27"), Plan(), hexadecimal=True)
    record = decoder.decode(stamped(r'{"type": "map", "data": {"@m": {"\"count\": 10}": 10}}}')).record
    assert isinstance(record, MapRecord)
    assert record.rows == {'"count": 10}': 10}
    keyed = r'{"type": "hist", "data": {"@h": {"\"count\": 10}": [{"min": 10, "max": 19, "count": 10}]}}}'
    found = decoder.decode(stamped(keyed)).record
    assert isinstance(found, MapRecord)
    assert found.rows == {'"count": 10}': (Bucket(10, 19, 16),)}


# --- Total ---------------------------------------------------------------------------------------------------


def always_a_record(data: bytes, release: object) -> Record:
    line = stamped(data)
    record, _ = decode_line(line, version(str(release)), captured_plan(), False)
    assert record.stamp == line.stamp
    return record


@given(st.binary(), st.sampled_from(RELEASES))
def test_any_bytes_give_a_record(data: bytes, release: object) -> None:
    always_a_record(data, release)


@given(st.binary(), st.sampled_from(RELEASES), st.sampled_from(["map", "hist", "stats", "tseries", "value"]))
def test_any_bytes_within_a_record_give_a_record(data: bytes, release: object, kind: str) -> None:
    always_a_record(b'{"type": "' + kind.encode() + b'", "data": {"@h": ' + data + b"}}", release)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(
    ANY_JSON,
    st.sampled_from(RELEASES),
    st.sampled_from(["map", "hist", "stats", "tseries", "printf", "helper_error", "lost_events", "x"]),
    st.sampled_from(["@c", "@ct", "@h", "@l", "@st", "@av", "@cs", "@txt", "@nobody", ""]),
)
def test_any_json_in_any_place_gives_a_record(value: object, release: object, kind: str, name: str) -> None:
    for data in ({name: value}, value):
        always_a_record(json.dumps({"type": kind, "data": data}).encode(), release)


CAPTURED_LINES = [
    line for release in CAPTURED for run in ("keys", "stacks", "misc") for line in captured(f"{release}-{run}")
]


@given(st.sampled_from(CAPTURED_LINES), st.sampled_from(CAPTURED_LINES), st.data(), st.sampled_from(RELEASES))
def test_captured_lines_cut_anywhere_and_glued_give_a_record(
    first: bytes, second: bytes, data: st.DataObject, release: object
) -> None:
    cut = data.draw(st.integers(0, len(first)))
    start = data.draw(st.integers(0, len(second)))
    always_a_record(first[:cut] + second[start:], release)


@given(st.sampled_from(CAPTURED_LINES), st.data(), st.sampled_from(RELEASES))
def test_captured_lines_with_bytes_changed_give_a_record(line: bytes, data: st.DataObject, release: object) -> None:
    at = data.draw(st.integers(0, len(line)))
    always_a_record(line[:at] + data.draw(st.binary(max_size=4)) + line[at + 1 :], release)


@given(st.lists(st.sampled_from([ESCAPE, COUNT_10, DUPLICATES, "", "x", COUNT_10.replace("10", "a")])))
def test_a_stored_line_and_its_flag_decode_to_the_same_record(lines: list[str]) -> None:
    release = version("0.27")
    decoder = Decoder(release, Plan())
    for text in lines:
        line, record, flag = decoder.decode(stamped(text))
        assert decode_line(line, release, Plan(), flag) == (record, is_hexadecimal(decoder))


@pytest.mark.parametrize(
    ("data", "stream", "record"),
    [
        ("kthreadd 2", "stdout", Printed),
        ("", "stdout", Blank),
        ("kthreadd 2", "stderr", Notice),
        ("__BPFTRACE_NOTIFY_PROBES_ATTACHED", "stdout", Ready),
        ('{"type": "map", "data": {"@n": 5}}', "stdout", MapRecord),
    ],
)
def test_the_plain_lines_of_an_iterator_are_its_text(
    data: str, stream: Literal["stdout", "stderr"], record: type[object]
) -> None:
    plan = Plan({"@n": MapPlan("@n", "count")}, raw=True)
    found = Decoder(version("0.23"), plan).decode(stamped(data, stream=stream)).record
    assert type(found) is record
    assert not isinstance(found, Printed) or found.data == f"{data}\n"


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "lost_events", "data": {"events": 30}}',
        '{"type": "helper_error", "helper": "map_update_elem", "retcode": -7, "line": 1, "col": 1}',
        '{"type": "map", "data": {"@other": {"a": 1}}}',
        '{"type": "value", "data": [0,[0,1,2]]}',
        '{"type": "printf", "data": "x"}',
        '{"type": "nothing',
    ],
)
def test_among_plain_text_only_the_maps_of_the_script_are_records(text: str) -> None:
    decoder = Decoder(version("0.23"), Plan({"@own": MapPlan("@own", "count")}, heartbeats=("a",), raw=True))
    found = decoder.decode(stamped(text)).record
    assert isinstance(found, Printed)
    assert found.data == f"{text}\n"
    own = decoder.decode(stamped('{"type": "map", "data": {"@own": 5}}')).record
    assert isinstance(own, MapRecord)
