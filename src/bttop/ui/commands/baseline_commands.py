"""Commands for the baseline: choose it, and show what changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bttop.model.format.text import visible
from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.services.baselines import Comparison
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.model.flush.contents import MapData
    from bttop.store.compare.changes import Moved
    from bttop.store.snapshot.recording_events import MarkSet
    from bttop.ui.dialogs.pick_list import PickContent

MOST_MARKS: Final = 9
"""Marks with a key of their own: the latest."""
_USUAL: Final = 1
"""Index of the usual length among those of the page."""


class _Offer(Struct, frozen=True):
    """One way to set the baseline."""

    letter: str
    text: str
    why: str
    run: Callable[[], None]


class BaselineCommands:
    """Sets the baseline and opens the page of what changed."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self._baselines = around.baselines

    def choose(self) -> None:
        """Offer the ways to set the baseline."""
        from bttop.ui.dialogs.pick_list import PickList

        offers = self._offers()

        def chosen(index: int | None) -> None:
            if index is not None:
                offers[index].run()

        page = PickList("baseline", lambda cells: self._menu(offers, cells), self._around.themes.theme)
        self._around.screen.show(page, chosen)

    def _menu(self, offers: Sequence[_Offer], cells: int) -> PickContent:
        from bttop.ui.dialogs.pick_list import PickChoice, PickContent

        head: list[Line] = [(Span(" Compare what is on show with:", "text"),), ()]
        left_out = len(self._around.time.marks) - MOST_MARKS
        foot: list[Line] = [(), (Span(f" {left_out} earlier marks: s takes a time", "dim"),)] if left_out > 0 else []
        choices = [PickChoice((_offer_line(one, cells),), one.letter) for one in offers]
        return PickContent(head, choices, foot, "letter or Enter sets it")

    def _offers(self) -> list[_Offer]:
        baselines = self._baselines
        found = [
            _Offer("b", "the last minute", "the minute before the moment on show", baselines.set_last_minute),
            *self._span_offer(),
            _Offer("s", "a span", "such as 03:10..03:12 or -10m..-5m", self._ask_span),
            _Offer("f", "another snapshot", "FILE, or a part of it: FILE@03:10..03:12", self._ask_file),
            *map(self._mark_offer, enumerate(reversed(self._around.time.marks[-MOST_MARKS:]), 1)),
        ]
        if baselines.current is not None:
            found.append(_Offer("x", "nothing", f"remove the baseline: {baselines.current.label}", baselines.remove))
        return found

    def _span_offer(self) -> Iterator[_Offer]:
        """The span on show, such as one that was chosen in a heat map."""
        cursor = self._around.time.cursor
        if cursor.chosen is not None:
            span = cursor.chosen.span
            label = f"{cursor.time_of_day(span.begin_ns)}..{cursor.time_of_day(span.end_ns)}"
            run = partial(self._baselines.set_span, span.begin_ns, span.end_ns, label)
            yield _Offer("o", "the span on show", label, run)

    def _mark_offer(self, numbered: tuple[int, MarkSet]) -> _Offer:
        number, mark = numbered
        moment = mark.stamp.boot_ns
        label = f"the minute up to mark {self._around.time.cursor.time_of_day(moment)}"
        return _Offer(str(number), label, mark.note, lambda: self._baselines.set_until(moment, label))

    def _ask_span(self) -> None:
        def done(text: str | None) -> None:
            if text is not None and text.strip() and (wrong := self._baselines.set_typed_span(text)):
                self._around.screen.tell(wrong, "warn")

        self._around.screen.ask(InputQuestion("baseline, such as 03:10..03:12 or -10m..-5m: ", done))

    def _ask_file(self) -> None:
        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._baselines.set_file(text)

        self._around.screen.ask(InputQuestion("baseline, FILE or FILE@FROM..TO: ", done))

    def show_changes(self) -> None:
        """Show what moved most across all panes."""
        _ChangesPage(self._around).open()


