"""What Esc and Enter do now. The footer shows it, and the command for Esc does it, so that they agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import Struct

from bttop.ui.board.board import Board
from bttop.ui.board.pane import Pane
from bttop.ui.services.time_control import TimeControl


class BackStep(NamedTuple):
    """One step back."""

    text: str
    """What is on show after it, or what has gone, in one or two words."""
    run: Callable[[], object]


class KeyContext(Struct, frozen=True):
    """What decides which keys the footer shows, and what their words are."""

    is_past: bool = False
    """Whether an earlier moment or a recording is on show."""
    is_zoomed: bool = False
    """Whether one pane has the whole board."""
    is_flame: bool = False
    """Whether the focused pane is a flame graph, which has keys of its own."""
    can_zoom_out: bool = False
    """Whether Backspace returns to an earlier zoom of the flame graph."""
    enter: str = "row"
    """What Enter does, in one word."""
    back: str = ""
    """What Esc does, in one or two words; empty if it only shows the first rows."""


class NextSteps(Struct, frozen=True):
    """The next steps of the focused pane and of the screen."""

    board: Board
    time: TimeControl
    is_tracing: bool
    """Whether there is a live screen to return to; False in a recording."""

    def back(self) -> BackStep | None:
        """What Esc does now; None if there is nothing to go back from but the rows on screen."""
        return next(self._back_steps(), None) if self.board.panes else None

    def _back_steps(self) -> Iterator[BackStep]:
        pane, cursor = self.board.focused_pane, self.time.cursor
        yield from _of_the_view(pane)
        yield from row_steps(pane)
        if cursor.chosen is not None:
            yield BackStep("no span", self.time.end_span)
        if self.board.zoomed:
            yield BackStep("all panes", lambda: self.board.toggle_zoom(False))
        if self.is_tracing and cursor.at is not None:
            yield BackStep("live", self.time.end)

    def keys(self) -> KeyContext:
        """What decides about the keys of the footer."""
        back = self.back()
        return KeyContext(
            is_past=self.time.cursor.at is not None,
            is_zoomed=self.board.zoomed,
            is_flame=self.board.shows_flame,
            can_zoom_out=self.can_zoom_out,
            enter=self.enter,
            back="" if back is None else back.text,
        )

    @property
    def enter(self) -> str:
        """What Enter does now, in one word."""
        if not self.board.panes:
            return "row"
        pane = self.board.focused_pane
        if _takes_over(pane, "detail"):
            return "zoom"
        return "span" if _has_rectangle(pane) else "open" if _has_group(pane) else "row"

    @property
    def can_zoom_out(self) -> bool:
        """Whether Backspace returns to an earlier zoom of the flame graph."""
        return bool(self.board.panes) and _takes_over(self.board.focused_pane, "return")


def _takes_over(pane: Pane, command: str) -> bool:
    """Whether the view does something for a command now."""
    act = pane.drawing.acts.get(command)
    return act is not None and act() is not None


def _of_the_view(pane: Pane) -> Iterator[BackStep]:
    """The step that the view takes over."""
    if not _takes_over(pane, "back"):
        return
    text = "whole graph" if pane.drawing.plot is None else "no rectangle" if _has_rectangle(pane) else "no cursor"
    yield BackStep(text, lambda: pane.act("back"))


def row_steps(pane: Pane) -> Iterator[BackStep]:
    """The steps back of the pane's rows, the next one first."""
    choice = pane.choice
    if choice.needle:
        yield BackStep("no filter", pane.clear_filter)
    if choice.trend:
        yield BackStep("no trend", pane.close_trend)
    if choice.group or choice.inside is not None:
        yield BackStep("no groups" if choice.inside is None else "close group", lambda: _leave_group(pane))
    elif choice.all_rows and _folds_again(pane):
        yield BackStep("fold rows", lambda: _leave_group(pane))


def _leave_group(pane: Pane) -> None:
    from bttop.ui.board.groups.row_groups import leave_group  # needed once rows are grouped

    leave_group(pane)


def _folds_again(pane: Pane) -> bool:
    """Whether rows of short-lived processes would be folded if they were not all shown."""
    return pane.model.page.pin is None and bool(pane.model.short_lived.names(pane.subject.map))


def _has_rectangle(pane: Pane) -> bool:
    return pane.drawing.plot is not None and pane.choice.cell.from_ns is not None


def _has_group(pane: Pane) -> bool:
    """Whether the row under the cursor stands for several."""
    if pane.drawing.plot is not None or not (pane.choice.group or pane.drawing.folded):
        return False
    from bttop.ui.board.groups.row_groups import group_reason  # needed once rows are grouped

    return bool(group_reason(pane))
