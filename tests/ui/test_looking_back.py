"""What a pane shows of an earlier moment: the flush, the trend, the log, the state and the script of then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bttop.engine.generation.source import Source
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import from_text
from bttop.model.history.history import History
from bttop.ui.board.frame.script_text import script_lines
from bttop.ui.board.pane_data.flush_accumulator import WINDOW
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.views.base import ViewChoice
from tests.model.samples import SECOND
from tests.store.made import at
from tests.ui.recorded import minutes, replay
from tests.ui.scenes import START, FakeEngine, calls, text_of

CALLS = "profile:hz:99 { @calls[pid, comm] = count(); }"
PRINTS = 'profile:hz:99 { printf("%s\\n", comm); }'


def row(model: PaneModel, name: str = "@calls") -> Mapping[str, object]:
    return model.data(name).rows


def look(model: PaneModel, at: int) -> None:
    """Go to a moment, and read until everything is there."""
    model.advance(at)
    while model.unfinished:
        model.advance(at)


def state(model: PaneModel) -> ProgramState:
    return model.status.state


def face(model: PaneModel, now: int, width: int = 60) -> str:
    frame = FrameState(1, width, 8, focused=True, divided=False, below=False, glyphs=UNICODE)
    return "\n".join(plain(line) for line in draw_pane(model, model.subjects()[0], ViewChoice(), frame, now).lines)


@pytest.fixture
def fake() -> FakeEngine:
    """One program that flushed {java: 1} in the first second, {java: 2} in the second, ... 200 times."""
    fake = FakeEngine()
    program = fake.add("calls", CALLS)
    fake.attach(program)
    for count in range(1, 201):
        fake.flush(program, calls(program, {"1,java": count}))
    return fake


def moment(flush: int) -> int:
    return START + flush * SECOND


def test_a_pane_shows_the_flush_of_a_moment_and_returns_to_the_newest(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    model = PaneModel(program)
    model.advance()
    assert row(model) == {"1,java": 200}
    for flush in (150, 151, 140, 3, 199):
        look(model, moment(flush) + SECOND // 2)
        assert model.looks_back
        assert row(model) == {"1,java": flush}
    fake.flush(program, calls(program, {"1,java": 201}))
    look(model, moment(199))
    assert row(model) == {"1,java": 199}
    model.advance()
    assert not model.looks_back
    assert row(model) == {"1,java": 201}


@pytest.mark.parametrize("way", [(90,), (80, 85, 90), (120, 90), (30, 90)])
def test_a_trend_is_the_minute_before_the_moment_however_one_came_there(fake: FakeEngine, way: tuple[int, ...]) -> None:
    model = PaneModel(fake.engine.programs[0])
    for flush in way:
        look(model, moment(flush))
    assert list(model.trend("@calls").values("1,java"))[-WINDOW:] == list(range(91 - WINDOW, 91))


def test_the_live_trend_goes_on_behind_a_look_back(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    model = PaneModel(program)
    model.advance()
    for count in range(201, 300):
        fake.flush(program, calls(program, {"1,java": count}))
        look(model, moment(5))
    assert row(model) == {"1,java": 5}
    model.advance()
    assert list(model.trend("@calls").values("1,java")) == list(range(240, 300))


def test_the_flush_is_there_at_once_and_its_trend_when_it_is_whole(
    fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = PaneModel(fake.engine.programs[0])
    monkeypatch.setattr("bttop.ui.board.pane_data.past_moment.AT_ONCE", -1.0)
    model.advance(moment(90))
    assert model.unfinished
    assert row(model) == {"1,java": 90}
    assert list(model.trend("@calls").values("1,java")) == [90]
    model.advance(moment(91))
    model.advance(moment(95))
    assert row(model) == {"1,java": 95}
    monkeypatch.undo()
    look(model, moment(95))
    assert list(model.trend("@calls").values("1,java"))[-WINDOW:] == list(range(96 - WINDOW, 96))


def test_before_the_first_flush_a_pane_says_when_it_comes(fake: FakeEngine) -> None:
    model = PaneModel(fake.engine.programs[0])
    look(model, moment(0) - SECOND)
    assert model.flush is None
    assert "nothing yet; first flush " in face(model, moment(0))


def test_where_older_flushes_are_gone_a_pane_says_from_when_they_are_kept() -> None:
    fake = FakeEngine()
    program = fake.add("calls", CALLS)
    program.history = History(6_000)
    for count in range(1, 301):
        fake.flush(program, calls(program, {"1,java": count}))
    assert program.history.dropped
    model = PaneModel(program)
    look(model, moment(2))
    assert f"{program.history.dropped} older flushes are not kept" in face(model, moment(2))
    model.advance()
    assert f"{program.history.dropped} older ones are not kept" in text_of(state_lines(model, 100))


def test_the_state_of_then_is_shown_and_not_that_of_now(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    fake.tick(30)
    model = PaneModel(program)
    model.advance()
    assert state(model) is ProgramState.SILENT
    look(model, moment(100))
    assert state(model) is ProgramState.LIVE
    assert "silent" not in face(model, moment(100))
    look(model, fake.now)
    assert state(model) is ProgramState.SILENT


def test_the_script_and_the_plan_are_those_of_then(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    other: tuple[Source, ...] = from_text("calls", "profile:hz:99 { @hits[comm] = count(); }").sources
    program.reload(other, fake.now)
    fake.flush(program, calls(program, {"java": 7}, "@hits"))
    fake.flush(program, calls(program, {"java": 7}, "@hits"))
    model = PaneModel(program)
    model.advance()
    assert "@hits" in text_of(script_lines(model, 80))
    look(model, moment(100))
    assert list(model.page.plan.maps) == ["@calls"]
    assert "@hits" not in text_of(script_lines(model, 80))
    assert "@calls[pid, comm] = count()" in text_of(state_lines(model, 80))


def test_the_log_ends_at_the_moment_and_reaches_back_beyond_the_last_minute() -> None:
    fake = FakeEngine()
    program = fake.add("log", PRINTS)
    fake.attach(program)
    for count in range(1, 201):
        fake.flush(program, {"type": "printf", "data": f"line {count}\n"})
    model = PaneModel(program)
    model.advance()
    look(model, moment(150))
    assert model.log.lines[-1] == "line 150"
    assert "line 20" in model.log.lines
    look(model, moment(151))
    assert model.log.lines[-1] == "line 151"
    assert len(model.log.lines) == len(set(model.log.lines))


def test_a_recording_is_followed_by_the_same_feed(tmp_path: Path) -> None:
    session = replay(minutes(tmp_path / "s.bttop"))
    calls_feed, late = map(PaneModel, session.programs)
    for seconds in (50, 51, 20, 5):
        look(calls_feed, at(seconds).boot_ns)
        assert row(calls_feed) == {f"{1000 + seconds},calls-{seconds}": seconds}
    look(late, at(5).boot_ns)
    assert "nothing yet; first flush" in face(late, at(5).boot_ns)
    look(late, at(62).boot_ns)
    assert state(late) is ProgramState.SILENT
    assert "no heartbeat for 8 s" in face(late, at(62).boot_ns)
    look(late, at(59).boot_ns)
    assert state(late) is ProgramState.LIVE
