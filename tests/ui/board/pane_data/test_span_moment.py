"""A pane shows a span: its flushes as one long interval."""

from __future__ import annotations

import pytest

from bttop.model.history.span import BucketRange, ChosenSpan, TimeSpan
from bttop.ui.board.frame.span_text import span_notes
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.render.spans import UNICODE, plain
from bttop.ui.views.base import ViewChoice
from tests.ui.scenes import SECOND, START, FakeEngine, calls, printed_name

CALLS = "profile:hz:99 { @calls[pid, comm] = count(); }"
SIZES = "kprobe:vfs_read { @size[comm] = hist(arg2); }"


@pytest.fixture
def model() -> PaneModel:
    """One program that flushed {java: 1, last: n} in the n-th second, 30 times."""
    fake = FakeEngine()
    program = fake.add("calls", CALLS)
    fake.attach(program)
    for count in range(1, 31):
        fake.flush(program, calls(program, {"1,java": 1, f"{count},last": count}))
    return PaneModel(program)


def show(model: PaneModel, first: int, last: int, **more: object) -> None:
    """Show the flushes of these seconds, and read until everything is there."""
    chosen = ChosenSpan(TimeSpan(START + (first - 1) * SECOND, START + last * SECOND), **more)  # type: ignore[arg-type]
    model.advance(chosen.span.end_ns, chosen)
    while model.unfinished:
        model.advance(chosen.span.end_ns, chosen)


def drawn(model: PaneModel, width: int = 100) -> list[str]:
    frame = FrameState(1, width, 8, focused=True, divided=False, below=False, glyphs=UNICODE)
    face = draw_pane(model, model.subjects()[0], ViewChoice(), frame, START + 10 * SECOND)
    return [plain(line).rstrip() for line in face.lines]


def test_a_pane_shows_the_flushes_of_a_span_as_one(model: PaneModel) -> None:
    show(model, 5, 8)
    assert model.data("@calls").rows == {"1,java": 4, "5,last": 5, "6,last": 6, "7,last": 7, "8,last": 8}
    lines = drawn(model)
    assert "4 flushes, 4s · 7.5/s" in lines[0]
    assert lines[2].split()[:3] == ["2", "8", "last"]
    assert model.looks_back


def test_the_trends_of_a_span_are_those_of_its_flushes(model: PaneModel) -> None:
    show(model, 5, 8)
    assert model.trend("@calls").values("1,java") == [1, 1, 1, 1]
    assert model.trend("@calls").values("6,last") == [0, 6, 0, 0]


def test_a_span_follows_a_span_and_the_newest_flush_returns(model: PaneModel) -> None:
    show(model, 5, 8)
    show(model, 6, 6)
    assert model.data("@calls").rows == {"1,java": 1, "6,last": 6}
    model.advance(START + 3 * SECOND)
    assert model.data("@calls").rows == {"1,java": 1, "3,last": 3}
    show(model, 5, 8)
    model.advance()
    assert not model.looks_back
    assert model.data("@calls").rows == {"1,java": 1, "30,last": 30}


def test_a_span_without_a_flush_says_so(model: PaneModel) -> None:
    show(model, 500, 600)
    assert model.flush is None
    assert drawn(model)[1] == " no flush in this span"


def test_a_span_that_is_being_read_says_how_far(model: PaneModel, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(1000))
    monkeypatch.setattr("bttop.ui.board.pane_data.span_moment.thread_time", lambda: 0.0)
    monkeypatch.setattr("bttop.ui.board.pane_data.merged_maps.thread_time", lambda: 0.001 * next(times))
    chosen = ChosenSpan(TimeSpan(START, START + 20 * SECOND))
    model.advance(chosen.span.end_ns, chosen)
    notes = [span.text for span in span_notes(model, "@calls")]
    assert notes == ["1 of 20 flushes read", "1 flush, 1s"]
    assert model.unfinished


def test_a_range_of_values_limits_a_map_to_the_keys_that_have_events_in_it() -> None:
    fake = FakeEngine()
    program = fake.add("size", SIZES)
    fake.attach(program)
    slow, fast = [{"min": 8, "max": 15, "count": 3}], [{"min": 1, "max": 1, "count": 9}]
    for _ in range(3):
        name = printed_name(program, "@size")
        plan = program.plan.maps["@size"]
        if plan.numbered is not None:
            fake.flush(program, {"type": "map", "data": {name: {"slow,5": 3, "fast,2": 9}}})
        else:
            fake.flush(program, {"type": "hist", "data": {name: {"slow": slow, "fast": fast}}})
    model = PaneModel(program)
    show(model, 1, 3)
    assert set(model.data("@size").rows) == {"slow", "fast"}
    show(model, 1, 3, program=program, map="@size", buckets=BucketRange(4, 100))
    assert set(model.data("@size").rows) == {"slow"}
    assert "only [4, 101)" in drawn(model)[0]
    show(model, 1, 3, program=object(), map="@size", buckets=BucketRange(4, 100))
    assert set(model.data("@size").rows) == {"slow", "fast"}
