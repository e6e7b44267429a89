"""How a program ends, against its will or at somebody's wish, and how it comes back."""

from __future__ import annotations

import pytest

from bttop.engine.program.status import ProgramState
from bttop.model.record.release import Release
from tests.engine.stage import (
    NEW,
    OLD,
    SECOND,
    UNREADABLE,
    Stage,
    change,
    complaint,
    source,
    state,
)

# What ends.


@pytest.mark.parametrize(("code", "name"), [(-9, "SIGKILL"), (-15, "SIGTERM"), (-1, "SIGHUP")])
def test_a_kill_from_outside_is_said_and_healed(code: int, name: str) -> None:
    stage = Stage()
    stage.exit(stage.go_live(), code)
    status = stage.program.status
    assert (status.state, status.reason) == (ProgramState.RETRYING, f"bpftrace was killed by {name}")
    assert status.retry_at_ns == stage.now + SECOND
    stage.tick()
    stage.beat(stage.last)
    assert (state(stage), stage.program.status.restarts, stage.program.status.generation) == (ProgramState.LIVE, 1, 2)
    assert stage.cuts == [f"bpftrace was killed by {name}"]


def test_a_kill_of_one_that_waits_for_its_first_flush_loses_nothing() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    stage.ready(stage.last)
    stage.exit(stage.last, -9)
    assert (stage.cuts, stage.program.missing) == ([], "")
    stage.exit(old, -9)
    assert stage.cuts == ["bpftrace was killed by SIGKILL"]


def test_a_kill_while_it_starts_does_not_cost_the_edited_text() -> None:
    stage = Stage().start()
    stage.exit(stage.last, -9)
    stage.tick()
    assert stage.last.candidate.edited
    assert stage.cuts == [], "it had counted nothing"


