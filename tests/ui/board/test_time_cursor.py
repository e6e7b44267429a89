"""The one time cursor: steps, times, both ends, and playing, over a recording and over programs that run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bttop.engine.tracer.stop_detector import LATE_NS
from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.model.record.records import Stamp
from bttop.ui.board.board import Board
from bttop.ui.board.time_cursor import SPEEDS, TimeCursor
from bttop.ui.render.spans import UNICODE
from bttop.ui.services import time_control
from bttop.ui.services.screen_access import ScreenAccess
from tests.model.samples import SECOND
from tests.store.made import BOOT, WALL
from tests.ui.recorded import minutes, replay
from tests.ui.scenes import FakeEngine, calls

END = BOOT + 100 * SECOND


@pytest.fixture
def clock(tmp_path: Path) -> TimeCursor:
    """Over a recording of a hundred seconds; it stands at the end."""
    return TimeCursor(replay(minutes(tmp_path / "s.bttop")))


def since(clock: TimeCursor) -> float:
    """Seconds of the recording at which it stands."""
    assert clock.at is not None
    return (clock.at - BOOT) / SECOND


def local(seconds: float) -> str:
    return f"{datetime.fromtimestamp(WALL / 1e9 + seconds):%H:%M:%S}"


def test_a_step_is_a_flush_of_the_program_it_is_asked_of(clock: TimeCursor) -> None:
    first, second = (program.history for program in clock._session.programs)
    assert clock.step(first, -1) == ""
    assert since(clock) == 99
    clock.step(first, -10)
    assert since(clock) == 89
    clock.step(first, 1)
    assert since(clock) == 90
    clock.step(second, -1000)
    assert since(clock) == 11
    clock.step(first, -1)
    assert since(clock) == 10


def test_a_step_past_either_end_stays_there_and_says_so(clock: TimeCursor) -> None:
    history = clock._session.programs[0].history
    assert clock.step(history, 1) == "the recording ends here"
    assert clock.step(history, -1000) == f"history begins at {local(1)}"
    assert since(clock) == 1
    assert clock.step(history, -1) == f"history begins at {local(1)}"
    assert clock.step(history, 1000) == "the recording ends here"
    assert clock.at == END


def test_from_between_two_flushes_a_step_goes_to_the_next_one(clock: TimeCursor) -> None:
    history = clock._session.programs[0].history
    clock.show(BOOT + round(50.5 * SECOND))
    clock.step(history, 1)
    assert since(clock) == 51
    clock.show(BOOT + round(50.5 * SECOND))
    clock.step(history, -1)
    assert since(clock) == 49


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("-5s", 95), ("-1m", 40), ("+1h", 100), ("-1h", 1), (local(42), 42), (local(1), 1)],
)
def test_go_takes_times_of_day_and_steps_from_here(clock: TimeCursor, text: str, seconds: float) -> None:
    clock.go(text)
    assert since(clock) == seconds


def test_steps_in_time_are_from_the_moment_on_show(clock: TimeCursor) -> None:
    clock.go("-60s")
    clock.go("-10s")
    assert since(clock) == 30
    clock.go("+5s")
    assert since(clock) == 35


@pytest.mark.parametrize("text", ["soon", "25:00", "-5 parsecs", "--", "12:00 yesterday"])
def test_what_is_no_time_moves_nothing(clock: TimeCursor, text: str) -> None:
    assert "is not a time" in clock.go(text)
    assert clock.at == END


def test_playing_passes_as_fast_as_told_and_ends_at_the_end(clock: TimeCursor) -> None:
    clock.to_start()
    assert clock.pass_by(5) == ""
    assert since(clock) == 1
    assert clock.play() == "playing at 1x"
    clock.pass_by(5)
    assert since(clock) == 6
    assert clock.faster(1) == "speed 2x"
    clock.pass_by(5)
    assert since(clock) == 16
    for _ in SPEEDS:
        clock.faster(1)
    assert clock.speed == 60
    assert clock.pass_by(1) == ""
    assert since(clock) == 76
    assert clock.pass_by(1) == "the recording ends here"
    assert clock.at == END
    assert not clock.playing
    for _ in SPEEDS:
        clock.faster(-1)
    assert clock.speed == 1


def test_play_at_the_end_begins_again_and_any_step_pauses(clock: TimeCursor) -> None:
    clock.play()
    assert since(clock) == 1
    assert clock.playing
    clock.step(clock._session.programs[0].history, 1)
    assert since(clock) == 2
    assert clock.play() == "playing at 1x"
    assert clock.play() == "paused"


def test_of_programs_that_run_the_newest_moment_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEngine()
    program = fake.add("calls", "profile:hz:99 { @calls[pid, comm] = count(); }")
    monkeypatch.setattr(TimeCursor, "newest", property(lambda _: Stamp(fake.now, 0)))
    clock = TimeCursor(fake.engine)
    assert clock.step(program.history, -1) == "no flush yet"
    fake.attach(program)
    for count in range(1, 6):
        fake.flush(program, calls(program, {"1,java": count}))
    assert clock.step(program.history, 1) == "live"
    clock.step(program.history, -1)
    assert clock.moment == fake.now - SECOND
    fake.flush(program, calls(program, {"1,java": 6}))
    clock.step(program.history, 1)
    clock.step(program.history, 1)
    assert clock.moment == fake.now
    assert clock.step(program.history, 1) == "live"
    assert clock.at is None
    assert clock.play() == "already live"
    assert not clock.playing


def test_playing_catches_up_with_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEngine()
    program = fake.add("calls", "profile:hz:99 { @calls[pid, comm] = count(); }")
    monkeypatch.setattr(TimeCursor, "newest", property(lambda _: Stamp(fake.now, 0)))
    clock = TimeCursor(fake.engine)
    for count in range(1, 6):
        fake.flush(program, calls(program, {"1,java": count}))
    clock.step(program.history, -3)
    clock.play()
    clock.faster(1)
    assert clock.pass_by(1) == ""
    assert clock.pass_by(1) == "live"
    assert clock.at is None


def test_a_recording_does_not_play_while_bttop_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 0.5, 20.5])
    monkeypatch.setattr(time_control, "monotonic", lambda: next(moments))
    session = replay(minutes(tmp_path / "s.bttop"))
    nothing = SimpleNamespace()
    time = time_control.TimeControl(session, cast(Board, nothing), UNICODE, list, cast(ScreenAccess, nothing))
    cursor = time.cursor
    cursor.at, cursor.playing = BOOT, True
    time.pass_by()
    assert since(cursor) == 0.5
    time.pass_by()
    assert since(cursor) == 0.5 + LATE_NS / SECOND


# Spans.


def span_of(clock: TimeCursor) -> tuple[float, float]:
    """Begin and end of the span on show, in seconds of the recording."""
    assert clock.chosen is not None
    assert clock.at == clock.chosen.span.end_ns
    return (clock.chosen.span.begin_ns - BOOT) / SECOND, (clock.chosen.span.end_ns - BOOT) / SECOND


def test_a_typed_span_is_shown_and_ended(clock: TimeCursor) -> None:
    clock.step(clock._session.programs[0].history, -10)
    told = clock.go(f"{local(20)}..{local(50)}")
    assert told == "all panes show 30s; Esc ends the span, [ ] and { } move it"
    assert [round(one) for one in span_of(clock)] == [20, 50]
    clock.end_span()
    assert (clock.chosen, since(clock)) == (None, 90)


@pytest.mark.parametrize("text", ["3..", "..nonsense", "+50s..+40s", "-1s..-5s"])
def test_a_bad_span_changes_nothing(clock: TimeCursor, text: str) -> None:
    before = clock.at
    assert clock.go(text)
    assert (clock.at, clock.chosen) == (before, None)


def test_a_span_moves_by_a_flush_and_by_its_own_length(clock: TimeCursor) -> None:
    history = clock._session.programs[0].history
    clock.show_span(ChosenSpan(TimeSpan(BOOT + 40 * SECOND, BOOT + 50 * SECOND)))
    assert clock.step(history, -1) == ""
    assert span_of(clock) == (39, 49)
    clock.step(history, 10)
    assert span_of(clock) == (49, 59)
    clock.step(history, -10)
    clock.step(history, 1)
    assert span_of(clock) == (40, 50)
    for _ in range(9):
        clock.step(history, 10)
    assert clock.step(history, 10) == "there is no flush beyond this span"
    assert span_of(clock) == (90, 100)
    for _ in range(12):
        clock.step(history, -10)
    assert span_of(clock) == (0, 10)


def test_a_span_grows_and_shrinks_by_flushes(clock: TimeCursor) -> None:
    history = clock._session.programs[0].history
    clock.step(history, -50)
    clock.extend_span(history, -1)
    clock.extend_span(history, -1)
    assert span_of(clock) == (47, 50)
    for _ in range(5):
        clock.extend_span(history, 1)
    assert span_of(clock) == (49, 50)
    assert "history begins at" in clock.extend_span(history, -500)
    assert span_of(clock) == (0, 50)


def test_whatever_else_moves_in_time_ends_a_span(clock: TimeCursor) -> None:
    span = ChosenSpan(TimeSpan(BOOT + 40 * SECOND, BOOT + 50 * SECOND))
    for move in (clock.to_start, clock.to_end, lambda: clock.go("-5s"), lambda: clock.show(BOOT)):
        clock.show_span(span)
        move()
        assert clock.chosen is None
    clock.show_span(span)
    assert clock.play() == "playing at 1x"
    assert (clock.chosen, since(clock)) == (None, 40)
