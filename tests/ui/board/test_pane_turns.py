"""Panes with much to do take turns."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bttop.ui.board import pane_turns
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_turns import TURN_SECONDS, PaneTurns


class Clock:
    """CPU time that passes when a pane uses it."""

    def __init__(self) -> None:
        self.now = 0.0


class BusyPane:
    """Uses some seconds for each thing that it does."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.unfinished = True
        self.did: list[str] = []

    def advance(self, _at: int | None, _chosen: Any, *, reads: bool) -> None:
        self.did.append("read" if reads else "put off")
        self.clock.now += self.seconds * reads

    def repaint(self) -> None:
        self.did.append("paint")
        self.clock.now += self.seconds

    def go_on(self, _at: int | None, _chosen: Any) -> None:
        self.did.append("go on")
        self.clock.now += self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(pane_turns, "thread_time", lambda: found.now)
    return found


def busy(clock: Clock, seconds: float) -> list[Pane]:
    return [cast(Pane, BusyPane(clock, seconds)) for _ in range(5)]


def did(panes: list[Pane]) -> list[list[str]]:
    """What each pane did since the last call."""
    found = []
    for pane in cast(list[BusyPane], panes):
        found.append(pane.did)
        pane.did = []
    return found


def test_panes_go_on_one_after_the_other_and_none_is_passed_over(clock: Clock) -> None:
    panes, turns = busy(clock, TURN_SECONDS * 0.6), PaneTurns()
    asked = []
    for _ in range(5):
        begin = clock.now
        turns.go_on(panes, None, None)
        assert clock.now - begin < 2 * TURN_SECONDS
        asked += [number for number, one in enumerate(did(panes)) if one]
    assert sorted(asked) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_pane_for_which_no_time_is_left_reads_in_its_turn(clock: Clock) -> None:
    panes, turns = busy(clock, TURN_SECONDS), PaneTurns()
    turns.advance(panes, 7, None)
    assert did(panes) == [["read"], ["put off"], ["put off"], ["put off"], ["put off"]]


def test_panes_that_take_long_to_draw_are_painted_in_turn(clock: Clock) -> None:
    panes, turns = busy(clock, TURN_SECONDS * 0.8), PaneTurns()
    for pane in cast(list[BusyPane], panes):
        pane.unfinished = False
    turns.repaint(panes)
    assert did(panes) == [["paint"]] * 5, "how long they take is not known yet"
    assert not turns.is_unfinished(panes)
    begin = clock.now
    turns.repaint(panes)
    assert clock.now - begin <= TURN_SECONDS and turns.is_unfinished(panes)
    while turns.is_unfinished(panes):
        turns.go_on(panes, None, None)
    assert did(panes) == [["paint"]] * 5


def test_panes_that_are_drawn_fast_are_painted_at_once(clock: Clock) -> None:
    panes, turns = busy(clock, pane_turns.LIGHT * 0.9), PaneTurns()
    panes += busy(clock, pane_turns.LIGHT * 0.9) + busy(clock, pane_turns.LIGHT * 0.9)
    for _ in range(2):
        turns.repaint(panes)
        assert did(panes) == [["paint"]] * 15
