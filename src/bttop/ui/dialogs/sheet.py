"""A sheet over the board: a title and lines that scroll like a pager. For rows in full, help and badges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.model.format.text import visible
from bttop.ui.board.painted_lines import paint
from bttop.ui.dialogs.modal import Modal
from bttop.ui.render.spans import Line, Span, fit, line_width
from bttop.ui.themes import Theme

_STEPS = {"down": 1, "j": 1, "up": -1, "k": -1, "wheel-down": 3, "wheel-up": -3}
_PAGES = {"pagedown": 1, "space": 1, "ctrl+f": 1, "pageup": -1, "b": -1, "ctrl+b": -1}
_LEAVE = frozenset({"escape", "q", "enter", "backspace", "question_mark", "ctrl+c"})


class Pager(Widget):
    """The lines of a sheet."""

    DEFAULT_CSS = "Pager { width: 1fr; height: 1fr; }"

    def __init__(self, title: str, make: Callable[[int], Sequence[Line]], theme: Theme) -> None:
        super().__init__()
        self._title = title
        self._make = make
        self._theme = theme
        self._top = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.size.width, self.size.height
        lines = list(self._make(width))
        rows = max(1, height - 2)
        self._top = max(0, min(self._top, len(lines) - rows))
        shown = lines[self._top : self._top + rows]
        below = len(lines) - self._top - len(shown)
        foot = f" Esc back{f'   {below} more lines ▼' if below else ''}{'   ▲' if self._top else ''}"
        page = [
            self._rule(width),
            *(fit(line, width) for line in shown),
            *([fit((), width)] * (rows - len(shown))),
            fit((Span(foot, "hint"),), width),
        ]
        strips = [paint(line, self._theme, width) for line in page]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def _rule(self, cells: int) -> Line:
        head = (Span("━ ", "focus"), Span(visible(self._title) + " ", "focus-title"))
        return fit((*head, Span("━" * max(0, cells - line_width(head)), "focus")), cells)

    def scroll_lines(self, lines: int) -> None:
        """Scroll by this many lines, at most to the first or last one."""
        self._top += lines
        self.refresh()

    @property
    def page_height(self) -> int:
        return max(1, self.size.height - 3)


class Sheet(Modal[None]):
    """A full-screen page; the dashboard keeps running behind it."""

    yields_to_commands: ClassVar[bool] = True

    def __init__(self, title: str, make: Callable[[int], Sequence[Line]], theme: Theme) -> None:
        super().__init__()
        self._pager = Pager(title, make, theme)

    def compose(self):  # type: ignore[no-untyped-def]
        yield self._pager

    def on_key(self, event: events.Key) -> None:
        """The keys of a pager; all keys that leave any page leave this one."""
        event.stop()
        if event.key in _LEAVE:
            self.leave()
        elif event.key in _STEPS:
            self._pager.scroll_lines(_STEPS[event.key])
        elif event.key in _PAGES:
            self._pager.scroll_lines(_PAGES[event.key] * self._pager.page_height)
        elif event.key in ("home", "g"):
            self._pager.scroll_lines(-1_000_000)
        elif event.key in ("end", "G"):
            self._pager.scroll_lines(1_000_000)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._pager.scroll_lines(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._pager.scroll_lines(-3)

    def refresh_page(self) -> None:
        """Draw the page again: its content may have changed."""
        self._pager.refresh()
