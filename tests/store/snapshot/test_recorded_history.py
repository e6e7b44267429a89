from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Column, MapPlan, Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.release import Release
from bttop.store.recording.lookback_buffer import MINUTE, LookbackBuffer
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
    RecordingEvent,
)
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import beat, map_line, planned
from tests.store import told as retold
from tests.store.made import FACTS, SESSION, Session, at, made, small_blocks, tell

BANKED = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"))
TOTALS = planned(MapPlan("@n", "count", (), "cumulative"))


def counted(session: Session) -> list[Flush]:
    """The flushes of a session as they were when they came."""
    reader = FlushReader(FACTS.release, session.plan, session.number, key_limit=FACTS.key_limit)
    found = [reader.feed(one.line) for one in session.events() if isinstance(one, LineReceived)]
    return [flush for flush in found if flush is not None]


def banked(count: int, **options: Any) -> Session:
    return Session("p", BANKED, [{"@x": ("map", {"dd": number})} for number in range(count)], **options)


def totals(count: int) -> Session:
    return Session("n", TOTALS, [{"@n": ("map", number * number)} for number in range(1, count + 1)])


def history(path: Path, program: int = 1) -> RecordedHistory:
    return RecordedHistory(Snapshot(path), program)


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("session", [banked(1), banked(29), banked(30), banked(31), banked(200), totals(200)])
def test_every_flush_is_read_as_it_was_shown(session: Session, tmp_path: Path, ended: bool) -> None:
    found = history(made(tmp_path / "s.bttop", session, ended=ended))
    expected = counted(session)
    assert len(found) == found.appended == len(expected)
    assert [found.at(index) for index in range(len(found))] == expected
    assert list(found) == expected
    assert found.latest == expected[-1]
    assert found.at(-2) == (expected[-2] if len(expected) > 1 else None)
    assert found.at(len(expected)) is None


def test_a_moment_finds_the_last_flush_before_it(tmp_path: Path) -> None:
    found = history(made(tmp_path / "s.bttop", banked(200), ended=False))
    assert found.index_at(at(0.5).boot_ns) is None
    for second in (1, 30, 31, 150, 179, 180, 199, 200):
        assert found.index_at(at(second).boot_ns) == second - 1
        assert found.index_at(at(second + 0.5).boot_ns) == second - 1
    assert found.index_at(at(900).boot_ns) == 199


def test_a_span_holds_the_flushes_that_ended_in_it(tmp_path: Path) -> None:
    session = banked(200)
    found = history(made(tmp_path / "s.bttop", session, ended=False))
    expected = counted(session)
    assert list(found.between(at(25).boot_ns, at(195).boot_ns)) == expected[25:195]
    assert list(found.between(at(199).boot_ns)) == expected[199:]
    assert not list(found.between(at(300).boot_ns))


def test_a_window_ends_where_it_is_told_to(tmp_path: Path) -> None:
    session = banked(100)
    found = history(made(tmp_path / "s.bttop", session))
    expected = tuple(counted(session))
    assert found.window(60) == expected[40:]
    assert found.window(60, 50) == expected[:50]
    assert found.window(5, 50) == expected[45:50]


def test_of_two_generations_only_what_was_shown_appears_and_in_its_order(tmp_path: Path) -> None:
    old, new = banked(40), banked(40, generation=2, number=2)
    told: list[RecordingEvent] = []
    for one in old.events():
        # The old one is retired at second 30; what it still prints is not shown.
        if isinstance(one, FlushCompleted) and one.end.boot_ns > at(30).boot_ns:
            continue
        told.append(one)
    told.append(GenerationEnded(1))
    for one in new.events():
        # The new one takes over at second 31.
        if isinstance(one, ProgramAdded) or (isinstance(one, FlushCompleted) and one.end.boot_ns <= at(30).boot_ns):
            continue
        told.append(one)
    found = history(written(tmp_path / "s.bttop", small_blocks(), told))
    assert [(flush.generation, flush.number) for flush in found] == [
        *[(1, number) for number in range(1, 31)],
        *[(2, number) for number in range(31, 41)],
    ]


