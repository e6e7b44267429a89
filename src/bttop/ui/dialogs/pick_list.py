"""A page with text and choices that scroll together; a choice may take several lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.model.format.text import visible
from bttop.ui.board.painted_lines import paint
from bttop.ui.dialogs.modal import Modal
from bttop.ui.render.spans import Line, Span, fit, line_width, with_role
from bttop.ui.themes import Theme

_BACK = frozenset({"escape", "backspace", "q", "ctrl+c"})
_MOVES = {"down": 1, "j": 1, "up": -1, "k": -1}
_PAGES = {"pagedown": 1, "pageup": -1}


class PickChoice(Struct, frozen=True):
    """One choice."""

    lines: tuple[Line, ...]
    """At least one; each fits the width of the page."""
    letter: str = ""
    """The key that chooses it; empty if only Enter does."""


class PickContent(Struct, frozen=True):
    """What a page shows."""

    head: Sequence[Line]
    choices: Sequence[PickChoice]
    foot: Sequence[Line] = ()
    keys: str = ""
    """The keys of the page besides those of every list, for its last line."""


class _Row(NamedTuple):
    """One line of the page, and the choice that it belongs to."""

    line: Line
    choice: int | None


class PickBody(Widget):
    """The lines of a list."""

    DEFAULT_CSS = "PickBody { width: 1fr; height: 1fr; }"

    def __init__(self, title: str, make: Callable[[int], PickContent], theme: Theme) -> None:
        super().__init__()
        self._title = title
        self._make = make
        self._theme = theme
        self._top = 0
        self.at = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.size.width, self.size.height
        strips = [paint(fit(line, width), self._theme, width) for line in self.page(width, height)]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def page(self, width: int, height: int) -> list[Line]:
        """The page in `height` lines, scrolled so that the selected choice is visible."""
        content = self.content
        rows, room = self._rows(content), max(1, height - 2)
        self._top = max(0, min(self._top, len(rows) - room))
        shown = [row.line for row in rows[self._top : self._top + room]]
        below = len(rows) - self._top - len(shown)
        more = f"  {below} more lines ▼" if below else ""
        foot = (
            Span(f" {content.keys}{'  ' if content.keys else ''}Esc back{more}{'  ▲' if self._top else ''}", "hint"),
        )
        return [self._rule(width), *shown, *([()] * (room - len(shown))), foot]

    @property
    def content(self) -> PickContent:
        """What the page shows now."""
        return self._make(self.size.width)

    def _rows(self, content: PickContent) -> list[_Row]:
        self.at = max(0, min(self.at, len(content.choices) - 1))
        rows = [_Row(line, None) for line in content.head]
        for index, choice in enumerate(content.choices):
            chosen = index == self.at
            rows += [_Row(with_role(line, "cursor") if chosen else line, index) for line in choice.lines]
        return rows + [_Row(line, None) for line in content.foot]

    def _rule(self, cells: int) -> Line:
        head = (Span("━ ", "focus"), Span(f"{visible(self._title)} ", "focus-title"))
        return fit((*head, Span("━" * max(0, cells - line_width(head)), "focus")), cells)

    def move(self, step: int) -> None:
        """Select another choice; beyond the last or first one, scroll by a line."""
        content = self.content
        wanted = self.at + step
        if 0 <= wanted < len(content.choices):
            self.at = wanted
            self._reveal(self._rows(content))
        else:
            self._top = max(0, self._top + step)
        self.refresh()

    def scroll_pages(self, pages: int) -> None:
        """Scroll by pages."""
        self._top = max(0, self._top + pages * self._room)
        self.refresh()

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 2)

    def _reveal(self, rows: Sequence[_Row]) -> None:
        own = [index for index, row in enumerate(rows) if row.choice == self.at]
        first = 0 if self.at == 0 else own[0]  # with the head above the first choice, if there is room
        self._top = min(max(self._top, own[-1] + 1 - self._room), own[0])
        if first == 0 and own[-1] < self._room:
            self._top = 0

    def choice_at(self, y: int) -> int | None:
        """The choice at a line of the screen; None if there is none."""
        rows, index = self._rows(self.content), self._top + y - 1
        return rows[index].choice if y > 0 and index < len(rows) else None


class PickList(Modal[int]):
    """Its result is the index of the choice, or None."""

    def __init__(
        self,
        title: str,
        make: Callable[[int], PickContent],
        theme: Theme,
        keys: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        """`make` returns the content for a width in cells. `keys`: further keys by Textual's names."""
        super().__init__()
        self._body = PickBody(title, make, theme)
        self._keys = {} if keys is None else keys

    def compose(self) -> ComposeResult:
        yield self._body

    def on_key(self, event: events.Key) -> None:
        """Move, choose, leave; or a key of the page."""
        event.stop()
        key = event.key
        letters = [choice.letter for choice in self._body.content.choices]
        if event.character and event.character in letters:
            self.leave(letters.index(event.character))
        elif key in self._keys:
            self._keys[key]()
            self.refresh_page()
        elif key in _BACK:
            self.leave(None)
        elif key in _MOVES:
            self._body.move(_MOVES[key])
        elif key in _PAGES:
            self._body.scroll_pages(_PAGES[key])
        elif key == "enter":
            self.leave(self._body.at if letters else None)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked line."""
        event.stop()
        index = self._body.choice_at(event.y)
        if index is not None:
            self.leave(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._body.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._body.move(-1)

    def refresh_page(self) -> None:
        """Draw the page again: its content may have changed."""
        self._body.refresh()
