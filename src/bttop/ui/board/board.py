"""The board: all panes, or one zoomed pane, or a message that the terminal is too small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.host.own_clock import own_clock
from bttop.engine.session import AnyProgram, FrameNames
from bttop.model.format.names import Decoder
from bttop.model.history.span import ChosenSpan
from bttop.model.record.records import Stamp
from bttop.ui.board.frame.tabs import Tab
from bttop.ui.board.painted_lines import paint
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.board.pane_turns import PaneTurns
from bttop.ui.board.places.chosen import ChosenPlaces
from bttop.ui.board.places.grid import PanePlace, is_too_small, smallness
from bttop.ui.render.spans import Glyphs, Span, fit
from bttop.ui.themes import Theme
from bttop.ui.views.base import Extra

if TYPE_CHECKING:
    from bttop.ui.board.drag import Grip

_EMPTY = [" no panes", " : runs a program, a opens the catalogue, q quits"]


class _Grid(Layout):
    """A Textual layout that uses the places from `Board.place_panes`."""

    name = "panes"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:  # noqa: ARG002
        assert isinstance(parent, Board)
        places = parent.place_panes(size)
        return [
            WidgetPlacement(Region(*place), NULL_OFFSET, NULL_SPACING, pane)
            for pane, place in places
            if pane in children
        ]


class Board(Widget):
    """Owns the panes, their order and the focus."""

    DEFAULT_CSS = "Board { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        programs: Sequence[AnyProgram],
        theme: Theme,
        glyphs: Glyphs,
        decoders: Mapping[str, Decoder],
        frame_names: FrameNames | None = None,
        clock: Callable[[], Stamp] = own_clock,
    ) -> None:
        """`clock` returns the time on the clocks of the host."""
        super().__init__()
        blank = FrameState(0, 0, 0, focused=False, divided=False, below=False, glyphs=glyphs)
        blank = replace(blank, decoders=decoders, frame_names=frame_names)
        self._clock = clock
        self.panes = [
            Pane(program, replace(blank, number=index + 1), theme, clock) for index, program in enumerate(programs)
        ]
        self._blank = blank
        self.bttop_theme = theme
        self.zoomed = False
        self.held = False
        self.page = ""
        """The name of the page on show; empty for the first."""
        self._pages: dict[str, str] = {}
        self._joining: set[str] = set()
        """The programs whose panes join those of the page that was on show."""
        self._focus: dict[str, int] = {}
        self._asked: AnyProgram | None = None
        """The program that was opened last while the board was shown; its pane gets the largest place."""
        self._quiet: tuple[tuple[bool, bool], ...] = ()
        self.places: ChosenPlaces[Pane] = ChosenPlaces()
        """What the user has chosen about the places; call `replace_all` after a change."""
        self._grip: Grip | None = None
        self.is_arranged = False
        """Whether the layout mode is on: keys change the places of the panes."""
        self._grid = _Grid()
        self._turns = PaneTurns()

    @property
    def layout(self) -> Layout:
        return self._grid

    def compose(self) -> ComposeResult:
        yield from self.panes

    def follow(self, programs: Sequence[AnyProgram]) -> None:
        """Add panes for new programs, which get the focus, and remove the panes of removed programs."""
        known = {pane.program for pane in self.panes}
        if known == set(programs):
            return
        for pane in [pane for pane in self.panes if pane.program not in programs]:
            self.panes.remove(pane)
            pane.remove()
        added = [
            Pane(program, self._blank, self.bttop_theme, self._clock) for program in programs if program not in known
        ]
        self.panes += added
        if added:
            self._asked = added[0].program if len(added) == 1 else None
            self.mount_all(added)
            self.page = self._page_of(added[-1])
            # A named page is filled with all its panes at once: focus the first of them.
            joins = not self.page or added[-1].program.name in self._joining
            self._focus[self.page] = len(self.shown) - 1 if joins else 0
        elif not self.shown:
            self.page = self._page_of(self.panes[0]) if self.panes else ""
        self.replace_all()

    # Pages.

    def put_on_page(self, program: str, page: str) -> None:
        """Put the pane of a future program of this name on a page."""
        self._pages[program] = page
        if page == self.page:
            self._joining.add(program)

    def _page_of(self, pane: Pane) -> str:
        return self._pages.get(pane.program.name, "")

    @property
    def shown(self) -> list[Pane]:
        """The panes of the page on show."""
        return [pane for pane in self.panes if self._page_of(pane) == self.page]

    def next_page(self) -> bool:
        """Show the next page; the first follows the last. Return whether there is another one."""
        pages = list(dict.fromkeys(self._page_of(pane) for pane in self.panes))
        if len(pages) <= 1:
            return False
        self.page = pages[(pages.index(self.page) + 1) % len(pages)] if self.page in pages else pages[0]
        self.replace_all()
        return True

    # Places.

    @property
    def too_small(self) -> bool:
        return is_too_small(*self.app.size)

    def place_panes(self, size: Size) -> list[tuple[Pane, PanePlace]]:
        """The visible panes with their places. Sets the frame of every pane."""
        panes = self.shown
        if self.too_small or not panes:
            shown: list[tuple[Pane, PanePlace]] = []
        elif self.zoomed:
            shown = [(self.focused_pane, PanePlace(0, 0, size.width, size.height))]
        else:
            folded = [pane for pane in panes if self._is_folded(pane)]
            largest = next((pane for pane in panes if pane.program is self._asked), None)
            places = self.places.place(self.page, panes, self.focused_pane, folded, largest, size)
            shown = [(pane, places[pane]) for pane in panes if pane in places]
        visible = dict(shown)
        ends = {(place.x + place.width, place.y) for _, place in shown}
        for pane in self.panes:
            place = visible.get(pane, PanePlace(0, 0, 0, 0))
            number = panes.index(pane) + 1 if pane in panes else 0
            pane.set_frame(
                replace(
                    pane.frame,
                    number=number,
                    width=place.width,
                    height=place.height,
                    focused=bool(panes) and pane is self.focused_pane,
                    divided=place.x > 0,
                    below=place.y > 0,
                    joined=(place.x, place.y) in ends,
                    held=self.held,
                    tabs=self._tabs(pane) if pane in visible and not self.zoomed else (),
                )
            )
        return shown

    def _tabs(self, pane: Pane) -> tuple[Tab, ...]:
        """The tabs of a pane's place; empty if it is alone there."""
        stack, panes = self.places.tabs_of(pane), self.shown
        if len(stack) == 1:
            return ()
        return tuple(Tab(panes.index(one) + 1, one.program.name, one is pane, one.has_failed) for one in stack)

    def _is_folded(self, pane: Pane) -> bool:
        """Whether a pane is shrunk to one line: it is quiet, and neither focused nor asked last."""
        return pane.is_quiet and pane is not self.focused_pane and pane.program is not self._asked

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines behind the panes: blank, or a message that there are no panes or that the terminal is too small."""
        text = self.bttop_theme.style("text")
        strips = [Strip.blank(self.size.width, text)] * self.size.height
        words_here = smallness(*self.app.size) if self.too_small else [] if self.panes else _EMPTY
        said = list(enumerate(words_here[: self.size.height]))
        if self._without_room and self.size.height:
            said = [(self.size.height - 1, self._without_room)]
        for y, words in said:
            strips[y] = paint(fit((Span(words, "warn"),), self.size.width), self.bttop_theme, self.size.width)
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    @property
    def _without_room(self) -> str:
        """How many panes have no room, and their numbers; empty if all have."""
        hidden = [] if self.too_small or self.zoomed or not self.panes else self.places.hidden
        panes = self.shown
        numbers = " ".join(str(panes.index(pane) + 1) for pane in hidden if pane in panes)
        return f" no room for {len(hidden)} panes: {numbers}; Tab shows the next, z one alone" if numbers else ""

    # Focus, zoom, hold.

    @property
    def focused_pane(self) -> Pane:
        shown = self.shown
        return shown[min(self._focus.get(self.page, 0), len(shown) - 1)]

    def focus_pane(self, index: int) -> None:
        """Focus a pane of the page by its index; an index out of range is ignored."""
        if 0 <= index < len(self.shown) and index != self._focus.get(self.page, 0):
            self._focus[self.page] = index
            self.replace_all()

    def focus_on(self, pane: Pane) -> None:
        """Focus a pane of the page on show; another pane is ignored."""
        if pane in self.shown:
            self.focus_pane(self.shown.index(pane))

    def add_view(self) -> str:
        """Open a second pane for the focused pane's program, beside it, that shows its next map or view. Return why
        not, or an empty text."""
        pane = self.focused_pane
        if not pane.has_views:
            return f"{pane.program.name} has nothing else to show"
        new = pane.another_view(self._blank)
        self._pages.setdefault(pane.program.name, self.page)
        self.panes.append(new)
        self.mount(new)
        self.places.put_after(pane, new)
        self.focus_pane(len(self.shown) - 1)
        return ""

    def close_view(self) -> bool:
        """Close the focused pane if its program has another one, which gets the focus. Return whether it has."""
        pane = self.focused_pane
        if sum(one.program is pane.program for one in self.panes) == 1:
            return False
        self.panes.remove(pane)
        pane.remove()
        self.focus_program(pane.program)
        return True

    def focus_program(self, program: AnyProgram) -> None:
        """Show a program's page and focus its pane; without a pane it does nothing."""
        pane = next((pane for pane in self.panes if pane.program is program), None)
        if pane is not None:
            self.page = self._page_of(pane)
            self._focus[self.page] = self.shown.index(pane)
            self.replace_all()

    def focus_step(self, step: int) -> None:
        """Focus the next or the previous pane of the page."""
        shown = self.shown
        self.focus_pane((shown.index(self.focused_pane) + step) % len(shown))

    def toggle_zoom(self, zoomed: bool | None = None) -> None:
        """Zoom the focused pane or show all; without `zoomed` it toggles."""
        wanted = not self.zoomed if zoomed is None else zoomed
        if wanted != self.zoomed:
            self.zoomed = wanted
            self.replace_all()

    def hold(self, held: bool) -> None:
        """Freeze the display, or let it catch up; collection continues in both cases."""
        if held != self.held:
            self.held = held
            self.replace_all()

    def set_extra(self, extra: Extra | None) -> None:
        """Show a column about the processes of the rows; None removes it."""
        self._blank = replace(self._blank, extra=extra)
        for pane in self.panes:
            pane.set_frame(replace(pane.frame, extra=extra))

    def replace_all(self) -> None:
        """Compute all places again: frames now, widgets at the next layout."""
        self.place_panes(self.size)
        # Textual caches arrangements by size; this one also depends on zoom and focus.
        self._clear_arrangement_cache()
        self.refresh(layout=True)

    # Time and colours.

    def advance(self, at: int | None = None, chosen: ChosenSpan | None = None) -> None:
        """Take in and paint what is new in all panes, or what they had at a moment (CLOCK_BOOTTIME in ns), or in the
        span that ends then."""
        self._turns.advance(self.panes, at, chosen)
        quiet = tuple((pane.is_quiet, pane.has_failed) for pane in self.panes)
        if quiet != self._quiet:
            self._quiet = quiet
            self.replace_all()
        self._turns.repaint(self.panes)

    @property
    def shows_flame(self) -> bool:
        """Whether the focused pane is a flame graph, which has keys of its own."""
        return bool(self.panes) and "flame-form" in self.focused_pane.drawing.acts

    def go_on(self, at: int | None = None, chosen: ChosenSpan | None = None) -> None:
        """Let panes that still read, make or draw something go on in turn. The arguments are those of the last
        `advance`."""
        self._turns.go_on(self.panes, at, chosen)

    @property
    def unfinished(self) -> bool:
        """Whether `go_on` has something to do."""
        return self._turns.is_unfinished(self.panes)

    def set_theme(self, theme: Theme) -> None:
        """Use a theme in all panes."""
        self.bttop_theme = theme
        for pane in self.panes:
            pane.set_theme(theme)
        self.refresh()

    def on_pane_focused(self, message: Pane.Focused) -> None:
        """A click into a pane focuses it."""
        self.focus_on(message.pane)

    # The mouse on rules, titles and dividers.

    def _cell(self, event: events.MouseEvent) -> tuple[int, int]:
        """The cell of the board under the mouse."""
        return int(event.screen_x) - self.region.x, int(event.screen_y) - self.region.y

    def _is_placed(self, pane: Pane) -> bool:
        """Whether a pane has a place: it may be closed, or lose its room, while the mouse holds it."""
        return pane in self.shown and pane.frame.width > 0

    def _grip_at(self, event: events.MouseEvent) -> Grip | None:
        from bttop.ui.board.drag import grip_at  # needed only with the mouse

        offset = self.region.offset
        visible = [pane for pane in self.shown if pane.frame.width]
        places = [(pane, PanePlace(*pane.region.translate(-offset))) for pane in visible]
        return grip_at(places, *self._cell(event))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a rule, a title or a divider."""
        grip = None if self.zoomed or event.button != 1 else self._grip_at(event)
        if grip is not None and grip.part != "body":
            self._grip = grip
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the rule or the divider that the mouse holds."""
        grip, (x, y) = self._grip, self._cell(event)
        if grip is None or grip.part == "title" or not self._is_placed(grip.pane):
            return
        if grip.part == "rule":
            self.places.drag_rule(grip.pane, y)
        else:
            self.places.drag_divider(grip.pane, x)
        self.replace_all()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go. A title that was dropped on another pane changes places with it, and on its title it becomes a tab;
        one that was not moved focuses its pane."""
        held, self._grip = self._grip, None
        self.release_mouse()
        if held is None or not self._is_placed(held.pane):
            return
        there = self._grip_at(event)
        if there is not None and held.part == "title" and there.pane is not held.pane:
            self.focus_on(held.pane)
            change = self.places.stack if there.part == "title" else self.places.exchange
            change(there.pane, held.pane)
            self.replace_all()
        elif self._cell(event) == (held.x, held.y):
            number = held.pane.frame.tab_number_at(held.x - (held.pane.region.x - self.region.x))
            self.focus_pane(number - 1) if number else self.focus_on(held.pane)

    def on_resize(self, _event: events.Resize) -> None:
        """Place the panes for the new size."""
        self.replace_all()