def test_what_a_script_printed_at_its_own_end_is_its_last_flush(tmp_path: Path) -> None:
    told = list(banked(3).events())
    last = StampedLine(1, "stdout", at(3.4), map_line("@x", {"dd": 7}).encode())
    told += [LineReceived(last, hexadecimal=False), FlushCompleted(1, last.stamp, last.stamp), GenerationEnded(1)]
    found = history(written(tmp_path / "s.bttop", small_blocks(), told)).latest
    assert found is not None
    assert found.maps["@x"].rows == {"dd": 7}
    assert (found.number, found.seconds, found.caveats) == (4, 0.4, frozenset({Caveat.UNTIMED}))


def written(path: Path, lookback_buffer: LookbackBuffer, told: list[RecordingEvent], *, max_age_ns: int = 0) -> Path:
    claim(path, replace=True)
    writer = SnapshotWriter(path, SESSION, max_age_ns=max_age_ns)
    tell(told, writer, lookback_buffer)
    writer.close()
    return path


def test_a_recording_that_begins_with_hindsight_holds_what_was_kept(tmp_path: Path) -> None:
    session = banked(400)
    told = list(session.events())
    lookback_buffer = small_blocks(age_ns=2 * MINUTE)
    for one in told[:900]:
        lookback_buffer.take(one)
    path = tmp_path / "s.bttop"
    claim(path, replace=True)
    writer = SnapshotWriter(path, SESSION)
    writer.begin_with(lookback_buffer)
    tell(told[900:], writer, lookback_buffer)
    writer.close()
    found, expected = history(path), counted(session)
    assert 100 < found.dropped < 300
    assert found.appended == 400
    first, *others = found
    # When the first interval began is said by the heartbeat before it, which is not kept.
    assert first == replace(expected[found.dropped], caveats=frozenset({Caveat.UNTIMED}))
    assert others == expected[found.dropped + 1 :]
    assert found.at(0) == first


def test_what_a_lost_block_would_be_subtracted_from_is_unknown_and_not_a_giant(tmp_path: Path) -> None:
    told = list(totals(400).events())
    found = history(written(tmp_path / "s.bttop", small_blocks(), told, max_age_ns=MINUTE))
    assert found.dropped > 0
    first, second = found.at(0), found.at(1)
    assert first is not None
    assert second is not None
    assert not first.maps["@n"].rows
    assert Caveat.DAMAGED in first.caveats
    assert second.maps["@n"].rows[""] == second.number**2 - (second.number - 1) ** 2


def test_numbers_stay_decimal_until_the_escape_that_made_them_hexadecimal(tmp_path: Path) -> None:
    plan = planned(MapPlan("@h", "hist", (), "bank"))
    facts = replace(FACTS, release=Release(0, 27))
    reader = FlushReader(facts.release, plan, 1)
    told: list[RecordingEvent] = [
        HostKnown(RecordedHost(1, facts)),
        ProgramAdded(1, "p"),
        GenerationStarted(1, 1, 1, "p.bt", "", "", (), plan, "", (), at(0)),
    ]
    flag = False
    expected = []
    for number in range(1, 101):
        count = "64" if number > 40 else 100
        texts = [map_line("@h", [{"min": 1, "max": 1, "count": 100}], "hist").replace("100", str(count))]
        if number == 40:
            texts.append('{"type": "printf", "data": "\\u0001"}')
        for text in (*texts, beat(number, at(number).boot_ns)):
            line = StampedLine(1, "stdout", at(number), text.encode())
            told.append(LineReceived(line, flag))
            flush = reader.feed(line)
            flag = flag or "u0001" in text
            if flush is not None:
                expected.append(flush)
                told.append(FlushCompleted(1, line.stamp, line.stamp))
    claim(tmp_path / "s.bttop", replace=True)
    writer = SnapshotWriter(tmp_path / "s.bttop", SESSION)
    tell(told, writer, small_blocks())
    writer.close()
    found = list(history(tmp_path / "s.bttop"))
    assert found == expected
    assert {flush.maps["@h"].rows[""][0].count for flush in found} == {100}  # type: ignore[index,union-attr]


