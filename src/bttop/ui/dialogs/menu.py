"""A page with choices: text at the top, which is refreshed, choices below it, and the program of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.model.format.text import visible
from bttop.ui.board.pane import paint
from bttop.ui.dialogs.modal import Modal
from bttop.ui.render.spans import Line, Span, fit, line_width
from bttop.ui.themes import Theme

LETTERS = "abcdgimnoprstuvwxyz"
"""Keys of the choices, without those that have another meaning (e f h j k l q)."""
FEW_CHOICES = 5
"""Choices that stay visible even if the text at the top is long."""
_BACK = frozenset({"escape", "backspace", "q", "ctrl+c"})


@dataclass(frozen=True, slots=True)
class MenuChoice:
    """One choice."""

    title: str
    why: str = ""
    """What it answers, or why it cannot be chosen here."""
    preview: tuple[str, ...] = ()
    """The lines of the program that it would run."""
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Chosen:
    """The index of the choice, and whether to edit its program before it runs."""

    index: int
    edit: bool


class MenuBody(Widget):
    """The lines of a menu."""

    DEFAULT_CSS = "MenuBody { width: 1fr; height: 1fr; }"

    def __init__(
        self, title: str, head: Callable[[int], Sequence[Line]], choices: Sequence[MenuChoice], theme: Theme
    ) -> None:
        super().__init__()
        self._title = title
        self._head = head
        self.choices = list(choices)
        self._theme = theme
        self.at = 0
        self._shown = range(0)
        self._first_line = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.size.width, self.size.height
        lines = self.page(width, height)
        strips = [paint(fit(line, width), self._theme, width) for line in lines]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def page(self, width: int, height: int) -> list[Line]:
        """Head, choices and preview in `height` lines. Choices scroll; the preview is left out if there is no room."""
        room = height - 2
        head = list(self._head(width))
        preview = self._preview(width) if room >= 2 * FEW_CHOICES + len(head) else []
        least = min(len(self.choices), FEW_CHOICES) + 1 if self.choices else 0
        head = self._cut(head, max(1, room - least))
        space = max(0, room - len(head) - 1)
        rows = min(len(self.choices), space, max(FEW_CHOICES, space - min(len(preview), room // 4)))
        lines = [_rule(self._title, width), *head, *self._choice_lines(width, rows, len(head) + 1)]
        lines += preview[: max(0, height - 1 - len(lines))]
        lines += [()] * (height - 1 - len(lines))
        return [*lines[: height - 1], (Span(" Enter asks   e edits first   Backspace returns", "hint"),)]

    def _cut(self, head: list[Line], room: int) -> list[Line]:
        if len(head) <= room:
            return head
        more = (Span(f"   … {len(head) - room + 1} more lines: f shows them", "dim"),)
        return [*head[: room - 1], more]

    def _choice_lines(self, width: int, rows: int, first_line: int) -> list[Line]:
        """`rows` choices around the selected one, below a rule that says which ones they are."""
        if not self.choices:
            return []
        first = max(0, min(self._shown.start, self.at, len(self.choices) - rows), self.at - rows + 1)
        self._first_line = first_line + 1
        self._shown = shown = range(first, min(len(self.choices), first + rows))
        part = f" {shown.start + 1} to {shown.stop} of {len(self.choices)}" if len(shown) < len(self.choices) else ""
        return [_rule(f"ask next{part}", width), *(self._choice_line(index, width) for index in shown)]

    def _choice_line(self, index: int, width: int) -> Line:
        choice = self.choices[index]
        letter = LETTERS[index] if index < len(LETTERS) else " "
        role = "cursor" if index == self.at else "text" if choice.usable else "dim"
        title = visible(choice.title)
        return fit(
            (Span(f" {letter} ", "key"), Span(f" {title} ", role), Span(f" {visible(choice.why)}", "dim")), width
        )

    def _preview(self, width: int) -> list[Line]:
        if not self.choices or not self.choices[self.at].preview:
            return []
        shown = [(Span(f"   {visible(text)}", "frame"),) for text in self.choices[self.at].preview]
        return [_rule("its program", width), *shown]

    def choice_at(self, y: int) -> int | None:
        """The index of the choice on line `y` of the screen; None if there is none."""
        index = self._shown.start + y - self._first_line
        return index if index in self._shown else None

    def move(self, step: int) -> None:
        """Select another choice; the first follows the last."""
        if self.choices:
            self.at = (self.at + step) % len(self.choices)
            self.refresh()


def _rule(title: str, width: int) -> Line:
    head = (Span("━ ", "focus"), Span(f"{visible(title)} ", "focus-title"))
    return fit((*head, Span("━" * max(0, width - line_width(head)), "focus")), width)


class Menu(Modal["Chosen"]):
    """Its result is what was chosen, or None."""

    def __init__(
        self,
        title: str,
        head: Callable[[int], Sequence[Line]],
        choices: Sequence[MenuChoice],
        theme: Theme,
        full: Callable[[], None] | None = None,
    ) -> None:
        """`full` shows the whole head on a separate page."""
        super().__init__()
        self._body = MenuBody(title, head, choices, theme)
        self._full = full

    def compose(self) -> ComposeResult:
        yield self._body

    def on_key(self, event: events.Key) -> None:
        """Move, choose, leave."""
        event.stop()
        key = event.key
        if key in _BACK:
            self.leave(None)
        elif key in ("down", "j"):
            self._body.move(1)
        elif key in ("up", "k"):
            self._body.move(-1)
        elif key == "enter":
            self._choose(self._body.at, edit=False)
        elif key == "e":
            self._choose(self._body.at, edit=True)
        elif key == "f" and self._full is not None:
            self._full()
        elif len(key) == 1 and key in LETTERS:
            self._choose(LETTERS.index(key), edit=False)

    def _choose(self, index: int, *, edit: bool) -> None:
        choices = self._body.choices
        if not choices:
            self.leave(None)
        elif index < len(choices) and choices[index].usable:
            self.leave(Chosen(index, edit))

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked line."""
        event.stop()
        index = self._body.choice_at(event.y)
        if index is not None:
            self._choose(index, edit=False)

    def refresh_page(self) -> None:
        """Draw the page again: its content may have changed."""
        self._body.refresh()
