"""The life of one program, event by event: how it starts, how it changes, and what does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from bttop.engine.cost.cost import Cost
from bttop.engine.generation.candidates import MEMORY_WAITS
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host
from bttop.engine.program.status import ProgramState
from tests.engine.stage import (
    BANKS,
    COUNTS,
    PRINTS_ONLY,
    SECOND,
    TALKS,
    UNREADABLE,
    Stage,
    change,
    complaint,
    source,
    state,
)

# From start to live.


def test_a_program_is_starting_then_attached_then_live() -> None:
    stage = Stage().start()
    seen = [state(stage)]
    stage.attached(stage.last, 3)
    stage.ready(stage.last)
    seen.append(state(stage))
    stage.beat(stage.last, {BANKS[0]: {"7": 3}})
    seen.append(state(stage))
    assert seen == [ProgramState.STARTING, ProgramState.ATTACHED, ProgramState.LIVE]
    assert [dict(flush.maps["@n"].rows) for flush in stage.shown] == [{"7": 3}]
    assert stage.program.history.latest is stage.shown[0]


def test_a_probe_without_events_is_live_and_empty() -> None:
    stage = Stage()
    stage.go_live()
    assert state(stage) is ProgramState.LIVE
    assert not stage.shown[0].maps["@n"].rows


def test_a_probe_without_maps_is_live_by_its_heartbeat() -> None:
    stage = Stage(source(PRINTS_ONLY))
    stage.go_live()
    assert state(stage) is ProgramState.LIVE


def test_descriptors_are_watched_from_the_moment_it_is_attached() -> None:
    stage = Stage().start()
    assert not stage.watched
    stage.ready(stage.last)
    stage.beat(stage.last)
    assert stage.watched == [1]


def test_a_release_that_does_not_tell_readiness_is_ready_at_its_first_heartbeat() -> None:
    stage = Stage().start()
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE
    assert stage.watched == [1]


def test_a_flush_bears_the_number_of_the_programs_generation_and_its_lines_the_tracers() -> None:
    stage = Stage()
    stage.go_live()
    assert stage.shown[0].generation == 1
    assert {line.generation for line in stage.shown[0].lines} == {101}


def test_what_a_begin_block_prints_does_not_make_it_live() -> None:
    stage = Stage(source(f'BEGIN {{ printf("hello\\n"); }} {PRINTS_ONLY}')).start()
    stage.record(stage.last, "printf", "hello\n")
    stage.tick(3)
    assert [flush.printed[0].data for flush in stage.shown] == ["hello\n"]
    assert state(stage) is ProgramState.STARTING
    stage.refuse(stage.last, code=255)
    assert len(stage.launched) == 2, "its text was given up, as that of any program that did not start"


# Two generations.


def test_new_settings_take_over_at_the_first_flush_and_only_then_the_old_stops() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    new = stage.last
    stage.ready(new)
    stage.beat(old)
    assert not stage.stopped
    assert stage.program.status.generation == 1
    stage.beat(new)
    assert list(stage.stopped) == [1]
    assert [flush.generation for flush in stage.shown] == [1, 1, 2]
    assert stage.program.status.interval_ns == 2 * SECOND
    assert stage.program.plan is new.plan


def test_what_the_old_generation_counted_last_is_shown_and_the_new_one_stays_on_show() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    stage.beat(stage.last)
    shown = len(stage.shown)
    stage.beat(old, {BANKS[0]: {"7": 3}}, is_last=True)
    stage.record(old, "map", {BANKS[1]: {"7": 3}})
    stage.exit(old, 0)
    assert [(flush.generation, flush.is_last) for flush in stage.shown[shown:]] == [(1, True)]
    assert [data.rows for data in stage.shown[shown].maps.values()] == [{"7": 3}]
    assert not stage.shown[shown].replaces(stage.shown[shown - 1])
    assert state(stage) is ProgramState.LIVE
    assert stage.living == [2]


def allowed(stage: Stage) -> int | None:
    return stage.program.permission.allowed


def test_what_the_user_allowed_the_old_text_is_kept_until_the_new_one_takes_over() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.permission.allow(40)
    stage.program.permission.edited()
    stage.program.reload((source("tracepoint:a:b { @n = foo(); }"),), stage.now)
    stage.refuse(stage.last, "stdin:1:23-26: ERROR: Unknown function: foo")
    stage.refuse(stage.last, "stdin:1:23-26: ERROR: Unknown function: foo")
    assert allowed(stage) == 40
    stage.program.permission.edited()
    stage.program.reload((source("tracepoint:a:c { @n = count(); }"),), stage.now)
    assert allowed(stage) == 40
    stage.ready(stage.last)
    stage.beat(stage.last)
    assert (stage.program.status.generation, allowed(stage)) == (4, None)


def test_a_new_text_that_does_not_compile_leaves_the_old_one_running_with_the_message() -> None:
    stage = Stage()
    old = stage.go_live()
    stage.program.reload((source("tracepoint:a:b { @n = foo(); }"),), stage.now)
    stage.refuse(stage.last, "stdin:1:23-26: ERROR: Unknown function: foo")
    stage.refuse(stage.last, "stdin:1:23-26: ERROR: Unknown function: foo")
    status = stage.program.status
    assert (status.state, status.generation) == (ProgramState.LIVE, 1)
    assert status.complaint is not None
    assert status.complaint.title == "calls.bt:1:23 Unknown function: foo"
    assert status.complaint.lines == ("tracepoint:a:b { @n = foo(); }", " " * 22 + "^~~")
    stage.beat(old)
    stage.tick(40)
    assert len(stage.launched) == 3, "what the user wrote is not tried again by itself"


def test_a_mended_text_takes_the_message_away() -> None:
    stage = Stage()
    stage.go_live()
    stage.program.reload((source("tracepoint:a:b { foo }"),), stage.now)
    stage.refuse(stage.last)
    stage.refuse(stage.last)
    assert complaint(stage)
    stage.program.reload((source("tracepoint:a:b { @other[pid] = count(); }"),), stage.now)
    stage.beat(stage.last)
    assert not complaint(stage)
    assert list(stage.shown[-1].maps) == ["@other"]


def test_a_reloaded_text_is_no_fallback() -> None:
    stage = Stage()
    old = stage.go_live()
    stage.program.reload((source("tracepoint:a:b { @n[tid] = count(); }"),), stage.now)
    stage.beat(old)
    assert not [badge for badge in stage.program.status.badges if badge.text == "fallback"]


def test_settings_changed_twice_in_a_row_start_the_newest_alone() -> None:
    stage = Stage()
    stage.go_live()
    change(stage)
    first = stage.last
    stage.program.change(Settings(interval_ms=5000), stage.now)
    assert list(stage.stopped) == [2]
    stage.beat(first)
    assert stage.living == [1, 3]
    stage.exit(first, 0)
    assert stage.living == [1, 3]


def test_the_next_is_shown_at_once_when_the_current_dies() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    stage.ready(stage.last)
    stage.exit(old, -9)
    assert stage.living == [2]
    assert state(stage) is ProgramState.ATTACHED
    assert stage.program.plan is stage.last.plan


def test_a_next_without_heartbeats_takes_over_when_it_has_been_attached_for_an_interval() -> None:
    stage = Stage(source(UNREADABLE))
    stage.start()
    stage.ready(stage.last)
    change(stage)
    stage.ready(stage.last)
    stage.tick(0.5)
    assert stage.living == [1, 2]
    stage.tick(2)
    assert stage.living == [2]
    assert state(stage) is ProgramState.ATTACHED


def test_a_next_that_sends_nothing_is_given_up_and_tried_again_later() -> None:
    stage = Stage()
    old = stage.go_live()
    change(stage)
    stage.ready(stage.last)
    for _ in range(20):
        stage.beat(old)
    stage.tick()
    assert 2 in stage.stopped
    assert stage.living == [1]
    assert "sent nothing for" in complaint(stage)
    stage.beat(old)
    stage.tick()
    assert stage.living == [1, 3]


def test_changed_settings_of_a_stopped_program_hold_when_it_is_started() -> None:
    stage = Stage()
    stage.program.stop(stage.now)
    change(stage)
    assert not stage.launched
    stage.start()
    assert stage.last.plan.interval_ns == 2 * SECOND


# What does not start.


def test_each_text_is_tried_edited_and_as_it_is_then_each_fallback_and_the_first_message_stays() -> None:
    stage = Stage(source(name="first.bt"), source(name="second.bt")).start()
    tried = []
    for number in range(4):
        tried.append((stage.last.candidate.source.name, stage.last.candidate.edited))
        stage.refuse(stage.last, f"stdin:1:{number + 1}-9: ERROR: no {number}", 255)
    assert tried == [("first.bt", True), ("first.bt", False), ("second.bt", True), ("second.bt", False)]
    assert state(stage) is ProgramState.FAILED
    assert complaint(stage) == "first.bt:1:1 no 0"
    stage.tick(100)
    assert len(stage.launched) == 4


def test_a_fallback_in_use_is_said_with_the_reason() -> None:
    stage = Stage(source(name="first.bt"), source(name="second.bt")).start()
    stage.refuse(stage.last, "ERROR: Error attaching probe: 'kprobe:x'", 255)
    stage.refuse(stage.last, "ERROR: Error attaching probe: 'kprobe:x'", 255)
    stage.beat(stage.last)
    (badge,) = stage.program.status.badges
    assert badge.text == "fallback"
    assert badge.why == "second.bt runs instead of first.bt: bpftrace ended with exit code 255"
    assert stage.program.status.source == "second.bt"
    assert not complaint(stage)


def test_the_text_as_it_is_runs_when_only_the_edited_one_fails() -> None:
    stage = Stage(source(TALKS)).start()
    stage.refuse(stage.last, "ERROR: Error loading program", 255)
    stage.ready(stage.last)
    stage.record(stage.last, "map", {"@n": {"7": 1}})
    stage.tick()
    assert state(stage) is ProgramState.LIVE
    assert "read as is" in [badge.text for badge in stage.program.status.badges]


NO_MEMORY: Final = [
    "ERROR: failed to create map: '@n': Cannot allocate memory\nCreation of the required BPF maps has failed.",
    "ERROR: Failed to create map: '@n': Operation not permitted",
    'ERROR: Unknown BPF object load failure. Try using the "-d libbpf" option to see the full loading log.',
]


@pytest.mark.parametrize("message", NO_MEMORY)
def test_a_start_without_memory_for_its_maps_is_said_and_repeated_with_the_same_text(message: str) -> None:
    stage = Stage().start()
    for number in range(MEMORY_WAITS):
        stage.refuse(stage.last, message)
        assert state(stage) is ProgramState.RETRYING
        assert complaint(stage).startswith("calls.bt: the kernel did not create its maps (")
        stage.tick(2**number + 1)
        assert stage.last.candidate.edited
    assert len(stage.launched) == MEMORY_WAITS + 1
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE
    assert not complaint(stage)


@pytest.mark.parametrize("message", NO_MEMORY)
def test_where_memory_never_suffices_a_fallback_runs_and_never_the_text_as_it_is(message: str) -> None:
    stage = Stage(source(name="first.bt"), source(name="second.bt")).start()
    names = []
    for _ in range(2 * MEMORY_WAITS + 2):
        names.append(stage.last.candidate.source.name)
        assert stage.last.candidate.edited
        stage.refuse(stage.last, message)
        if state(stage) is ProgramState.RETRYING:
            stage.tick(60)
    assert names == ["first.bt"] * (MEMORY_WAITS + 1) + ["second.bt"] * (MEMORY_WAITS + 1)
    assert state(stage) is ProgramState.FAILED
    assert complaint(stage).startswith("first.bt: the kernel did not create its maps (")


@pytest.mark.parametrize("message", NO_MEMORY)
def test_a_next_generation_without_memory_leaves_the_current_one_and_is_tried_again(message: str) -> None:
    stage = Stage()
    current = stage.go_live()
    stage.program.change(Settings(interval_ms=2000), stage.now)
    stage.refuse(stage.last, message)
    assert stage.living == [current.number]
    assert "did not create its maps" in complaint(stage)
    stage.tick(2)
    stage.beat(current)
    assert stage.last is not current
    assert stage.last.candidate.edited


@pytest.mark.parametrize(
    "message", ["ERROR: failed to create map: '@n': Argument list too long", "ERROR: Error loading program: x (try -v)"]
)
def test_other_failures_to_load_are_not_taken_for_a_lack_of_memory(message: str) -> None:
    stage = Stage().start()
    stage.refuse(stage.last, message)
    assert not stage.last.candidate.edited


def test_an_attach_error_without_a_place_is_shown_with_the_files_name() -> None:
    stage = Stage(source(UNREADABLE)).start()
    stage.refuse(
        stage.last,
        "ERROR: bpftrace couldn't set RLIMIT_MEMLOCK for bpftrace\nERROR: Error attaching probe: 'kprobe:vfs_read'",
        255,
    )
    assert state(stage) is ProgramState.FAILED
    assert complaint(stage) == "calls.bt: Error attaching probe: 'kprobe:vfs_read'"


def test_an_end_without_a_message_names_the_exit_code_and_not_a_harmless_error() -> None:
    stage = Stage(source(UNREADABLE)).start()
    stage.complain(stage.last, "ERROR: Could not... couldn't set RLIMIT_MEMLOCK for bpftrace\nsome last words")
    stage.exit(stage.last, -6)
    complaint = stage.program.status.complaint
    assert complaint is not None
    assert complaint.title == "calls.bt: bpftrace was killed by SIGABRT"
    assert complaint.lines == ("some last words",)


def test_what_this_kernel_lacks_is_not_tried_where_there_is_a_fallback(tmp_path: Path) -> None:
    (tmp_path / "events" / "a" / "b").mkdir(parents=True)
    host = Host("host", "6.1", "x86_64", 2, tmp_path)
    stage = Stage(source("kprobe:f { @n[pid] = count(); }", "first.bt"), source(name="second.bt"), host=host).start()
    assert stage.last.candidate.source.name == "second.bt"
    assert "no kprobes" in stage.program.status.badges[0].why


def test_a_program_that_this_kernel_cannot_run_at_all_is_unavailable_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    stage = Stage(host=Host("host", "6.1", "x86_64", 2, tmp_path)).start()
    assert state(stage) is ProgramState.UNAVAILABLE
    assert not stage.launched
    assert complaint(stage) == "calls.bt: this kernel has no tracepoint a:b"


def test_a_script_with_one_of_its_probes_missing_is_left_to_bpftrace(tmp_path: Path) -> None:
    (tmp_path / "events" / "a" / "b").mkdir(parents=True)
    host = Host("host", "6.1", "x86_64", 2, tmp_path)
    stage = Stage(source(f"{COUNTS} tracepoint:a:missing {{ @n[pid] = count(); }}"), host=host).start()
    assert state(stage) is ProgramState.STARTING


def test_a_text_too_long_for_an_argument_is_not_tried() -> None:
    stage = Stage(source(f"// {'x' * 200_000}\n{COUNTS}")).start()
    assert state(stage) is ProgramState.UNAVAILABLE
    assert "too long" in complaint(stage)


def test_a_program_without_a_script_says_why_and_cannot_be_started() -> None:
    stage = Stage()
    stage.program._parts.sources = ()
    stage.program.refuse("x.bt:3: unknown field", stage.now)
    stage.start()
    assert state(stage) is ProgramState.FAILED
    assert complaint(stage) == "x.bt:3: unknown field"


def test_an_exec_failure_is_tried_again_with_the_same_text() -> None:
    stage = Stage().start()
    stage.program.on_failed(stage.last, "bpftrace: Too many open files", stage.now)
    assert state(stage) is ProgramState.RETRYING
    assert stage.program.status.reason == "bpftrace: Too many open files"
    stage.tick()
    assert stage.last.candidate.edited
    stage.beat(stage.last)
    assert state(stage) is ProgramState.LIVE


def test_an_exec_failure_of_the_next_leaves_the_current_running() -> None:
    stage = Stage()
    stage.go_live()
    change(stage)
    stage.program.on_failed(stage.last, "bpftrace: Too many open files", stage.now)
    assert state(stage) is ProgramState.LIVE
    assert complaint(stage)
    stage.tick()
    assert stage.living == [1, 3]


def test_a_start_that_hangs_is_ended_and_tried_again() -> None:
    stage = Stage().start()
    stage.tick(59)
    assert state(stage) is ProgramState.STARTING
    stage.tick(2)
    assert state(stage) is ProgramState.RETRYING
    assert stage.program.status.reason == "it did not attach within 61 s"
    assert list(stage.stopped) == [1]


def test_a_start_with_many_probes_may_take_longer() -> None:
    stage = Stage().start()
    stage.attached(stage.last, 361)
    stage.tick(300)
    assert state(stage) is ProgramState.STARTING


def test_the_pages_of_the_past_say_nothing_of_what_it_costs_now() -> None:
    stage = Stage()
    stage.go_live()
    then = stage.now
    stage.program.cost, stage.program.alarm = Cost(run=0.5), "above it"
    stage.beat(stage.last)
    stage.program.stop(stage.now)
    assert (stage.program.page().cost, stage.program.page().alarm) == (Cost(run=0.5), "above it")
    assert (stage.program.page(then).cost, stage.program.page(then).alarm) == (None, "")
