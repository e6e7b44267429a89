"""Which panes go on reading."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.ui.board.pane import Pane
from tests.ui.board.test_quiet import FRAME, NIGHT
from tests.ui.scenes import START, FakeEngine, calls

STACKS = "profile:hz:99 { @s[pid, comm, ustack] = count(); }"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Each piece of reading makes one step."""
    times = iter(range(1_000_000))
    monkeypatch.setattr("bttop.ui.board.pane_data.merged_maps.thread_time", lambda: float(next(times) + 10**9))
    return FakeEngine()


def pane_of(fake: FakeEngine) -> Pane:
    """A pane of a program that has flushed three times; it has taken the first flushes."""
    program = fake.add("stacks", STACKS)
    fake.attach(program)
    pane = Pane(program, FRAME, NIGHT)
    for _ in range(3):
        fake.flush(program, calls(program, {"7,java,\n    f+1\n": 1}, "@s"))
        pane.advance()
    pane.repaint()
    return pane


def flush(fake: FakeEngine, pane: Pane) -> None:
    """A flush that takes several steps to be shown."""
    rows = {f"7,java,\n    f{number}+1\n": 2 for number in range(2000)}
    fake.flush(pane.program, calls(pane.program, rows, "@s"))  # type: ignore[arg-type]


def goes_on(pane: Pane) -> bool:
    return pane.unfinished


def test_a_flush_that_waits_is_shown_in_steps_but_not_while_the_display_is_held(fake: FakeEngine) -> None:
    pane = pane_of(fake)
    flush(fake, pane)
    pane.advance()
    assert goes_on(pane)
    pane.set_frame(replace(pane.frame, held=True))
    assert not goes_on(pane)
    pane.go_on(None, None)
    assert len(pane.model.data("@s").rows) == 1
    pane.set_frame(replace(pane.frame, held=False))
    while goes_on(pane):
        pane.go_on(None, None)
    assert len(pane.model.data("@s").rows) == 2000


def test_a_hidden_pane_does_not_go_on_reading_a_span(fake: FakeEngine) -> None:
    pane = pane_of(fake)
    chosen = ChosenSpan(TimeSpan(START, fake.now))
    pane.advance(chosen.span.end_ns, chosen)
    assert goes_on(pane)
    pane.set_frame(replace(pane.frame, width=0))
    assert not goes_on(pane)
    pane.set_frame(replace(pane.frame, width=80))
    while goes_on(pane):
        pane.go_on(chosen.span.end_ns, chosen)
    assert pane.model.data("@s").rows == {"7,java,\n    f\n": 3}
