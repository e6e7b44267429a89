from __future__ import annotations

from bttop.model.plan import Plan
from bttop.model.records import StampedLine
from bttop.store.blocks import Stated, unpack
from bttop.store.happenings import Added, Begun, Came, Changed, Ended, Marked, Met, Shown
from bttop.store.journal import MINUTE, MOST_MET, MOST_OPEN_LINES, Journal, Sealed
from tests.store.made import LINES, at, small_blocks


def line(seconds: float, text: str = "x", generation: int = 1) -> Came:
    return Came(StampedLine(generation, "stdout", at(seconds), text.encode()), hexadecimal=False)


def begun(journal: Journal, generation: int = 1, program: int = 1) -> None:
    journal.take(Added(program, "p"))
    journal.take(Begun(generation, program, 1, "p.bt", "text", "prepared", (), Plan(), "", (), at(0)))


def flush(journal: Journal, seconds: float, lines: int = 2, generation: int = 1, text: str = "x") -> Sealed | None:
    """Lines and the flush that the last of them closes; the block that is sealed by it."""
    found = [journal.take(line(seconds, text, generation)) for _ in range(lines)]
    found.append(journal.take(Shown(generation, at(seconds), at(seconds))))
    return next((one for one in found if one is not None), None)


def test_a_block_ends_with_the_flush_that_makes_it_full() -> None:
    journal = small_blocks()
    begun(journal)
    found = [flush(journal, second) for second in range(40)]
    (sealed,) = [one for one in found if one is not None]
    assert found.index(sealed) == LINES // 2 - 1
    assert (sealed.first_flush, sealed.flushes, sealed.lines) == (0, 30, 60)
    assert (sealed.begin_ns, sealed.end_ns) == (at(0).boot_ns, at(29).boot_ns)
    assert len(unpack(sealed.data, Stated("zstd", sealed.size, sealed.lines), 1)) == 60


def test_flushes_are_counted_on_over_blocks_and_generations() -> None:
    journal = small_blocks()
    begun(journal)
    for second in range(30):
        flush(journal, second)
    begun(journal, generation=2)
    flush(journal, 30)
    first = journal.take(Ended(1))
    flush(journal, 31, generation=2)
    second_ = journal.take(Ended(2))
    assert first is not None
    assert second_ is not None
    assert (first.first_flush, first.flushes) == (30, 1)
    assert (second_.first_flush, second_.flushes) == (31, 1)


def test_what_an_ended_generation_prints_is_not_kept() -> None:
    journal = small_blocks()
    begun(journal)
    flush(journal, 1)
    journal.take(Ended(1))
    assert journal.take(line(2)) is None
    assert not list(journal.open_lines())


def test_a_script_that_never_flushes_is_cut_into_blocks_all_the_same() -> None:
    journal = small_blocks()
    begun(journal)
    sealed = [one for second in range(MOST_OPEN_LINES) if (one := journal.take(line(second))) is not None]
    assert [one.flushes for one in sealed] == [0]


def test_blocks_older_than_the_age_go_and_so_do_the_texts_of_their_generations() -> None:
    journal = small_blocks(age_ns=MINUTE)
    begun(journal)
    for second in range(30):
        flush(journal, second)
    journal.take(Ended(1))
    begun(journal, generation=2)
    for second in range(100, 130):
        flush(journal, second, generation=2)
    assert {one.generation for one in journal.blocks} == {2}
    assert {one.generation for one in journal.begun} == {2}


def test_bytes_are_bounded_and_the_newest_stay() -> None:
    journal = small_blocks(limit_bytes=2_000)
    begun(journal)
    for second in range(3_000):
        flush(journal, second, text=f"{second * 7919}")
    assert 0 < journal.bytes <= 2_000
    assert journal.blocks[-1].end_ns > at(2_900).boot_ns


def test_the_last_state_of_a_program_outlives_its_age() -> None:
    journal = small_blocks(age_ns=MINUTE)
    begun(journal)
    journal.take(Changed(1, at(0), "live", ""))
    for second in range(100, 200):
        flush(journal, second)
    assert [(note.state, note.stamp) for note in journal.notes if isinstance(note, Changed)] == [("live", at(0))]


def test_a_storm_of_processes_is_bounded_and_pushes_no_mark_out() -> None:
    journal = small_blocks()
    begun(journal)
    journal.take(Marked(at(0), "user", "here"))
    for pid in range(MOST_MET + 100):
        journal.take(Met(pid, at(1), {}))
    assert [note.pid for note in journal.notes if isinstance(note, Met)] == list(range(100, MOST_MET + 100))
    assert [note.note for note in journal.notes if isinstance(note, Marked)] == ["here"]


def test_processes_met_are_forgotten_with_their_age() -> None:
    journal = small_blocks(age_ns=MINUTE)
    begun(journal)
    journal.take(Met(1, at(0), {}))
    for second in range(100, 200):
        flush(journal, second)
    assert not [note for note in journal.notes if isinstance(note, Met)]


def test_a_generation_is_on_show_from_its_first_to_its_last_shown_flush() -> None:
    journal = small_blocks()
    begun(journal)
    journal.take(line(1))
    flush(journal, 2)
    assert journal.window(1) == (at(2).boot_ns, None)
    flush(journal, 3)
    journal.take(Ended(1))
    assert journal.window(1) == (at(2).boot_ns, at(3).boot_ns)
