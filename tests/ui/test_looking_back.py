"""What a pane shows of an earlier moment: the flush, the trend, the log, the state and the script of then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bttop.engine.attempts import Source
from bttop.engine.questions import from_text
from bttop.engine.status import State
from bttop.model.history import History
from bttop.ui.face import Frame, draw_pane
from bttop.ui.pages import badge_lines
from bttop.ui.scripttext import script_lines
from bttop.ui.spans import UNICODE, plain
from bttop.ui.subject import WINDOW, Feed
from bttop.ui.views.base import Choice
from tests.model.samples import SECOND
from tests.store.made import at
from tests.ui.recorded import minutes, replay
from tests.ui.scenes import START, FakeEngine, calls, text_of

CALLS = "profile:hz:99 { @calls[pid, comm] = count(); }"
PRINTS = 'profile:hz:99 { printf("%s\\n", comm); }'


def row(feed: Feed, name: str = "@calls") -> Mapping[str, object]:
    return feed.data(name).rows


def state(feed: Feed) -> State:
    return feed.status.state


def face(feed: Feed, now: int, width: int = 60) -> str:
    frame = Frame(1, width, 8, focused=True, divided=False, below=False, glyphs=UNICODE)
    return "\n".join(plain(line) for line in draw_pane(feed, feed.subjects()[0], Choice(), frame, now).lines)


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
    feed = Feed(program)
    feed.advance()
    assert row(feed) == {"1,java": 200}
    for flush in (150, 151, 140, 3, 199):
        feed.advance(moment(flush) + SECOND // 2)
        assert feed.looks_back
        assert row(feed) == {"1,java": flush}
    fake.flush(program, calls(program, {"1,java": 201}))
    feed.advance(moment(199))
    assert row(feed) == {"1,java": 199}
    feed.advance()
    assert not feed.looks_back
    assert row(feed) == {"1,java": 201}


@pytest.mark.parametrize("way", [(90,), (80, 85, 90), (120, 90), (30, 90)])
def test_a_trend_is_the_minute_before_the_moment_however_one_came_there(fake: FakeEngine, way: tuple[int, ...]) -> None:
    feed = Feed(fake.engine.programs[0])
    for flush in way:
        feed.advance(moment(flush))
    assert list(feed.trend("@calls").values("1,java"))[-WINDOW:] == list(range(91 - WINDOW, 91))


def test_the_live_trend_goes_on_behind_a_look_back(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    feed = Feed(program)
    feed.advance()
    for count in range(201, 300):
        fake.flush(program, calls(program, {"1,java": count}))
        feed.advance(moment(5))
    assert row(feed) == {"1,java": 5}
    feed.advance()
    assert list(feed.trend("@calls").values("1,java")) == list(range(240, 300))


def test_before_the_first_flush_a_pane_says_when_it_comes(fake: FakeEngine) -> None:
    feed = Feed(fake.engine.programs[0])
    feed.advance(moment(0) - SECOND)
    assert feed.flush is None
    assert "nothing yet; first flush " in face(feed, moment(0))


def test_where_older_flushes_are_gone_a_pane_says_from_when_they_are_kept() -> None:
    fake = FakeEngine()
    program = fake.add("calls", CALLS)
    program.history = History(6_000)
    for count in range(1, 301):
        fake.flush(program, calls(program, {"1,java": count}))
    assert program.history.dropped
    feed = Feed(program)
    feed.advance(moment(2))
    assert f"{program.history.dropped} older flushes are gone" in face(feed, moment(2))
    feed.advance()
    assert f"{program.history.dropped} older ones are not kept" in text_of(badge_lines(feed, 100))


def test_the_state_of_then_is_shown_and_not_that_of_now(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    fake.tick(30)
    feed = Feed(program)
    feed.advance()
    assert state(feed) is State.SILENT
    feed.advance(moment(100))
    assert state(feed) is State.LIVE
    assert "silent" not in face(feed, moment(100))
    feed.advance(fake.now)
    assert state(feed) is State.SILENT


def test_the_script_and_the_plan_are_those_of_then(fake: FakeEngine) -> None:
    program = fake.engine.programs[0]
    other: tuple[Source, ...] = from_text("calls", "profile:hz:99 { @hits[comm] = count(); }").sources
    program.reload(other, fake.now)
    fake.flush(program, calls(program, {"java": 7}, "@hits"))
    fake.flush(program, calls(program, {"java": 7}, "@hits"))
    feed = Feed(program)
    feed.advance()
    assert "@hits" in text_of(script_lines(feed, 80))
    feed.advance(moment(100))
    assert list(feed.page.plan.maps) == ["@calls"]
    assert "@hits" not in text_of(script_lines(feed, 80))
    assert "@calls[pid, comm] = count()" in text_of(badge_lines(feed, 80))


def test_the_log_ends_at_the_moment_and_reaches_back_beyond_the_last_minute() -> None:
    fake = FakeEngine()
    program = fake.add("log", PRINTS)
    fake.attach(program)
    for count in range(1, 201):
        fake.flush(program, {"type": "printf", "data": f"line {count}\n"})
    feed = Feed(program)
    feed.advance()
    feed.advance(moment(150))
    assert feed.log.lines[-1] == "line 150"
    assert "line 20" in feed.log.lines
    feed.advance(moment(151))
    assert feed.log.lines[-1] == "line 151"
    assert len(feed.log.lines) == len(set(feed.log.lines))


def test_a_recording_is_followed_by_the_same_feed(tmp_path: Path) -> None:
    session = replay(minutes(tmp_path / "s.bttop"))
    calls_feed, late = map(Feed, session.programs)
    for seconds in (50, 51, 20, 5):
        calls_feed.advance(at(seconds).boot_ns)
        assert row(calls_feed) == {f"{1000 + seconds},calls-{seconds}": seconds}
    late.advance(at(5).boot_ns)
    assert "nothing yet; first flush" in face(late, at(5).boot_ns)
    late.advance(at(62).boot_ns)
    assert state(late) is State.SILENT
    assert "no heartbeat for 8 s" in face(late, at(62).boot_ns)
    late.advance(at(59).boot_ns)
    assert state(late) is State.LIVE
