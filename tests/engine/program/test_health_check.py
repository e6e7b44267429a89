"""Programs that live and are not well: silent, damaged, late, grown; and what they lost."""

from __future__ import annotations

import pytest

from bttop.engine.generation.source import Settings
from bttop.engine.program.health_check import RENEWAL
from bttop.engine.program.status import ProgramState
from bttop.model.flush.find_caveats import Caveat
from bttop.model.record.release import Release
from bttop.script.process.pin import Pin
from tests.engine.stage import (
    BANKS,
    CONDITIONAL,
    NEW,
    OLD,
    SECOND,
    TALKS,
    UNREADABLE,
    Stage,
    change,
    source,
    state,
)

# Silence and damage.


def test_silence_is_said_and_healed_by_a_fresh_start_beside_it() -> None:
    stage = Stage()
    stage.go_live()
    stage.tick(8)
    assert state(stage) is ProgramState.LIVE, "gaps of some seconds are normal"
    stage.tick(1)
    assert (state(stage), stage.program.status.reason) == (ProgramState.SILENT, "no heartbeat for 9 s")
    stage.tick()
    assert stage.living == [1, 2]
    assert not stage.stopped
    stage.beat(stage.last)
    assert (state(stage), list(stage.stopped)) == (ProgramState.LIVE, [1])


def test_a_longer_interval_may_be_silent_for_longer() -> None:
    stage = Stage(settings=Settings(interval_ms=10_000))
    stage.go_live()
    stage.tick(79)
    assert state(stage) is ProgramState.LIVE
    stage.tick(2)
    assert state(stage) is ProgramState.SILENT


def test_a_silent_program_that_speaks_again_is_live_and_not_restarted() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.tick(9)
    stage.beat(generation)
    assert state(stage) is ProgramState.LIVE
    stage.tick()
    assert len(stage.launched) == 1


def test_a_silent_program_whose_fresh_start_fails_is_tried_again() -> None:
    stage = Stage()
    stage.go_live()
    stage.tick(9)
    stage.tick()
    stage.exit(stage.last, 255)
    assert state(stage) is ProgramState.SILENT
    stage.tick(2)
    assert stage.living == [1, 3]


def test_a_program_that_was_attached_and_never_flushed_is_silent() -> None:
    stage = Stage().start()
    stage.ready(stage.last)
    stage.tick(9)
    assert state(stage) is ProgramState.SILENT


@pytest.mark.parametrize("text", [CONDITIONAL, UNREADABLE])
def test_a_script_that_may_be_quiet_is_never_silent(text: str) -> None:
    stage = Stage(source(text)).start()
    stage.ready(stage.last)
    stage.tick(1000)
    assert state(stage) is ProgramState.ATTACHED


def test_a_script_with_its_own_interval_is_silent_by_that_interval() -> None:
    stage = Stage(source(TALKS))
    stage.go_live()
    stage.tick(15)
    assert state(stage) is ProgramState.LIVE
    stage.tick(3)
    assert state(stage) is ProgramState.SILENT


FULL = {"perf_event": 5, "bpf-prog": 2, "bpf-map": 3, "eventpoll": 1}


def damaged(stage: Stage) -> None:
    stage.program.on_descriptors(stage.last, FULL, stage.now)
    stage.program.on_descriptors(stage.last, FULL | {"perf_event": 3, "bpf-map": 2}, stage.now)


def test_lost_descriptors_are_damage_once_they_stay_lost() -> None:
    stage = Stage()
    generation = stage.go_live()
    damaged(stage)
    stage.tick()
    assert state(stage) is ProgramState.LIVE
    stage.beat(generation)
    stage.tick()
    assert state(stage) is ProgramState.DAMAGED
    assert stage.program.status.reason.startswith("bpftrace lost descriptors (1 bpf-map, 2 perf_event)")


def test_heartbeats_do_not_hide_damage_and_a_fresh_start_heals_it() -> None:
    stage = Stage()
    generation = stage.go_live()
    damaged(stage)
    stage.tick(3)
    stage.beat(generation)
    assert state(stage) is ProgramState.DAMAGED
    stage.tick()
    stage.ready(stage.last)
    stage.beat(stage.last)
    assert (state(stage), list(stage.stopped)) == (ProgramState.LIVE, [1])


def test_a_bpftrace_that_is_detaching_is_not_damaged() -> None:
    stage = Stage()
    stage.go_live()
    for left in range(5, 0, -1):
        stage.program.on_descriptors(stage.last, FULL | {"perf_event": left}, stage.now)
        stage.tick(2)
    stage.exit(stage.last, 0)
    assert state(stage) is ProgramState.ENDED


def test_a_kind_that_is_gone_altogether_stays_damage_with_the_next_count() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.on_descriptors(stage.last, FULL, stage.now)
    for eventpoll in (1, 2):
        stage.program.on_descriptors(stage.last, {"perf_event": 5, "bpf-prog": 2, "eventpoll": eventpoll}, stage.now)
    stage.tick(3)
    assert "3 bpf-map" in stage.program.status.reason


def test_descriptors_that_come_back_were_not_lost() -> None:
    stage = Stage()
    stage.go_live()
    damaged(stage)
    stage.program.on_descriptors(stage.last, FULL, stage.now)
    stage.tick(5)
    assert state(stage) is ProgramState.LIVE