def test_a_script_without_heartbeats_is_grouped_by_arrival(tmp_path: Path) -> None:
    plan = Plan({"@x": MapPlan("@x", "count", (Column("comm", "text"),), "own")}, {}, (), 10**9)
    told: list[RecordingEvent] = [
        HostKnown(RecordedHost(1, FACTS)),
        ProgramAdded(1, "p"),
        GenerationStarted(1, 1, 1, "p.bt", "", "", (), plan, "", (), at(0)),
    ]
    reader = FlushReader(FACTS.release, plan, 1)
    expected = []
    for second in range(1, 151):
        line = StampedLine(1, "stdout", at(second), map_line("@x", {"dd": second}).encode())
        told.append(LineReceived(line, False))
        reader.feed(line)
        flush = reader.due(at(second + 0.5).boot_ns)
        assert flush is not None
        expected.append(flush)
        told.append(FlushCompleted(1, Stamp(flush.end_ns, flush.wall_ns), flush.lines[-1].stamp))
    found = list(history(written(tmp_path / "s.bttop", small_blocks(), told)))
    assert [flush.maps["@x"].rows for flush in found] == [flush.maps["@x"].rows for flush in expected]
    assert [flush.end_ns for flush in found] == [flush.end_ns for flush in expected]


@pytest.mark.parametrize("ended", [True, False])
def test_a_line_that_was_too_long_puts_its_flush_in_doubt_in_the_review_as_well(tmp_path: Path, ended: bool) -> None:
    session = replace(
        banked(70), extra=[StampedLine(1, "oversized", at(moment), b"99000000") for moment in (7.5, 69.5)]
    )
    found = history(made(tmp_path / "s.bttop", session, ended=ended))
    has_caveats = [index for index, flush in enumerate(found) if Caveat.DAMAGED in flush.caveats]
    assert has_caveats == [7, 69]
    alone = [found.at(index) for index in (6, 7, 8)]
    assert [flush is not None and Caveat.DAMAGED in flush.caveats for flush in alone] == [False, True, False]


@pytest.mark.parametrize("ended", [True, False])
def test_a_review_has_the_skipped_events_of_each_flush(tmp_path: Path, ended: bool) -> None:
    counts = {7: b"30 10", 8: b"5", 69: b"3659 1341"}
    extra = [StampedLine(1, "skipped", at(second + 0.5), data) for second, data in counts.items()]
    found = history(made(tmp_path / "s.bttop", replace(banked(70), extra=extra), ended=ended))
    expected = {7: (30, 40), 8: (5, 0), 69: (3659, 5000)}
    assert {index: (one.skipped, one.fired) for index, one in enumerate(found) if one.skipped} == expected
    for index in range(70):
        alone = found.at(index)
        assert alone is not None
        assert (alone.skipped, alone.fired) == expected.get(index, (0, 0))
        assert (Caveat.SKIPPED in alone.caveats) == (index in expected)


@pytest.mark.parametrize("ended", [True, False])
def test_both_clocks_of_the_span_are_those_of_one_moment(tmp_path: Path, ended: bool) -> None:
    early = StampedLine(1, "stderr", at(0.25), b"Attaching 1 probe...")
    with Snapshot(made(tmp_path / "s.bttop", replace(banked(70), extra=[early]), ended=ended)) as snapshot:
        span = snapshot.span()
    assert span == (at(1), at(70))


def test_flushes_of_two_generations_that_take_turns_are_read_in_the_order_in_which_they_were_shown(
    tmp_path: Path,
) -> None:
    told = retold.Told()
    plan = planned(MapPlan("@x", "count", scheme="cumulative"))
    for generation in (1, 2):
        told.begin(generation, plan)
    # The old one counts until its successor's first flush has come, and prints the rest when it is detached.
    for at_second, generation in enumerate((1, 1, 1, 2, 1, 2, 2, 1, 2), 1):
        told.say(generation, at_second, map_line("@x", at_second * 10))
        told.say(generation, at_second, beat(at_second, at(at_second).boot_ns))
    for generation in (1, 2):
        told.exit(generation, 20)
    found = history(retold.written(tmp_path / "s.bttop", told.events))
    assert [(flush.generation, flush.number) for flush in found] == [
        (flush.generation, flush.number) for flush in told.shown
    ]
    assert found.appended == len(told.shown) == 9
    assert [found.at(index) for index in range(9)] == list(found)
    with Snapshot(tmp_path / "s.bttop") as snapshot:
        assert not checkup(snapshot).faults
