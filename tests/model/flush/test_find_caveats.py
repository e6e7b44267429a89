from __future__ import annotations

import pytest

from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.find_caveats import Caveat, ClockWatch, caveats_of
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Column, MapPlan, Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.release import Release
from tests.model.samples import NUMBER, SECOND, STACK, TEXT, beat

OLD, NEW = Release(0, 17), Release(0, 27)


def caveats(*keys: str, columns: tuple[Column, ...] = (TEXT,), release: Release = OLD, entries: int = 1) -> set[Caveat]:
    plan = MapPlan("@x", "count", columns)
    data = MapData(plan, "map", dict.fromkeys(keys, 1), entries=entries)
    return set(caveats_of({"@x": data}, Origin(release, Plan()), 1000))


@pytest.mark.parametrize(
    ("entries", "found"),
    [(899, set()), (900, {Caveat.NEARLY_FULL}), (999, {Caveat.NEARLY_FULL}), (1000, {Caveat.MAP_FULL})],
)
def test_from_nine_tenths_of_its_limit_a_map_may_turn_keys_away(entries: int, found: set[Caveat]) -> None:
    assert caveats("a", entries=entries) == found


@pytest.mark.parametrize(("entries", "found"), [(2, set()), (3, {Caveat.MAP_FULL})])
def test_the_limit_that_the_script_sets_decides(entries: int, found: set[Caveat]) -> None:
    data = MapData(MapPlan("@x", "count", (TEXT,), limit=3), "map", {"a": 1}, entries=entries)
    assert set(caveats_of({"@x": data}, Origin(NEW, Plan()), 1000)) == found
    assert set(caveats_of({"@x": data}, Origin(NEW, Plan()), 0)) == found


def test_a_value_without_a_key_always_has_room() -> None:
    data = MapData(MapPlan("@x", "count", limit=1), "map", {"": 7}, entries=1)
    assert set(caveats_of({"@x": data}, Origin(NEW, Plan()), 1000)) == set()


def test_the_length_of_texts_that_the_script_sets_decides() -> None:
    plan = MapPlan("@x", "count", (TEXT,), longest_text=20)
    cut, whole = (MapData(plan, "map", {"x" * length: 1}, entries=1) for length in (20, 64))
    assert set(caveats_of({"@x": cut}, Origin(NEW, Plan()), 1000)) == {Caveat.CUT_TEXT}
    assert set(caveats_of({"@x": whole}, Origin(OLD, Plan()), 1000)) == set()


def test_without_a_known_limit_nothing_is_said_of_it() -> None:
    data = MapData(MapPlan("@x", "count", (TEXT,)), "map", {"a": 1}, entries=10**6)
    assert set(caveats_of({"@x": data}, Origin(OLD, Plan()), 0)) == set()


@pytest.mark.parametrize(("release", "longest"), [(OLD, 64), (Release(0, 21), 64), (Release(0, 22), 1024), (NEW, 1024)])
def test_a_text_as_long_as_bpftrace_keeps_is_cut(release: Release, longest: int) -> None:
    assert caveats("x" * longest, release=release) == {Caveat.CUT_TEXT}
    assert caveats("x" * (longest - 1), "x" * (longest + 1), release=release) == set()


def test_the_length_of_a_text_is_in_bytes_and_of_its_own_part() -> None:
    assert caveats("é" * 32) == {Caveat.CUT_TEXT}
    assert caveats("1," + "x" * 64, columns=(NUMBER, TEXT)) == {Caveat.CUT_TEXT}
    assert caveats("1," + "x" * 62, columns=(NUMBER, TEXT)) == set()


def test_numbers_and_stacks_are_no_texts() -> None:
    assert caveats("1" * 64, columns=(NUMBER,)) == set()
    assert caveats("\n" + "f" * 62 + "\n", columns=(STACK,)) == set()


def stack(frames: int) -> str:
    return "\n" + "".join(f"f{n}+1\n" for n in range(frames))


def test_a_stack_of_127_frames_is_cut() -> None:
    assert caveats(stack(127), columns=(STACK,)) == {Caveat.CUT_STACK}
    assert caveats(stack(126), columns=(STACK,)) == set()
    # Two stacks in one key, neither of them deep.
    assert caveats(f"{stack(100)},{stack(100)}", columns=(STACK, STACK)) == set()
    assert caveats(f"{stack(3)},{stack(127)}", columns=(STACK, STACK)) == {Caveat.CUT_STACK}


def stamp(seconds: float, ahead: float = 1000.0) -> Stamp:
    return Stamp(round(seconds * SECOND), round((seconds + ahead) * SECOND))


def test_a_clock_that_was_set_shows_at_the_second_stamp_and_once() -> None:
    watch = ClockWatch()
    stamps = [stamp(1), stamp(2), stamp(3, 1060), stamp(4, 1060), stamp(5, 1060), stamp(6, 900), stamp(7, 900)]
    assert [watch.stepped(one) for one in stamps] == [False, False, False, True, False, False, True]


def test_what_ntp_adjusts_and_a_single_torn_stamp_are_no_steps() -> None:
    watch = ClockWatch()
    slewed = [stamp(n, 1000 + n * 0.0005) for n in range(1000)]
    torn = [stamp(1000, 1000.7), stamp(1001, 1000.5), stamp(1002, 1000.5)]
    assert not any(watch.stepped(one) for one in (*slewed, *torn))


def test_the_flush_behind_a_step_says_so() -> None:
    reader = FlushReader(OLD, Plan(heartbeats=("a",), interval_ns=SECOND), 1)
    found = []
    for number, ahead in enumerate((1000, 1000, 2000, 2000, 2000), start=1):
        line = beat(number, number * SECOND)
        flush = reader.feed(StampedLine(1, "stdout", stamp(number, ahead), line.encode()))
        assert flush is not None
        found.append(Caveat.CLOCK_STEP in flush.caveats)
    assert found == [False, False, False, True, False]


def test_every_flush_of_a_thinned_program_has_the_caveat() -> None:
    assert set(caveats_of({}, Origin(NEW, Plan(one_in=8)), 0)) == {Caveat.THINNED}
    assert set(caveats_of({}, Origin(NEW, Plan()), 0)) == set()
