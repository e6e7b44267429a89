"""The board: all panes, or one zoomed pane, or a message that the terminal is too small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.session import AnyProgram
from bttop.model.format.names import Decoder
from bttop.ui.board.layout import LEAST_HEIGHT, LEAST_WIDTH, PanePlace, arrange
from bttop.ui.board.pane import Pane, paint
from bttop.ui.board.pane_frame import FrameState
from bttop.ui.render.spans import Glyphs, Span, fit
from bttop.ui.themes import Theme
from bttop.ui.views.base import Extra

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
        self, programs: Sequence[AnyProgram], theme: Theme, glyphs: Glyphs, decoders: Mapping[str, Decoder]
    ) -> None:
        super().__init__()
        blank = FrameState(0, 0, 0, focused=False, divided=False, below=False, glyphs=glyphs, decoders=decoders)
        self.panes = [Pane(program, replace(blank, number=index + 1), theme) for index, program in enumerate(programs)]
        self._blank = blank
        self.bttop_theme = theme
        self.zoomed = False
        self.held = False
        self.page = ""
        """The name of the page on show; empty for the first."""
        self._pages: dict[str, str] = {}
        self._focus: dict[str, int] = {}
        self._grid = _Grid()

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
        added = [Pane(program, self._blank, self.bttop_theme) for program in programs if program not in known]
        self.panes += added
        if added:
            self.mount_all(added)
            self.page = self._page_of(added[-1])
            # A named page is filled with all its panes at once: focus the first of them.
            self._focus[self.page] = 0 if self.page else len(self.shown) - 1
        elif not self.shown:
            self.page = self._page_of(self.panes[0]) if self.panes else ""
        self.replace_all()

    # Pages.

    def put_on_page(self, program: str, page: str) -> None:
        """Put the pane of a future program of this name on a page."""
        self._pages[program] = page

    def _page_of(self, pane: Pane) -> str:
        return self._pages.get(pane.program.name, "")

    @property
    def shown(self) -> list[Pane]:
        """The panes of the page on show."""
        return [pane for pane in self.panes if self._page_of(pane) == self.page]

    def next_page(self) -> None:
        """Show the next page; the first follows the last."""
        pages = list(dict.fromkeys(self._page_of(pane) for pane in self.panes))
        if len(pages) > 1:
            self.page = pages[(pages.index(self.page) + 1) % len(pages)] if self.page in pages else pages[0]
            self.replace_all()

    # Places.

    @property
    def too_small(self) -> bool:
        size = self.app.size
        return size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT

    def place_panes(self, size: Size) -> list[tuple[Pane, PanePlace]]:
        """The visible panes with their places. Sets the frame of every pane."""
        panes = self.shown
        if self.too_small or not panes:
            shown: list[tuple[Pane, PanePlace]] = []
        elif self.zoomed:
            shown = [(self.focused_pane, PanePlace(0, 0, size.width, size.height))]
        else:
            shown = list(zip(panes, arrange(len(panes), size.width, size.height), strict=True))
        visible = dict(shown)
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
                    held=self.held,
                )
            )
        return shown

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines behind the panes: blank, or a message that there are no panes or that the terminal is too small."""
        text = self.bttop_theme.style("text")
        strips = [Strip.blank(self.size.width, text)] * self.size.height
        words_here = self._smallness() if self.too_small else [] if self.panes else _EMPTY
        if words_here:
            for y, words in enumerate(words_here[: self.size.height]):
                strips[y] = paint(fit((Span(words, "warn"),), self.size.width), self.bttop_theme, self.size.width)
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def _smallness(self) -> list[str]:
        size = self.app.size
        return [
            " terminal too small",
            f" {size.width}x{size.height} here, {LEAST_WIDTH}x{LEAST_HEIGHT} needed",
            " collection continues; q quits",
        ]

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

    def advance(self, at: int | None = None) -> None:
        """Take in and paint what is new in all panes, or what they had at a moment (CLOCK_BOOTTIME in ns)."""
        for pane in self.panes:
            pane.advance(at)
            pane.repaint()

    @property
    def unfinished(self) -> bool:
        """Whether a pane still reads the data of the moment on show."""
        return any(pane.model.unfinished for pane in self.panes)

    def set_theme(self, theme: Theme) -> None:
        """Use a theme in all panes."""
        self.bttop_theme = theme
        for pane in self.panes:
            pane.set_theme(theme)
        self.refresh()

    def on_pane_focused(self, message: Pane.Focused) -> None:
        """A click into a pane focuses it."""
        if message.pane in self.shown:
            self.focus_pane(self.shown.index(message.pane))

    def on_resize(self, _event: events.Resize) -> None:
        """Place the panes for the new size."""
        self.replace_all()
