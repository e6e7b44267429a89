"""Blocks begin and end in the midst of what a script prints; what is read is what was shown all the same."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.flush.find_caveats import Caveat
from bttop.model.flush.flush import Flush
from bttop.model.plan import Column, MapPlan, Plan
from bttop.store.snapshot.block_replay import block_flushes, block_lines, flush_of
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import SECOND, beat, map_line, planned
from tests.store.made import at
from tests.store.told import Told, written

KEYED = Column("comm", "text")
ONE_BEAT = planned(MapPlan("@x", "count", (KEYED,), "bank"), MapPlan("@n", "count", (), "cumulative"))
TWO_BEATS = planned(
    MapPlan("@x", "count", (KEYED,), "bank"), MapPlan("@slow", "count", (), "cumulative"), heartbeats=("a", "b")
)
UNTIMED = Plan(
    {
        "@n": MapPlan("@n", "count", (), "cumulative"),
        "@x": MapPlan("@x", "count", (KEYED,), "own"),
    },
    {},
    (),
    SECOND,
)


def text(data: str) -> str:
    return f'{{"type": "printf", "data": "{data}"}}'


def slow_beat(number: int, nsecs: int) -> str:
    return beat(number, nsecs, 1)


def read(path: Path) -> list[Flush]:
    with Snapshot(path) as snapshot:
        history = RecordedHistory(snapshot, 1)
        found = [history.at(index) for index in range(len(history))]
        assert list(history) == found
        assert not snapshot.problems
        return [one for one in found if one is not None]


def slow_total(seconds: int, every: int) -> Told:
    """A program with a map that is printed each second, and a total that is printed seldom."""
    told = Told()
    told.begin(1, TWO_BEATS)
    for second in range(1, seconds + 1):
        told.say(1, second, map_line("@x", {"dd": second}))
        told.say(1, second, beat(second, at(second).boot_ns))
        if second % every == 0:
            told.say(1, second, map_line("@slow", second * 10))
            told.say(1, second, slow_beat(second // every, at(second).boot_ns))
    return told


def test_a_total_that_is_printed_seldom_is_subtracted_from_its_last_print_blocks_ago(tmp_path: Path) -> None:
    told = slow_total(600, every=60)
    found = read(written(tmp_path / "s.bttop", told.events))
    assert found == told.shown
    assert {flush.maps["@slow"].rows[""] for flush in found if flush.mark == "b"} == {600}


def test_a_total_whose_last_print_is_too_far_back_is_unknown_and_never_the_sum_since_the_start(tmp_path: Path) -> None:
    last = read(written(tmp_path / "s.bttop", slow_total(1200, every=600).events))[-1]
    assert last.mark == "b"
    assert not last.maps["@slow"].rows
    assert Caveat.DAMAGED in last.caveats


def test_a_flush_that_the_next_ones_first_line_closes_is_whole_at_every_border(tmp_path: Path) -> None:
    told = Told()
    told.begin(1, UNTIMED)
    for step in range(1, 400):
        # Closer together than the silence that ends a flush: only the map's return does.
        told.say(1, step / 10, map_line("@n", step * step))
        told.say(1, step / 10 + 0.01, map_line("@x", {"dd": step}))
    told.tick(1, 60)
    found = read(written(tmp_path / "s.bttop", told.events))
    assert found == told.shown
    assert [flush.number for flush in found] == list(range(1, 400))


@pytest.mark.parametrize("flood", [1_000, 6_500, 20_000])
def test_a_flood_of_text_between_two_flushes_is_read_as_it_was_kept(tmp_path: Path, flood: int) -> None:
    told = Told()
    told.begin(1, ONE_BEAT)
    for second in range(1, 4):
        for number in range(flood):
            told.say(1, second, text(f"line {number}\\\\n"))
        told.say(1, second, map_line("@x", {"dd": second}))
        told.say(1, second, beat(second, at(second).boot_ns))
    found = read(written(tmp_path / "s.bttop", told.events))
    # A flood may reach further back than is read for a flush: then its length is doubtful.
    assert [replace(one, caveats=one.caveats - {Caveat.UNTIMED}) for one in found] == [
        replace(one, caveats=one.caveats - {Caveat.UNTIMED}) for one in told.shown
    ]


def test_a_hand_over_shows_no_flush_twice_though_both_are_told_to_end_twice(tmp_path: Path) -> None:
    told = Told()
    told.begin(1, ONE_BEAT)
    told.begin(2, ONE_BEAT)
    for second in range(1, 101):
        for generation in (1, 2):
            is_shown = generation == (1 if second <= 50 else 2)
            told.say(generation, second, map_line("@x", {"dd": second}), show=is_shown)
            told.say(generation, second, map_line("@n", second), show=is_shown)
            told.say(generation, second, beat(second, at(second).boot_ns), show=is_shown)
        if second == 51:
            told.end(1)
    told.end(1)
    told.end(2)
    told.end(2)
    found = read(written(tmp_path / "s.bttop", told.events))
    assert found == told.shown
    assert [flush.generation for flush in found] == [1] * 50 + [2] * 50


STEPS = st.one_of(
    st.tuples(st.just("bank"), st.dictionaries(st.sampled_from(["a", "b c", "é\\n"]), st.integers(0, 1 << 60))),
    st.tuples(st.just("total"), st.integers(0, 1 << 60)),
    st.tuples(st.just("text"), st.text("ab \\u00e9", max_size=8)),
    st.tuples(st.just("garbage"), st.text(max_size=8).filter(lambda one: "\n" not in one and "\r" not in one)),
    st.tuples(st.just("beat"), st.just(0)),
    st.tuples(st.just("slow"), st.just(0)),
    st.tuples(st.just("pause"), st.integers(1, 1_500)),
    st.tuples(st.just("end"), st.just(0)),
)


def tell(told: Told, plan: Plan, steps: list[tuple[str, object]]) -> None:
    """Play steps; time goes on by a hundredth of a second with each of them."""
    generation, now, beats = 1, 1.0, {"beat": 0, "slow": 0}
    told.begin(generation, plan)
    for kind, value in steps:
        now += 0.01
        match kind, value:
            case "pause", int():
                now += value / 1000
                told.tick(generation, now)
            case "end", _:
                told.end(generation)
                generation += 1
                beats = dict.fromkeys(beats, 0)
                told.begin(generation, plan)
            case (("beat" | "slow"), _):
                if plan.heartbeats and (kind == "beat" or len(plan.heartbeats) > 1):
                    beats[kind] += 1
                    line = beat if kind == "beat" else slow_beat
                    told.say(generation, now, line(beats[kind], at(now).boot_ns))
            case "bank", _:
                told.say(generation, now, map_line("@x", value))
            case "total", _:
                told.say(generation, now, map_line("@n" if "@n" in plan.maps else "@slow", value))
            case _, _:
                told.say(generation, now, text(str(value)) if kind == "text" else str(value))
    told.exit(generation, now + 60)


@settings(max_examples=60, deadline=None, database=None)
@given(st.sampled_from([ONE_BEAT, TWO_BEATS]), st.lists(STEPS, min_size=20, max_size=60), st.integers(1, 6))
def test_whatever_a_script_prints_is_read_as_it_was_shown(
    plan: Plan, steps: list[tuple[str, object]], times: int
) -> None:
    told = Told()
    tell(told, plan, steps * times)
    with tempfile.TemporaryDirectory() as folder:
        assert read(written(Path(folder) / "s.bttop", told.events)) == told.shown


@pytest.mark.parametrize("seed", range(20))
def test_groups_without_heartbeat_are_read_as_they_were_shown(tmp_path: Path, seed: int) -> None:
    # No pause near the 200 ms that part two groups: there the live grouping hangs on the moment of a tick, which no
    # recording has.
    dice = random.Random(seed)
    told = Told()
    steps: list[tuple[str, object]] = []
    for _ in range(200):
        steps += [("text", f"line {dice.randrange(9)}")] * dice.randrange(1, 9)
        steps.append(dice.choice([("pause", dice.randrange(500, 1_500)), ("total", 3), ("bank", {"a": 1})]))
    tell(told, UNTIMED, steps)
    assert read(written(tmp_path / "s.bttop", told.events)) == told.shown


@pytest.mark.parametrize("banks", [17, 70])
def test_a_total_whose_print_was_lost_is_subtracted_from_the_one_before(banks: int) -> None:
    told = Told()
    told_once = [*[("bank", {})] * banks, ("beat", 0), ("total", 7), ("beat", 0)]
    tell(told, ONE_BEAT, told_once * 40)
    with tempfile.TemporaryDirectory() as folder:
        assert read(written(Path(folder) / "s.bttop", told.events)) == told.shown


def escaped(second: int) -> str:
    return map_line("@x", {f"a{second}\\u0001": second}).replace("\\\\u", "\\u")


@pytest.mark.parametrize("retired", [None, 150])
def test_a_flush_of_one_heartbeat_is_read_by_itself_as_with_its_whole_block(
    tmp_path: Path, retired: int | None
) -> None:
    told = Told()
    told.begin(1, ONE_BEAT)
    for second in range(1, 201):
        for line in (escaped(second), map_line("@n", second * second), beat(second, at(second).boot_ns)):
            told.say(1, second, line, show=retired is None or second <= retired)
    told.end(1)
    with Snapshot(written(tmp_path / "s.bttop", told.events)) as snapshot:
        blocks = list(snapshot.blocks())
        whole = [block_flushes(snapshot, block) for block in blocks]
        alone = [
            [flush_of(snapshot, block, block_lines(snapshot, block), position) for position in range(block.flushes)]
            for block in blocks
        ]
    assert [tuple(flushes) for flushes in alone] == whole
    assert sum(map(len, whole)) == (retired or 200)
