from __future__ import annotations

from bttop.model.plan import Plan
from bttop.model.record.records import StampedLine
from bttop.store.recording.lookback_buffer import MINUTE, MOST_MET, MOST_OPEN_LINES, LookbackBuffer, Sealed
from bttop.store.snapshot.blocks import Stated, unpack
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    LineReceived,
    MarkSet,
    ProcessSeen,
    ProgramAdded,
    StatusChanged,
)
from tests.store.made import LINES, at, small_blocks


def line(seconds: float, text: str = "x", generation: int = 1) -> LineReceived:
    return LineReceived(StampedLine(generation, "stdout", at(seconds), text.encode()), hexadecimal=False)


def begun(lookback_buffer: LookbackBuffer, generation: int = 1, program: int = 1) -> None:
    lookback_buffer.take(ProgramAdded(program, "p"))
    lookback_buffer.take(
        GenerationStarted(generation, program, 1, "p.bt", "text", "prepared", (), Plan(), "", (), at(0))
    )


def flush(
    lookback_buffer: LookbackBuffer, seconds: float, lines: int = 2, generation: int = 1, text: str = "x"
) -> Sealed | None:
    """Lines and the flush that the last of them closes; the block that is sealed by it."""
    found = [lookback_buffer.take(line(seconds, text, generation)) for _ in range(lines)]
    found.append(lookback_buffer.take(FlushCompleted(generation, at(seconds), at(seconds))))
    return next((one for one in found if one is not None), None)


def test_a_block_ends_with_the_flush_that_makes_it_full() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    found = [flush(lookback_buffer, second) for second in range(40)]
    (sealed,) = [one for one in found if one is not None]
    assert found.index(sealed) == LINES // 2 - 1
    assert (sealed.first_flush, sealed.flushes, sealed.lines) == (0, 30, 60)
    assert (sealed.begin_ns, sealed.end_ns) == (at(0).boot_ns, at(29).boot_ns)
    assert len(unpack(sealed.data, Stated("zstd", sealed.size, sealed.lines), 1)) == 60


def test_flushes_are_counted_on_over_blocks_and_generations() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    for second in range(30):
        flush(lookback_buffer, second)
    begun(lookback_buffer, generation=2)
    flush(lookback_buffer, 30)
    first = lookback_buffer.take(GenerationEnded(1))
    flush(lookback_buffer, 31, generation=2)
    second_ = lookback_buffer.take(GenerationEnded(2))
    assert first is not None
    assert second_ is not None
    assert (first.first_flush, first.flushes) == (30, 1)
    assert (second_.first_flush, second_.flushes) == (31, 1)


def test_what_an_ended_generation_prints_is_not_kept() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    flush(lookback_buffer, 1)
    lookback_buffer.take(GenerationEnded(1))
    assert lookback_buffer.take(line(2)) is None
    assert not list(lookback_buffer.open_lines())


def test_a_script_that_never_flushes_is_cut_into_blocks_all_the_same() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    sealed = [one for second in range(MOST_OPEN_LINES) if (one := lookback_buffer.take(line(second))) is not None]
    assert [one.flushes for one in sealed] == [0]


def test_blocks_older_than_the_age_go_and_so_do_the_texts_of_their_generations() -> None:
    lookback_buffer = small_blocks(age_ns=MINUTE)
    begun(lookback_buffer)
    for second in range(30):
        flush(lookback_buffer, second)
    lookback_buffer.take(GenerationEnded(1))
    begun(lookback_buffer, generation=2)
    for second in range(100, 130):
        flush(lookback_buffer, second, generation=2)
    assert {one.generation for one in lookback_buffer.blocks} == {2}
    assert {one.generation for one in lookback_buffer.begun} == {2}


def test_bytes_are_bounded_and_the_newest_stay() -> None:
    lookback_buffer = small_blocks(limit_bytes=2_000)
    begun(lookback_buffer)
    for second in range(3_000):
        flush(lookback_buffer, second, text=f"{second * 7919}")
    assert 0 < lookback_buffer.bytes <= 2_000
    assert lookback_buffer.blocks[-1].end_ns > at(2_900).boot_ns


def test_the_last_state_of_a_program_outlives_its_age() -> None:
    lookback_buffer = small_blocks(age_ns=MINUTE)
    begun(lookback_buffer)
    lookback_buffer.take(StatusChanged(1, at(0), "live", ""))
    for second in range(100, 200):
        flush(lookback_buffer, second)
    assert [(note.state, note.stamp) for note in lookback_buffer.notes if isinstance(note, StatusChanged)] == [
        ("live", at(0))
    ]


def test_a_storm_of_processes_is_bounded_and_pushes_no_mark_out() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    lookback_buffer.take(MarkSet(at(0), "user", "here"))
    for pid in range(MOST_MET + 100):
        lookback_buffer.take(ProcessSeen(pid, at(1), {}))
    assert [note.pid for note in lookback_buffer.notes if isinstance(note, ProcessSeen)] == list(
        range(100, MOST_MET + 100)
    )
    assert [note.note for note in lookback_buffer.notes if isinstance(note, MarkSet)] == ["here"]


def test_processes_met_are_forgotten_with_their_age() -> None:
    lookback_buffer = small_blocks(age_ns=MINUTE)
    begun(lookback_buffer)
    lookback_buffer.take(ProcessSeen(1, at(0), {}))
    for second in range(100, 200):
        flush(lookback_buffer, second)
    assert not [note for note in lookback_buffer.notes if isinstance(note, ProcessSeen)]


def test_a_generation_is_on_show_from_its_first_to_its_last_shown_flush() -> None:
    lookback_buffer = small_blocks()
    begun(lookback_buffer)
    lookback_buffer.take(line(1))
    flush(lookback_buffer, 2)
    assert lookback_buffer.window(1) == (at(2).boot_ns, None)
    flush(lookback_buffer, 3)
    lookback_buffer.take(GenerationEnded(1))
    assert lookback_buffer.window(1) == (at(2).boot_ns, at(3).boot_ns)
