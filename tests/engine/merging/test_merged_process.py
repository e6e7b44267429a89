"""Whose line is whose in a process that several programs share."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bttop.engine.generation.candidates import Candidates
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.source import Settings
from bttop.engine.merging.merged_process import MergedProcess, merged_environment
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Bucket, Stamp, StampedLine, Stream
from bttop.model.record.release import Release
from bttop.script.rewrite.merge import as_part, merged
from tests.engine.stage import ANYWHERE, NEW, OLD, SECOND, source

TEXTS = ("// a\ntracepoint:a:b { @n[pid] = count(); @h = hist(1); }\n", "tracepoint:a:c { @n[comm] = sum(2); }\n")
ESCAPED = {"type": "map", "data": {"@__bt_b_a0": {"\x1b": 3}}}


def process(release: Release = OLD) -> MergedProcess:
    parts = []
    for index, script in enumerate(TEXTS):
        candidate = Candidates((source(script),), Settings(), ANYWHERE, release).current(lambda *_: None, 100 + index)
        assert candidate is not None
        candidate = replace(candidate, prepared=as_part(candidate.prepared, index))
        parts.append(Generation(11 + index, 1, candidate, release=release, key_limit=4096, now=0))
    text = merged([part.candidate.prepared for part in parts])
    assert text is not None
    return MergedProcess(10, parts, text, release)


def line(record: object, stream: Stream = "stdout", second: float = 0.0) -> StampedLine:
    text = record if isinstance(record, str) else json.dumps(record)
    return StampedLine(10, stream, Stamp(round(second * SECOND), 0), text.encode())


def owners(shared: MergedProcess, *lines: StampedLine) -> list[int]:
    found = [(part.id, each.generation) for one in lines for part, each in shared.split(one)]
    assert all(part == generation for part, generation in found)
    return [part for part, _ in found]


@pytest.mark.parametrize(
    ("record", "ids"),
    [
        ({"type": "map", "data": {"@__bt_a_a0": {"7": 3}}}, [11]),
        ({"type": "hist", "data": {"@__bt_a__h": []}}, [11]),
        ({"type": "stats", "data": {"@__bt_b_a1": {}}}, [12]),
        ({"type": "value", "data": [100, [0, 1, 2]]}, [11]),
        ({"type": "value", "data": [101, [0, 1, 2, 1]]}, [12]),
        ({"type": "value", "data": [102, [0, 1, 2]]}, [11, 12]),
        ({"type": "map", "data": {"@__bt_z_a0": {}}}, [11, 12]),
        ({"type": "map", "data": {"@n": {"@__bt_a_": 1}}}, [11, 12]),
        ({"type": "helper_error", "msg": "full", "helper": "x", "retcode": -7, "line": 2, "col": 1}, [11]),
        ({"type": "helper_error", "msg": "full", "helper": "x", "retcode": -7, "line": 3, "col": 1}, [12]),
        ({"type": "helper_error", "msg": "full", "helper": "x", "retcode": -7, "line": 99, "col": 1}, [11, 12]),
        ({"type": "lost_events", "data": {"events": 3}}, [11, 12]),
        ("", [11, 12]),
        ("not JSON", [11, 12]),
    ],
)
def test_a_line_belongs_to_the_part_that_printed_it_and_else_to_all(record: object, ids: list[int]) -> None:
    assert owners(process(), line(record)) == ids


def test_what_bpftrace_says_on_stderr_is_about_all() -> None:
    assert owners(process(), line({"type": "map", "data": {"@__bt_a_a0": {}}}, "stderr")) == [11, 12]
    assert owners(process(), line("__BPFTRACE_NOTIFY_PROBES_ATTACHED", "stderr")) == [11, 12]


@pytest.mark.parametrize(("probes", "lacks"), [(4, False), (3, True), (5, True)])
def test_each_part_has_its_share_of_the_probes_and_a_missing_one_is_seen(probes: int, *, lacks: bool) -> None:
    shared = process()
    assert not shared.lacks_probes
    found = [
        json.loads(each.data) for _, each in shared.split(line({"type": "attached_probes", "data": {"probes": probes}}))
    ]
    assert [one["data"]["probes"] for one in found] == [3, 3]
    assert shared.probes == 4
    assert shared.lacks_probes is lacks


def flushes(shared: MergedProcess, lines: Sequence[StampedLine]) -> dict[int, list[Flush]]:
    found: dict[int, list[Flush]] = {11: [], 12: []}
    for one in lines:
        for part, each in shared.split(one):
            _, flush = part.take(each)
            found[part.id] += [flush] if flush is not None else []
    return found


def counts(flush: Flush, name: str) -> list[int]:
    """The counts of the buckets of a histogram without a key."""
    buckets = flush.maps[name].rows[""]
    assert isinstance(buckets, tuple)
    return [bucket.count for bucket in buckets if isinstance(bucket, Bucket)]


def test_parts_have_the_flushes_that_they_would_have_alone() -> None:
    lines = [
        line({"type": "map", "data": {"@__bt_a_a1": {"7": 3}}}, second=1),
        line({"type": "map", "data": {"@__bt_b_a1": {"sh": 8}}}, second=1),
        line({"type": "hist", "data": {"@__bt_a__h": [{"min": 1, "max": 1, "count": 4}]}}, second=1),
        line({"type": "value", "data": [101, [0, 1, 990_000_000]]}, second=1),
        line({"type": "value", "data": [100, [0, 1, 980_000_000]]}, second=1),
        line({"type": "hist", "data": {"@__bt_a__h": [{"min": 1, "max": 1, "count": 6}]}}, second=2),
        line({"type": "value", "data": [100, [0, 2, 1_980_000_000]]}, second=2),
    ]
    found = flushes(process(), lines)
    assert [flush.maps["@n"].rows for flush in found[11]] == [{"7": 3}, {}]
    assert [counts(flush, "@h") for flush in found[11]] == [[4], [2]]
    assert [flush.maps["@n"].rows for flush in found[12]] == [{"sh": 8}]


@pytest.mark.parametrize(("release", "told"), [(OLD, [12]), (NEW, [11, 12])])
def test_after_an_escape_in_a_line_of_one_part_the_counts_of_the_others_are_hexadecimal(
    release: Release, told: list[int]
) -> None:
    shared = process(release)
    assert owners(shared, line(ESCAPED)) == told
    assert owners(shared, line(ESCAPED)) == [12], "once is enough"


def test_a_histogram_after_the_escape_of_another_part_is_read_as_hexadecimal() -> None:
    lines = [
        line(ESCAPED, second=1),
        line({"type": "hist", "data": {"@__bt_a__h": [{"min": 1, "max": 1, "count": 10}]}}, second=1),
        line({"type": "value", "data": [100, [0, 1, 980_000_000]]}, second=1),
    ]
    (flush,) = flushes(process(NEW), lines)[11]
    assert counts(flush, "@h") == [16]
    assert set(flush.maps) == {"@n", "@h"}


def test_the_bytes_of_each_part_are_counted() -> None:
    shared = process()
    one = line({"type": "map", "data": {"@__bt_a_a0": {"7": 3}}})
    assert owners(shared, one, one) == [11, 11]
    assert shared.printed == {11: 2 * len(one.data), 12: 0}


@pytest.mark.parametrize(
    ("environments", "together"),
    [
        ([{"A": "1"}, {"A": "1", "B": "2"}], {"A": "1", "B": "2"}),
        ([{"A": "1"}, {"A": "2"}], None),
        ([], {}),
    ],
)
def test_settings_that_contradict_each_other_have_no_common_environment(
    environments: list[dict[str, str]], together: dict[str, str] | None
) -> None:
    assert merged_environment(environments) == together
