"""A pane: one program on the board. It keeps the user's choices and repaints only changed lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace
from textual import events
from textual.message import Message

from bttop.engine.host.own_clock import boot_ns, own_clock
from bttop.engine.program.status import ProgramState
from bttop.engine.session import AnyProgram
from bttop.model.history.span import ChosenSpan
from bttop.model.record.records import Stamp
from bttop.ui.board.painted_lines import PaintedLines
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject, first_subject
from bttop.ui.board.pane_frame import STATE_WORDS, FrameState, PaneFrame, draw_pane, scene_of
from bttop.ui.render.spans import Line
from bttop.ui.themes import Theme
from bttop.ui.views.base import Drawing, ViewChoice
from bttop.ui.views.plot import holds, pointed

QUIET_NS = 10_000_000_000
"""Time without anything to show after which a pane shrinks to a line."""

_FAILED = frozenset(STATE_WORDS) - {
    ProgramState.STARTING,
    ProgramState.ATTACHED,
    ProgramState.STOPPING,
    ProgramState.STOPPED,
}


class Pane(PaintedLines):
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

    def __init__(
        self, program: AnyProgram, frame: FrameState, theme: Theme, clock: Callable[[], Stamp] = own_clock
    ) -> None:
        """`clock` returns the time on the clocks of the host."""
        super().__init__(theme)
        self.program = program
        self.model = PaneModel(program, frame.frame_names)
        self.frame = replace(frame, shades=theme.shades)
        self._choices: dict[Subject, ViewChoice] = {}
        self._subject: Subject | None = None
        self._face: PaneFrame | None = None
        self._clock = clock
        self._moment: int | None = None
        self._span: ChosenSpan | None = None
        self._quiet_since: int | None = None
        self._drags = False
        """Whether the mouse extends a rectangle."""

    # What it shows.

    @property
    def subject(self) -> Subject:
        """The map and view on show; the first one until the user chooses."""
        subjects = self.model.subjects()
        if self._subject in subjects:
            assert self._subject is not None
            return self._subject
        return first_subject(subjects, self.frame.width, self.frame.height)

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

    @property
    def cursor(self) -> str | None:
        """The raw key of the row under the cursor; None if no row is on screen. Commands act on this row only."""
        key = self.choice.selected
        return key if key in self.drawing.keys else None

    def host_of(self, key: str | None) -> str:
        """The host of a row; empty if there is only one host, or if the row is of several."""
        if key is None or self.model.host_views is None:
            return ""
        from bttop.model.hosts.host_column import has_host, host_of

        return host_of(key) if has_host(self.model.data(self.subject.map).plan.columns) else self.model.only_host

    def see(self, seen: AnyProgram) -> None:
        """Show the program of several hosts with its rows put together in another way."""
        self.model = PaneModel(self.program, self.frame.frame_names, seen)
        self.advance(self._moment, self._span)
        self.repaint()

    def advance(self, at: int | None = None, chosen: ChosenSpan | None = None, *, reads: bool = True) -> bool:
        """Take in what is new, but nothing while the display is held, and no flush after the pinned process has ended.
        With `at` (CLOCK_BOOTTIME in ns) show that moment, or the span that ends then; a hidden pane does so when it
        becomes visible, and without `reads` a visible one at the next call. Return whether it may show anything new."""
        self._moment, self._span = at, chosen
        if at is not None:
            return self.frame.width > 0 and self.model.advance(at, chosen, reads=reads)
        if self.frame.held:
            return False
        moved = self.model.stay() if self.ended else self.model.advance(reads=reads)
        self._note_quiet()
        return moved

    @property
    def unfinished(self) -> bool:
        """Whether it still reads or makes what it shows, or what it will show next; then call `go_on`."""
        return (self.frame.width > 0 and self.model.unfinished) or (self._follows and self.model.is_behind)

    @property
    def _follows(self) -> bool:
        """Whether it takes in newer flushes."""
        return not self.frame.held and not self.ended

    def go_on(self, at: int | None, chosen: ChosenSpan | None) -> None:
        """Go on with what is unfinished, and paint what is new."""
        was_unfinished = self.model.unfinished
        has_news = self._follows and self.model.catch_up()
        if not has_news and (not was_unfinished or self.model.goes_on_making()):
            return
        if has_news or not self.model.unfinished or self.advance(at, chosen):
            self.repaint()

    def _note_quiet(self) -> None:
        """Note since when the pane has nothing to show; a row that the user has chosen is something."""
        is_quiet = self.model.is_quiet and not self.choice.moved and not self.choice.trend
        self._quiet_since = (self._quiet_since or boot_ns()) if is_quiet else None

    @property
    def is_quiet(self) -> bool:
        """Whether it has had nothing to show for a while, or has failed for as long; never at an earlier moment."""
        since = self._quiet_since
        return self._moment is None and since is not None and boot_ns() - since >= QUIET_NS

    @property
    def has_failed(self) -> bool:
        """Whether its program does not run as it should."""
        return self.model.status.state in _FAILED

    @property
    def now_ns(self) -> int:
        """The moment on show, on CLOCK_BOOTTIME in ns."""
        return self._clock().boot_ns if self._moment is None else self._moment

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
                self.advance(self._moment, self._span)
            self.repaint()

    def set_theme(self, theme: Theme) -> None:
        """Use a theme."""
        self.forget_lines(theme)
        self.frame = replace(self.frame, shades=theme.shades)
        self.repaint()

    def repaint(self) -> None:
        """Draw the pane and send only the lines that have changed."""
        width, height = self.frame.width, self.frame.height
        self.model.begin_drawing()
        if width <= 0 or height <= 0:
            return
        subject = self.subject
        self._face = draw_pane(self.model, subject, self.choice, self.frame, self.now_ns)
        self._choices[subject] = self._face.drawing.choice
        self.show_lines(self._face.lines, width)

    # What the user does.

    def act(self, command: str) -> bool:
        """Let the view take over a command. Return whether it does."""
        act = self.drawing.acts.get(command)
        choice = None if act is None else act()
        if choice is not None:
            self.choice = choice
        return choice is not None

    def move(self, rows: int) -> None:
        """Move the cursor by rows. A log is scrolled."""
        choice, order = self.choice, self.drawing.order
        if self.subject.view is None:
            self.choice = replace(choice, top=max(0, choice.top - rows))
        elif order:
            at = max(0, min(len(order) - 1, choice.at + rows))
            self.choice = replace(choice, selected=order[at], moved=True)

    def page(self, pages: int) -> None:
        """Move the cursor by `pages` screens."""
        self.move(pages * max(1, self.frame.height - 3))

    def jump(self, *, to_end: bool) -> None:
        """Move the cursor to the first or the last row; scroll a log to its oldest or newest line."""
        order = self.drawing.order
        if self.subject.view is None:
            self.choice = replace(self.choice, top=0 if to_end else len(self.model.log.lines))
        elif order:
            self.choice = replace(self.choice, selected=order[-1 if to_end else 0], moved=True)

    def scroll(self, rows: int) -> None:
        """Scroll; the cursor stays on its row while that is on screen. A plot shows less or more time."""
        if self.drawing.plot is not None:
            self.act("page-down" if rows > 0 else "page-up")
            return
        choice = self.choice
        sign = -1 if self.subject.view is None else 1
        self.choice = replace(choice, top=max(0, choice.top + sign * rows), moved=False)

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
        """Show only rows that contain this. The cursor leaves a row that does not."""
        self.choice = replace(self.choice, needle=needle, top=0)

    def clear_filter(self) -> bool:
        """Remove the filter. Return whether there was one."""
        had_one = bool(self.choice.needle)
        if had_one:
            self.choice = replace(self.choice, needle="")
        return had_one

    def close_trend(self) -> bool:
        """Remove the trend. Return whether there was one."""
        had_one = bool(self.choice.trend)
        if had_one:
            self.choice = replace(self.choice, trend=())
        return had_one

    def to_top(self) -> bool:
        """Show the first rows, and let the cursor stay among them. Return whether this changed anything."""
        choice = self.choice
        changes = choice.moved or bool(choice.top)
        if changes:
            self.choice = replace(choice, selected=None, moved=False, at=0, top=0)
        return changes

    def next_subject(self) -> None:
        """Show the next map or view. Another view of the same map has the same row and the same form of histograms."""
        before, choice = self.subject, self.choice
        self._subject = after = self._next_subject
        if after.map == before.map and after.view is not None:
            kept = replace(self.choice, histogram=choice.histogram, trend=choice.trend)
            is_row = not choice.group or choice.inside is not None
            self._choices[after] = replace(kept, selected=choice.selected, moved=choice.moved) if is_row else kept
        self.repaint()

    @property
    def _next_subject(self) -> Subject:
        subjects = self.model.subjects()
        return subjects[(subjects.index(self.subject) + 1) % len(subjects)]

    @property
    def has_views(self) -> bool:
        """Whether there is another map or view to show."""
        return len(self.model.subjects()) > 1

    def another_view(self, frame: FrameState) -> Pane:
        """A new pane of the same program, which shows the next map or view."""
        new = Pane(self.program, frame, self.bttop_theme, self._clock)
        new.advance(self._moment, self._span)
        new._subject = self._next_subject
        return new

    def show_subject(self, subject: Subject) -> None:
        """Show a map in one of its views."""
        self._subject = subject
        self.repaint()

    def fold(self, *, open_: bool) -> None:
        """Unfold or fold the frames of the selected row."""
        key = self.cursor
        if key is not None:
            opened = self.choice.opened | {key} if open_ else self.choice.opened - {key}
            self.choice = replace(self.choice, opened=opened, moved=True)

    def detail(self, width: int, key: str) -> tuple[Line, ...]:
        """A row in full, `width` cells wide; with an empty key a map without keys."""
        subject = self.subject
        if subject.view is None or self.model.flush is None:
            return ()
        scene = scene_of(self.model, subject, self.choice, self.frame, width, 1000)
        return subject.view.detail(scene, key)

    # Mouse.

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a rectangle in a plot."""
        self._drag(event, extends=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Extend the rectangle that the mouse has begun."""
        if self._drags:
            self._drag(event, extends=True)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """End the rectangle."""
        if self._drags:
            self._drags = False
            self.release_mouse()

    def _drag(self, event: events.MouseEvent, *, extends: bool) -> None:
        if self.drawing.plot is None or self._face is None or event.button != 1:
            return
        if self._point(event.x - self._face.left, event.y - self._face.body, extends=extends) and not extends:
            self._drags = True
            self.capture_mouse()

    def _point(self, x: int, y: int, *, extends: bool) -> bool:
        """Move the cursor to a cell of the drawing; return whether there is one. With `extends` a rectangle grows to
        it, or to the cell next to a place outside."""
        plot = self.drawing.plot
        if plot is None or not (extends or holds(plot, x, y)):
            return False
        self.choice = replace(self.choice, cell=pointed(plot, self.choice.cell, x, y, extends=extends))
        return True

    def on_click(self, event: events.Click) -> None:
        """Focus the pane; then select the row, sort by the heading, or open the row (double click)."""
        event.stop()
        self.post_message(self.Focused(self))
        if self._face is None:
            return
        line = event.y - self._face.body
        x = event.x - self._face.left
        clicked = None if self.drawing.click is None else self.drawing.click(line, x)
        if clicked is not None:
            self.choice = clicked
            return
        heading = next(
            (one for one in self.drawing.sorts if line == self.drawing.heading and one.start <= x < one.end), None
        )
        if heading is not None:
            same = heading.title == self._sorted_by([one.title for one in self.drawing.sorts])
            self.choice = replace(self.choice, sort=heading.title, reverse=same and not self.choice.reverse)
        elif x >= 0 and 0 <= line < len(self.drawing.keys) and (key := self.drawing.keys[line]) is not None:
            self.choice = replace(self.choice, selected=key, moved=True)
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