def test_damage_before_the_take_over_is_seen_after_it() -> None:
    stage = Stage()
    stage.go_live()
    change(stage)
    stage.ready(stage.last)
    damaged(stage)
    stage.beat(stage.last)
    stage.tick(3)
    assert (state(stage), stage.living) == (ProgramState.DAMAGED, [2])


def test_a_damaged_program_that_ends_by_itself_is_not_started_again() -> None:
    stage = Stage()
    generation = stage.go_live()
    damaged(stage)
    stage.tick(3)
    stage.exit(generation, 0)
    stage.tick(100)
    assert (state(stage), len(stage.launched)) == (ProgramState.ENDED, 1)


@pytest.mark.parametrize(("release", "starts"), [(NEW, 2), (OLD, 1)])
def test_a_process_that_collects_descriptors_is_renewed_every_hour(release: Release, starts: int) -> None:
    stage = Stage(source("profile:hz:99 { @n[ustack] = count(); }"), release=release)
    generation = stage.go_live()
    stage.wait(RENEWAL / SECOND)
    stage.beat(generation)
    stage.tick()
    stage.tick()
    assert len(stage.launched) == starts


# Exactness.

BANKED_LATE = 3 * SECOND


def test_two_late_flushes_in_a_row_double_the_interval_by_themselves() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.beat(generation, {BANKS[0]: {"7": 3}}, late_ns=BANKED_LATE)
    stage.beat(generation, {BANKS[1]: {"7": 3}})
    stage.beat(generation, {BANKS[0]: {"7": 3}}, late_ns=BANKED_LATE)
    assert len(stage.launched) == 1, "a single late flush is the host's own hiccup"
    stage.beat(generation, {BANKS[1]: {"7": 3}}, late_ns=BANKED_LATE)
    assert Caveat.LATE in stage.shown[-1].caveats
    assert stage.living == [1, 2]
    stage.beat(stage.last)
    assert stage.program.status.interval_ns == 2 * SECOND
    assert [badge.text for badge in stage.program.status.badges] == ["interval raised to 2 s"]


def test_late_flushes_that_come_all_at_once_are_one_delay_and_raise_no_interval() -> None:
    stage = Stage()
    generation = stage.go_live()
    for turn in range(20):
        stage.beat(generation, {BANKS[turn % 2]: {"7": 3}}, late_ns=(20 - turn) * SECOND)
        stage.wait(-1)
        assert turn >= 18 or Caveat.LATE in stage.shown[-1].caveats
    assert len(stage.launched) == 1


def late_twice(stage: Stage) -> None:
    for bank in (0, 1):
        stage.beat(stage.last, {BANKS[bank]: {"7": 3}}, late_ns=2 * stage.last.plan.interval_ns + 1)


def test_the_interval_is_raised_no_further_than_a_minute_and_a_new_one_is_the_users() -> None:
    stage = Stage(settings=Settings(interval_ms=20_000))
    stage.go_live()
    late_twice(stage)
    stage.beat(stage.last)
    late_twice(stage)
    assert stage.last.plan.interval_ns == 40 * SECOND
    stage.program.change(Settings(interval_ms=1000), stage.now)
    assert stage.last.plan.interval_ns == SECOND
    stage.beat(stage.last)
    assert not stage.program.status.badges


BUCKETS = [{"min": n, "max": n, "count": 1} for n in range(1500)]


def test_a_cumulative_map_that_grows_restarts_as_banks() -> None:
    stage = Stage(source("tracepoint:a:b { @n = hist(pid, 6); }"), release=NEW)
    generation = stage.go_live()
    assert generation.plan.maps["@n"].scheme == "cumulative"
    stage.beat(generation, {"@n": BUCKETS[:100]}, "hist")
    assert len(stage.launched) == 1
    stage.beat(generation, {"@n": BUCKETS}, "hist")
    assert stage.last.plan.maps["@n"].scheme == "bank"
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE


def test_a_map_that_cannot_be_banked_is_left_as_it_is() -> None:
    stage = Stage(source("tracepoint:a:b { @n[pid] = count(); if (@n[pid] > 5) { @m = 1; } }"), release=NEW)
    generation = stage.go_live()
    assert generation.plan.maps["@n"].scheme == "cumulative"
    stage.beat(generation, {"@n": {str(n): 1 for n in range(2000)}})
    stage.beat(generation, {"@n": {str(n): 2 for n in range(2000)}})
    assert len(stage.launched) == 1


# Losses.


def test_losses_of_all_generations_stay_counted() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.record(generation, "lost_events", {"events": 5})
    stage.line(generation, b"104857600", "oversized")
    stage.program.on_dropped(generation, 40)
    stage.exit(generation, -9)
    assert (stage.program.tally.lost_events, stage.program.tally.dropped) == (5, 40)
    stage.tick()
    stage.beat(stage.last)
    stage.record(stage.last, "lost_events", {"events": 3})
    stage.program.on_dropped(stage.last, 2)
    tally = stage.program.tally
    assert (tally.lost_events, tally.oversized, tally.dropped) == (8, 1, 42)


def test_a_pin_is_kept_by_a_restart() -> None:
    stage = Stage(settings=Settings(pin=Pin((42,))))
    stage.exit(stage.go_live(), -9)
    stage.tick()
    assert "pid == 42" in stage.last.candidate.prepared.text
