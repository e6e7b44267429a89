"""Five panes of 4,096 keys of which none was there before: the longest work of the screen between two keys.

A stall is one look at all panes, or one turn of those that are unfinished, as the board does it, with the drawing but
without the terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from tests.ui.scenes import SECOND, FakeEngine, printed_name

from benchmarks.flame import stacks_data
from benchmarks.options import Options
from benchmarks.table import Row, alone
from bttop.model.history.span import ChosenSpan, TimeSpan
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject, first_subject
from bttop.ui.board.pane_frame import FrameState, draw_pane
from bttop.ui.board.pane_turns import PaneTurns
from bttop.ui.garbage import begin_collecting
from bttop.ui.render.spans import UNICODE
from bttop.ui.views.base import ViewChoice

PANES: Final = 5
KEYS: Final = 4096
FLUSHES: Final = 8
_MEMORY: Final = 1 << 31
_STACKS: Final = "profile:hz:99 { @s[pid, comm, ustack] = count(); }"
_SIZES: Final = "kprobe:f { @s[pid, comm] = hist(arg2); }"


class _Pane:
    """A pane without its widget."""

    def __init__(self, fake: FakeEngine, model: PaneModel, view: str) -> None:
        self._fake, self._model, self._view = fake, model, view
        self._choice = ViewChoice()
        self._frame = FrameState(1, 80, 20, focused=True, divided=False, below=False, glyphs=UNICODE)

    def advance(self, at: int | None, chosen: ChosenSpan | None, *, reads: bool) -> None:
        self._model.advance(at, chosen, reads=reads)

    @property
    def unfinished(self) -> bool:
        return self._model.unfinished or self._model.is_behind

    def go_on(self, at: int | None, chosen: ChosenSpan | None) -> None:
        was_unfinished, model = self._model.unfinished, self._model
        has_news = model.catch_up() and not model.is_behind
        if not has_news and (not was_unfinished or model.goes_on_making()):
            return
        if has_news or not model.unfinished or model.advance(at, chosen):
            self.repaint()

    def repaint(self) -> None:
        self._model.begin_drawing()
        face = draw_pane(self._model, self._subject(), self._choice, self._frame, self._fake.now)
        self._choice = face.drawing.choice

    def _subject(self) -> Subject:
        found = self._model.subjects()
        named = (one for one in found if one.view is not None and one.view.name == self._view)
        return next(named, None) or first_subject(found, 80, 20)


class _Board:
    """Five panes that take turns."""

    def __init__(self, text: str, view: str = "") -> None:
        self.fake = FakeEngine(memory=_MEMORY)
        self._programs = [self.fake.add(f"p{number}", text) for number in range(PANES)]
        for program in self._programs:
            self.fake.attach(program)
        self._panes = cast(list[Pane], [_Pane(self.fake, PaneModel(one), view) for one in self._programs])
        self._turns = PaneTurns()

    def flush(self, kind: str, rows: Callable[[int], Mapping[str, Any]]) -> None:
        """Have each program print a flush; `rows` returns those of a program by its number."""
        for number, program in enumerate(self._programs):
            self.fake.flush(program, {"type": kind, "data": {printed_name(program, "@s"): rows(number)}}, seconds=0.2)

    def longest(self, at: int | None = None, chosen: ChosenSpan | None = None) -> float:
        """Show the newest moment, an earlier one or a span; return the longest stall in ms of CPU time."""
        stalls = [_ms(lambda: self._turns.advance(self._panes, at, chosen), lambda: self._turns.repaint(self._panes))]
        while self._turns.is_unfinished(self._panes):
            stalls.append(_ms(lambda: self._turns.go_on(self._panes, at, chosen)))
        return max(stalls)


def run(options: Options) -> Sequence[Row]:
    """Measure flushes that arrive, an earlier moment and a span."""
    count = max(3, min(FLUSHES, options.rounds))
    keys = [*stacks_data(PANES * KEYS * 2).rows.items()]
    begin_collecting()
    rows = []
    for view in ("flame", "stacks"):
        board = _Board(_STACKS, view)
        stalls = []
        for flush in range(count + 1):
            board.flush("map", lambda number, flush=flush: _part(keys, PANES * flush + number))  # type: ignore[misc]
            stalls.append(board.longest())
        # The first drawing of all imports what it needs.
        rows.append(alone(f"{view}, a flush of new stacks, longest stall in ms", stalls[1:], "{:.0f}"))
    span = ChosenSpan(TimeSpan(board.fake.now - 4 * SECOND, board.fake.now))
    rows.append(alone("stacks, 2 s earlier, ms", [board.longest(board.fake.now - 2 * SECOND)], "{:.0f}"))
    rows.append(alone("stacks, a span of 4 s, ms", [board.longest(span.span.end_ns, span)], "{:.0f}"))
    board = _Board(_SIZES)
    stalls = []
    for _ in range(count + 1):
        board.flush("hist", lambda number: _histograms(number))
        stalls.append(board.longest())
    rows.append(alone("histograms, a flush, longest stall in ms", stalls[1:], "{:.0f}"))
    span = ChosenSpan(TimeSpan(board.fake.now - 2 * SECOND, board.fake.now))
    rows.append(alone("histograms, a span of 2 s, ms", [board.longest(span.span.end_ns, span)], "{:.0f}"))
    return rows


def _part(keys: Sequence[tuple[str, Any]], number: int) -> Mapping[str, Any]:
    """The next KEYS rows, round and round."""
    begin = number * KEYS % len(keys)
    return dict(keys[begin : begin + KEYS])


def _histograms(number: int) -> Mapping[str, Any]:
    """One histogram of five buckets per process."""
    lows = [1 << power for power in range(3, 8)]
    return {
        f"{pid},java{number}": [{"min": low, "max": 2 * low - 1, "count": 1 + pid % low} for low in lows]
        for pid in range(KEYS)
    }


def _ms(*jobs: Callable[[], object]) -> float:
    begin = time.thread_time()
    for job in jobs:
        job()
    return (time.thread_time() - begin) * 1e3