def _offer_line(one: _Offer, cells: int) -> Line:
    return fit((Span(f" {one.letter} ", "key"), Span(f" {one.text} "), Span(f" {visible(one.why)}", "dim")), cells)


class _ChangesPage:
    """The page of what changed, while it is open."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self._at = _USUAL
        self._found: Comparison | None = None
        self._asked = 0

    def open(self) -> None:
        """Open the page and compare."""
        from bttop.ui.dialogs.pick_list import PickList

        keys = {
            "plus": lambda: self._longer(1),
            "equals_sign": lambda: self._longer(1),
            "minus": lambda: self._longer(-1),
            "space": self._compare,
            "Y": self._write_summary,
        }
        self._compare()
        self._around.screen.show(PickList("what changed", self._content, self._around.themes.theme, keys), self._go)

    def _write_summary(self) -> None:
        from bttop.ui.commands.summary_commands import SummaryCommands

        SummaryCommands(self._around).write()

    def _longer(self, step: int) -> None:
        from bttop.ui.dialogs.changes_page import LENGTHS

        self._at = max(0, min(len(LENGTHS) - 1, self._at + step))
        self._compare()

    def _compare(self) -> None:
        from bttop.ui.dialogs.changes_page import LENGTHS

        self._found = None
        self._asked += 1
        asked = self._asked

        def done(found: Comparison) -> None:
            if asked == self._asked:
                self._found = found
                self._around.screen.repaint()

        self._around.baselines.compare(LENGTHS[self._at] * 1_000_000_000, done)

    def _content(self, cells: int) -> PickContent:
        from bttop.ui.dialogs.changes_page import LENGTHS, changes_content, message_content, nothing_compared

        found, seconds = self._found, LENGTHS[self._at]
        if found is None:
            return message_content("reading …", seconds, cells)
        if found.changes is None:
            return message_content(nothing_compared(found.now.seconds), seconds, cells)
        has_baseline = self._around.baselines.current is not None
        return changes_content(
            found.changes, self._around.baselines.labels(found), seconds, cells, has_baseline=has_baseline
        )

    def _go(self, index: int | None) -> None:
        """Go to the pane and the row of a sentence."""
        found = self._found
        if index is None or found is None or found.changes is None or index >= len(found.changes.moved):
            return
        moved = found.changes.moved[index]
        board = self._around.board
        board.focus_program(found.programs[moved.program])
        if board.panes and board.focused_pane.program is found.programs[moved.program]:
            self._to_row(moved)
        else:
            self._around.screen.tell(f"{moved.name} is closed", "warn")

    def _to_row(self, moved: Moved) -> None:
        from bttop.ui.board.row_target import show_row

        pane = self._around.board.focused_pane
        key = largest_row(moved, pane.model.data(moved.map))
        if not show_row(pane, moved.map, key):
            self._around.screen.tell(f"{moved.name} does not show {moved.map} now", "warn")
        elif key is None and moved.parts:
            self._around.screen.tell("its row is not in this flush", "warn")
        self._around.screen.repaint()


def largest_row(moved: Moved, data: MapData) -> str | None:
    """The raw key of the largest row that a change is about; None if no row is."""
    from bttop.model.flush.rates import amount
    from bttop.store.compare.groups import group_columns, group_parts

    columns = group_columns(data.plan)
    wanted = {column.title: str(part) for column, part in moved.parts}

    def is_about(key: str) -> bool:
        parts = zip(columns, group_parts(key, data.plan), strict=False)
        return wanted.items() <= {column.title: str(part) for column, part in parts}.items()

    found = [(abs(amount(value) or 0.0), key) for key, value in data.rows.items() if is_about(key)]
    return max(found)[1] if found else None


GROUPS = (
    CommandGroup(
        BaselineCommands,
        (
            Command("baseline", ("b",), "Set the baseline; b b: the last minute", "Time", 15, BaselineCommands.choose),
            Command(
                "changes",
                ("C",),
                "What changed most against the baseline",
                "Time",
                16,
                BaselineCommands.show_changes,
                hint=Hint("changes", past=8),
            ),
        ),
    ),
)