def test_pauses_double_up_to_half_a_minute_and_start_small_after_a_minute_of_calm() -> None:
    stage = Stage()
    stage.go_live()
    pauses = []
    for _ in range(7):
        stage.exit(stage.last, -9)
        retry_at = stage.program.status.retry_at_ns
        assert retry_at is not None
        pauses.append((retry_at - stage.now) // SECOND)
        stage.tick(30)
        stage.beat(stage.last)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    for _ in range(61):
        stage.beat(stage.last)
    stage.exit(stage.last, -9)
    assert stage.program.status.retry_at_ns == stage.now + SECOND


def test_a_crash_after_it_was_live_is_retried_with_its_last_words() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.complain(generation, "FATAL: lost my mind")
    stage.exit(generation, -11)
    assert state(stage) is ProgramState.RETRYING
    assert complaint(stage) == "calls.bt: lost my mind"


def test_what_has_worked_is_not_given_up_for_a_fallback_when_a_restart_fails() -> None:
    stage = Stage(source(name="first.bt"), source(name="second.bt"))
    stage.exit(stage.go_live(), -9)
    stage.tick()
    stage.refuse(stage.last, "ERROR: Out of memory", 255)
    assert state(stage) is ProgramState.RETRYING
    stage.tick(3)
    assert (stage.last.candidate.source.name, stage.last.candidate.edited) == ("first.bt", True)


def test_an_exit_by_the_script_itself_ends_the_program() -> None:
    stage = Stage(source("tracepoint:a:b { @n[pid] = count(); if (pid == 3) { exit(); } }"))
    stage.exit(stage.go_live(), 0)
    assert (state(stage), stage.program.status.reason) == (ProgramState.ENDED, "the script ended by itself")
    stage.tick(100)
    assert len(stage.launched) == 1


def test_an_iterator_shows_what_it_printed_and_ends_by_itself() -> None:
    stage = Stage(source('iter:task { printf("%s\\n", ctx->task->comm); }'), release=Release(0, 23))
    stage.start()
    stage.attached(stage.last, 1)
    for text in (b"kthreadd", b"dd", b"", b""):
        stage.line(stage.last, text)
    stage.exit(stage.last, 0)
    assert [record.data for flush in stage.shown for record in flush.printed] == ["kthreadd\n", "dd\n"]
    assert (state(stage), stage.program.status.reason) == (ProgramState.ENDED, "the script ended by itself")


@pytest.mark.parametrize(
    ("predicate", "release", "named"),
    [("", OLD, False), ("/pid == 123/", OLD, True), ("/pid != 123/", OLD, False), ("", NEW, True)],
)
def test_user_frames_are_addresses_where_a_script_takes_them_of_many_processes(
    predicate: str, release: Release, named: bool
) -> None:
    stage = Stage(source(f"profile:hz:99 {predicate} {{ @[ustack] = count(); }}"), release=release)
    stage.go_live()
    badges = [badge.text for badge in stage.program.status.badges]
    assert ("user frames as addresses" not in badges) is named
    assert stage.last.candidate.prepared.one_process is (predicate == "/pid == 123/")


def test_an_end_by_a_signal_that_bpftrace_obeys_is_told_from_the_scripts_own() -> None:
    stage = Stage()
    stage.exit(stage.go_live(), 0)
    assert state(stage) is ProgramState.ENDED
    assert "from outside" in stage.program.status.reason


def test_what_is_printed_last_is_shown() -> None:
    stage = Stage(source('BEGIN { printf("hello\\n"); exit(); }')).start()
    stage.ready(stage.last)
    stage.record(stage.last, "printf", "hello\n")
    stage.exit(stage.last, 0)
    assert [flush.printed[0].data for flush in stage.shown] == ["hello\n"]
    assert state(stage) is ProgramState.ENDED


def test_an_ended_program_can_be_started_again() -> None:
    stage = Stage()
    stage.exit(stage.go_live(), 0)
    stage.go_live()
    assert (state(stage), stage.program.status.generation) == (ProgramState.LIVE, 2)


# Stopping.


def test_a_stop_gives_time_to_detach_by_the_number_of_probes() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.attached(generation, 361)
    stage.program.stop(stage.now)
    assert state(stage) is ProgramState.STOPPING
    assert stage.stopped[1] > 25
    stage.exit(generation, 0)
    assert (state(stage), stage.program.status.reason) == (ProgramState.STOPPED, "stopped by you")


def test_a_stop_that_needs_sigkill_is_still_a_stop() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.program.stop(stage.now)
    stage.exit(generation, -9)
    assert state(stage) is ProgramState.STOPPED
    stage.tick(100)
    assert len(stage.launched) == 1


def test_a_stop_takes_the_next_along() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    new = stage.last
    stage.program.stop(stage.now)
    assert set(stage.stopped) == {1, 2}
    stage.beat(new)
    stage.exit(new, 0)
    stage.exit(old, 0)
    assert state(stage) is ProgramState.STOPPED


def test_a_stop_while_it_waits_for_another_try_is_a_stop() -> None:
    stage = Stage()
    stage.exit(stage.go_live(), -9)
    stage.program.stop(stage.now)
    stage.tick(100)
    assert (state(stage), len(stage.launched)) == (ProgramState.STOPPED, 1)


def test_a_start_while_the_old_one_detaches_does_not_wait_for_it() -> None:
    stage = Stage()
    old = stage.go_live()
    stage.program.stop(stage.now)
    stage.start()
    stage.exit(old, 0)
    assert (state(stage), stage.living) == (ProgramState.STARTING, [2])


# The tracer.


def test_a_lost_tracer_is_said_and_every_program_comes_back() -> None:
    stage = Stage()
    stage.go_live()
    change(stage)
    stage.program.on_tracer_lost(stage.now, "it was killed by signal 9")
    assert (state(stage), stage.living) == (ProgramState.RETRYING, [])
    assert stage.program.status.reason == "the tracer was lost: it was killed by signal 9"
    stage.tick()
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE
    assert stage.last.plan.interval_ns == 2 * SECOND


@pytest.mark.parametrize("code", [0, 1])
def test_a_lost_tracer_starts_nothing_that_had_ended(code: int) -> None:
    stage = Stage(source(UNREADABLE)).start()
    stage.exit(stage.last, code)
    before = state(stage)
    stage.program.on_tracer_lost(stage.now, "gone")
    stage.tick(100)
    assert state(stage) is before
    assert len(stage.launched) == 1


def test_a_tracer_lost_while_stopping_ends_the_stop() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.stop(stage.now)
    stage.program.on_tracer_lost(stage.now, "gone")
    assert state(stage) is ProgramState.STOPPED


def test_a_held_program_is_detached_keeps_its_flushes_and_says_why_until_it_is_started() -> None:
    stage = Stage()
    generation = stage.go_live()
    stage.program.hold(stage.now, "a limit was exceeded")
    assert (state(stage), stage.program.status.reason) == (ProgramState.STOPPING, "a limit was exceeded")
    assert generation.number in stage.stopped
    stage.exit(generation, 0)
    assert (state(stage), stage.program.status.reason) == (ProgramState.HELD, "a limit was exceeded")
    assert stage.program.history.appended == 1
    stage.tick(3600)
    assert stage.launched == [generation]
    stage.start()
    assert state(stage) is ProgramState.STARTING


def test_an_edit_does_not_start_a_held_program() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.hold(stage.now, "a limit was exceeded")
    stage.exit(stage.last, 0)
    stage.program.reload((source("tracepoint:a:c { @n = count(); }"),), stage.now)
    assert state(stage) is ProgramState.HELD


def test_a_program_that_waits_for_its_next_start_is_held_at_once() -> None:
    stage = Stage()
    stage.go_live()
    stage.exit(stage.last, -9)
    assert state(stage) is ProgramState.RETRYING
    stage.program.hold(stage.now, "nobody is there")
    assert state(stage) is ProgramState.HELD
    stage.tick(3600)
    assert len(stage.launched) == 1


def test_a_held_program_stays_held_when_the_tracer_is_lost_meanwhile() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.hold(stage.now, "a limit was exceeded")
    stage.program.on_tracer_lost(stage.now, "killed")
    assert (state(stage), stage.program.status.reason) == (ProgramState.HELD, "a limit was exceeded")
