"""A pane: one program on the board. It keeps the user's choices and repaints only changed lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.engine import boot_ns
from bttop.engine.session import AnyProgram
from bttop.ui.board.pane_frame import FrameState, PaneFrame, draw_pane, scene_of
from bttop.ui.board.pane_model import PaneModel, Subject
from bttop.ui.render.spans import Line
from bttop.ui.themes import Theme
from bttop.ui.views.base import Drawing, ViewChoice, parts


def paint(line: Line, theme: Theme, cells: int) -> Strip:
    """A line of `cells` cells in the colours of a theme."""
    return Strip([Segment(span.text, theme.style(span.role)) for span in line], cells)


class Pane(Widget):
    """One program's pane."""

    class Focused(Message):
        """The user clicked into this pane."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    class Opened(Message):
        """The user asked for the selected row in full."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, program: AnyProgram, frame: FrameState, theme: Theme) -> None:
        super().__init__()
        self.program = program
        self.model = PaneModel(program)
        self.frame = frame
        self.bttop_theme = theme
        self._choices: dict[Subject, ViewChoice] = {}
        self._subject: Subject | None = None
        self._face: PaneFrame | None = None
        self._strips: list[Strip] = []
        self._moment: int | None = None

    # What it shows.

    @property
    def subject(self) -> Subject:
        """The map and view on show; the first one until the user chooses."""
        subjects = self.model.subjects()
        if self._subject in subjects:
            assert self._subject is not None
            return self._subject
        return subjects[0]

    @property
    def choice(self) -> ViewChoice:
        return self._choices.get(self.subject, ViewChoice())

    @choice.setter
    def choice(self, choice: ViewChoice) -> None:
        self._choices[self.subject] = choice
        self.repaint()

    @property
    def drawing(self) -> Drawing:
        return self._face.drawing if self._face is not None else Drawing(())

    def advance(self, at: int | None = None) -> None:
        """Take in what is new, but nothing while the display is held, and no flush after the pinned process has ended.
        With `at` (CLOCK_BOOTTIME in ns) show that moment; a hidden pane does so when it becomes visible."""
        self._moment = at
        if at is not None and self.frame.width > 0:
            self.model.advance(at)
        elif at is None and not self.frame.held:
            if self.ended:
                self.model.stay()
            else:
                self.model.advance()

    @property
    def now_ns(self) -> int:
        """The moment on show, on CLOCK_BOOTTIME in ns."""
        return boot_ns() if self._moment is None else self._moment

    @property
    def ended(self) -> str:
        """Text that says when the pinned process ended; empty while it lives."""
        return self.frame.ended

    def set_ended(self, text: str) -> None:
        """Set when the pinned process ended, as text; empty if it lives or there is no pin."""
        if text != self.frame.ended:
            self.set_frame(replace(self.frame, ended=text))

    def set_frame(self, frame: FrameState) -> None:
        """Set the place and the options with which the pane is drawn."""
        if frame != self.frame:
            if frame.width != self.frame.width:
                self._choices = {subject: replace(one, widths=()) for subject, one in self._choices.items()}
            appears = self.frame.width == 0 and self._moment is not None
            self.frame = frame
            if appears:
                self.advance(self._moment)
            self.repaint()

    def set_theme(self, theme: Theme) -> None:
        """Use a theme."""
        self.bttop_theme = theme
        self._strips = []
        self.repaint()

    def repaint(self) -> None:
        """Draw the pane and send only the lines that have changed."""
        width, height = self.frame.width, self.frame.height
        if width <= 0 or height <= 0:
            return
        subject = self.subject
        self._face = draw_pane(self.model, subject, self.choice, self.frame, self.now_ns)
        self._choices[subject] = self._face.drawing.choice
        strips = [paint(line, self.bttop_theme, width) for line in self._face.lines]
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
            return
        changed = [Region(0, y, width, 1) for y in range(height) if before[y] != strips[y]]
        if changed:
            self.refresh(*changed)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of the last repaint; overridden because Textual's style cache takes a quarter of a repaint."""
        blank = Strip.blank(crop.width, self.bttop_theme.style("text"))
        strips = self._strips[crop.y : crop.bottom]
        shown = [strip.crop_extend(crop.x, crop.right, self.bttop_theme.style("text")) for strip in strips]
        return shown + [blank] * (crop.height - len(shown))

    # What the user does.

    def move(self, rows: int) -> None:
        """Select another row; the first move selects the top (or bottom) row on screen. A log is scrolled."""
        choice, order = self.choice, self.drawing.order
        if self.subject.view is None:
            self.choice = replace(choice, top=max(0, choice.top - rows))
            return
        if not order:
            return
        if choice.selected is None:
            shown = sum(key is not None for key in self.drawing.keys)
            at = choice.top + (rows - 1 if rows > 0 else shown + rows)
            at = max(0, min(len(order) - 1, at))
        else:
            here = order.index(choice.selected) if choice.selected in order else choice.top
            at = max(0, min(len(order) - 1, here + rows))
        self.choice = replace(choice, selected=order[at])

    def select(self, key: str | None) -> None:
        """Select a row by its raw key; None does nothing."""
        if key is not None and key != self.choice.selected:
            self.choice = replace(self.choice, selected=key)

    def page(self, pages: int) -> None:
        """Select the row `pages` screens further."""
        self.move(pages * max(1, self.frame.height - 3))

    def jump(self, *, to_end: bool) -> None:
        """Select the first or the last row."""
        order = self.drawing.order
        if order:
            self.choice = replace(self.choice, selected=order[-1 if to_end else 0])

    def scroll(self, rows: int) -> None:
        """Scroll and deselect."""
        choice = self.choice
        sign = -1 if self.subject.view is None else 1
        self.choice = replace(choice, top=max(0, choice.top + sign * rows), selected=None)

    def sort_by(self, step: int) -> None:
        """Sort by the next column to the right, or to the left for a negative step."""
        titles = [column.title for column in self.drawing.sorts]
        if not titles:
            return
        now = self._sorted_by(titles)
        self.choice = replace(self.choice, sort=titles[(titles.index(now) + step) % len(titles)], reverse=False)

    def _sorted_by(self, titles: Sequence[str]) -> str:
        wanted = self.choice.sort or self.model.data(self.subject.map).plan.sort
        return wanted if wanted in titles else titles[0]

    def reverse(self) -> None:
        """Reverse the order."""
        self.choice = replace(self.choice, reverse=not self.choice.reverse)

    def filter(self, needle: str) -> None:
        """Show only rows that contain this."""
        self.choice = replace(self.choice, needle=needle, top=0)

    def clear(self) -> bool:
        """Undo one thing: the selection, else the filter, else the scrolling. Return whether there was any."""
        choice = self.choice
        if choice.selected is not None:
            self.choice = replace(choice, selected=None, top=0)
        elif choice.needle:
            self.choice = replace(choice, needle="")
        elif choice.top:
            self.choice = replace(choice, top=0)
        else:
            return False
        return True

    def next_subject(self) -> None:
        """Show the next map or view."""
        subjects = self.model.subjects()
        self._subject = subjects[(subjects.index(self.subject) + 1) % len(subjects)]
        self.repaint()

    def fold(self, *, open_: bool) -> None:
        """Unfold or fold the frames of the selected row."""
        key = self.choice.selected
        if key is None:
            self.move(1)
            key = self.choice.selected
        if key is not None:
            opened = self.choice.opened | {key} if open_ else self.choice.opened - {key}
            self.choice = replace(self.choice, opened=opened)

    def detail(self, width: int) -> tuple[Line, ...]:
        """The selected row in full, `width` cells wide; else the top row, else the whole map."""
        subject = self.subject
        if subject.view is None or self.model.flush is None:
            return ()
        order = self.drawing.order
        key = self.choice.selected if self.choice.selected is not None else (order[0] if order else "")
        scene = scene_of(self.model, subject, self.choice, self.frame, width, 1000)
        return subject.view.detail(scene, key)

    def visible_pids(self) -> Iterator[int]:
        """The process ids of the rows on screen."""
        if self.subject.view is None or self.model.flush is None:
            return
        plan = self.model.data(self.subject.map).plan
        titles = [column.title for column in plan.columns]
        title = plan.pid or "pid"
        if title not in titles:
            return
        for key in {key for key in self.drawing.keys if key is not None}:
            found = parts(key, plan.columns)
            value = found[titles.index(title)] if len(found) == len(titles) else None
            if isinstance(value, int) and value > 0:
                yield value

    # Mouse.

    def on_click(self, event: events.Click) -> None:
        """Focus the pane; then select the row, sort by the heading, or open the row (double click)."""
        event.stop()
        self.post_message(self.Focused(self))
        if self._face is None:
            return
        line = event.y - self._face.body
        x = event.x - self._face.left
        heading = next((one for one in self.drawing.sorts if line == 0 and one.start <= x < one.end), None)
        if heading is not None:
            same = heading.title == self._sorted_by([one.title for one in self.drawing.sorts])
            self.choice = replace(self.choice, sort=heading.title, reverse=same and not self.choice.reverse)
        elif 0 <= line < len(self.drawing.keys) and (key := self.drawing.keys[line]) is not None:
            self.choice = replace(self.choice, selected=key)
            if event.chain == 2:
                self.post_message(self.Opened(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by three rows, as terminals do."""
        event.stop()
        self.scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back by three rows."""
        event.stop()
        self.scroll(-3)
