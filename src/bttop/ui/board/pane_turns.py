"""Panes with much to read, to make or to draw take turns: keys are handled in between."""

from __future__ import annotations

from collections.abc import Sequence
from time import thread_time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bttop.model.history.span import ChosenSpan
    from bttop.ui.board.pane import Pane

TURN_SECONDS: Final = 0.02
"""Seconds of CPU time after which no further pane reads or makes something before keys are handled."""
LIGHT: Final = 0.004
"""Seconds of CPU time of a drawing up to which a pane is always painted at once."""


class PaneTurns:
    """Which panes are next."""

    def __init__(self) -> None:
        self._last: Pane | None = None
        self._unpainted: list[Pane] = []
        self._took: dict[Pane, float] = {}
        """Seconds of CPU time of the last drawing of each pane."""

    def advance(self, panes: Sequence[Pane], at: int | None, chosen: ChosenSpan | None) -> None:
        """Let all panes advance; those for which no time is left read in their turn."""
        stop = thread_time() + TURN_SECONDS
        for pane in panes:
            pane.advance(at, chosen, reads=thread_time() < stop)

    def repaint(self, panes: Sequence[Pane]) -> None:
        """Paint all panes; those for which no time is left are painted in their turn."""
        stop = thread_time() + TURN_SECONDS
        self._took = {pane: self._took.get(pane, 0.0) for pane in panes}
        self._unpainted.clear()
        for pane in panes:
            took = self._took[pane]
            if took > LIGHT and thread_time() + took > stop:
                self._unpainted.append(pane)
            else:
                self._paint(pane)

    def _paint(self, pane: Pane) -> None:
        begin = thread_time()
        pane.repaint()
        self._took[pane] = thread_time() - begin

    def is_unfinished(self, panes: Sequence[Pane]) -> bool:
        """Whether a pane is still to be painted, or reads or makes what it shows, or what it will show next."""
        return any(pane.unfinished or pane in self._unpainted for pane in panes)

    def go_on(self, panes: Sequence[Pane], at: int | None, chosen: ChosenSpan | None) -> None:
        """Let the next panes go on until TURN_SECONDS have passed; `at` and `chosen` are those of `Pane.go_on`."""
        stop = thread_time() + TURN_SECONDS
        after = panes.index(self._last) + 1 if self._last in panes else 0
        for pane in [*panes[after:], *panes[:after]]:
            if pane in self._unpainted:
                self._unpainted.remove(pane)
                self._paint(pane)
            elif pane.unfinished:
                pane.go_on(at, chosen)
            else:
                continue
            self._last = pane
            if thread_time() >= stop:
                return
