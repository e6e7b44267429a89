"""A page with choices: text at the top, which is refreshed, choices below it, and the program of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from msgspec import Struct
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.model.format.text import visible
from bttop.ui.board.painted_lines import paint
from bttop.ui.dialogs.modal import Modal
from bttop.ui.render.spans import Line, Span, fit, line_width
from bttop.ui.themes import Theme

LETTERS = "abcdfghilmnoprstuwxy"
"""Keys of the choices without a letter of their own; the other letters have another meaning here (e j k q v z)."""
FEW_CHOICES = 5
"""Choices that stay visible even if the text at the top is long."""
LEAST_HEAD = 4
"""Lines of the text at the top that stay visible even if there are many choices."""
_BACK = frozenset({"escape", "backspace", "q", "ctrl+c"})


class MenuChoice(Struct, frozen=True):
    """One choice."""

    title: str
    why: str = ""
    """What it answers, or why it cannot be chosen here."""
    preview: tuple[str, ...] = ()
    """The lines of the program that it would run."""
    usable: bool = True
    letter: str = ""
    """Its key; empty for the one of its place."""


class Chosen(Struct, frozen=True):
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
        self.shows_program = False
        self.has_more = False
        """Whether the whole head can be shown on a separate page."""
        self._shown = range(0)
        self._first_line = 0
        self._rows = 0
        self._columns = 1
        self._column = 1
        """Cells of a column."""

    def render_lines(self, crop: Region) -> list[Strip]:
        width, height = self.size.width, self.size.height
        lines = self.page(width, height)
        strips = [paint(fit(line, width), self._theme, width) for line in lines]
        return [strip.crop(crop.x, crop.right) for strip in strips[crop.y : crop.bottom]]

    def page(self, width: int, height: int) -> list[Line]:
        """Head, choices and program in `height` lines. The choices are in two columns, and scroll, if they do not fit
        otherwise."""
        room = height - 2
        head = list(self._head(width))
        program = self._program(width) if self.shows_program else []
        columns, self._rows = self._shape(room, len(head), len(program))
        self._columns = columns
        self._column = width // columns
        below = self._rows + (1 if self.choices else 0) + (1 if columns > 1 else 0)
        head = self._cut(head, max(1, room - below - (min(len(program), room // 3))))
        lines = [_rule(self._title, width), *head, *self._choice_lines(width, columns, len(head) + 1)]
        lines += program[: max(0, height - 1 - len(lines))]
        lines += [()] * (height - 1 - len(lines))
        return [*lines[: height - 1], self._keys()]

    def _keys(self) -> Line:
        whole = "  z whole row" if self.has_more else ""
        return (Span(f" letter or Enter asks  e edits first  v program{whole}  Esc back", "hint"),)

    def _shape(self, room: int, head: int, program: int) -> tuple[int, int]:
        """The number of columns of the choices, and of rows."""
        total = len(self.choices)
        if program or total <= FEW_CHOICES or total + 1 + head <= room:
            most = max(FEW_CHOICES, room - 1 - head - program)
            return 1, max(0, min(total, most, room - 2))
        rows = min(-(-total // 2), max(FEW_CHOICES, room - 2 - min(head, LEAST_HEAD)))
        return 2, max(1, min(rows, room - 3))

    def _cut(self, head: list[Line], room: int) -> list[Line]:
        if len(head) <= room:
            return head
        key = ": z shows them" if self.has_more else ""
        more = (Span(f"   … {len(head) - room + 1} more lines{key}", "dim"),)
        return [*head[: room - 1], more]

    def _choice_lines(self, width: int, columns: int, first_line: int) -> list[Line]:
        """The choices around the selected one, below a rule that says which ones they are. With two columns, a line
        says what the selected one answers."""
        if not self.choices:
            return []
        rows, fits = self._rows, self._rows * columns
        first = max(0, min(self._shown.start, self.at, len(self.choices) - fits), self.at - fits + 1)
        self._first_line = first_line + 1
        self._shown = shown = range(first, min(len(self.choices), first + fits))
        part = f" {shown.start + 1} to {shown.stop} of {len(self.choices)}" if len(shown) < len(self.choices) else ""
        if columns == 1:
            choices = [self._choice_line(index, width, with_why=True) for index in shown]
        else:
            halves = zip_longest(shown[:rows], shown[rows:])
            choices = [self._two_choices(one, other) for one, other in halves]
            choices.append((Span(f"   {visible(self.choices[self.at].why)}", "dim"),))
        return [_rule(f"ask next{part}", width), *choices]

    def _two_choices(self, one: int | None, other: int | None) -> Line:
        pair = [() if at is None else self._choice_line(at, self._column, with_why=False) for at in (one, other)]
        return (*fit(pair[0], self._column), *pair[1])

    def _choice_line(self, index: int, width: int, *, with_why: bool) -> Line:
        choice = self.choices[index]
        role = "cursor" if index == self.at else "text" if choice.usable else "dim"
        title = Span(f" {visible(choice.title)} ", role)
        why = (Span(f" {visible(choice.why)}", "dim"),) if with_why else ()
        return fit((Span(f" {self.letter(index) or ' '} ", "key"), title, *why), width)

    def letter(self, index: int) -> str:
        """The key of a choice; empty if it has none."""
        return self.choices[index].letter or (LETTERS[index] if index < len(LETTERS) else "")

    def _program(self, width: int) -> list[Line]:
        """The program of the selected choice."""
        if not self.choices:
            return []
        shown = [(Span(f"   {visible(text)}", "frame"),) for text in self.choices[self.at].preview]
        return [_rule("its program", width), *shown]

    def choice_at(self, x: int, y: int) -> int | None:
        """The index of the choice at a place on the screen; None if there is none."""
        row = y - self._first_line
        column = min(x // self._column, self._columns - 1)
        index = self._shown.start + row + column * self._rows
        return index if 0 <= row < self._rows and index in self._shown else None

    def move(self, step: int) -> None:
        """Select another choice; the first follows the last."""
        if self.choices:
            self.at = (self.at + step) % len(self.choices)
            self.refresh()

    def move_aside(self, step: int) -> None:
        """Select the choice beside the selected one, if there are two columns."""
        wanted = self.at + step * self._rows
        if wanted in self._shown:
            self.at = wanted
            self.refresh()

    def toggle_program(self) -> None:
        """Show or hide the program of the selected choice."""
        self.shows_program = not self.shows_program
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
        *,
        shows_program: bool = True,
    ) -> None:
        """`full` shows the whole head on a separate page. `shows_program` shows the program of the selected choice at
        first."""
        super().__init__()
        self._body = MenuBody(title, head, choices, theme)
        self._full = full
        self._body.has_more = full is not None
        self._body.shows_program = shows_program

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
        elif key in ("right", "left"):
            self._body.move_aside(1 if key == "right" else -1)
        elif key == "enter":
            self._choose(self._body.at, edit=False)
        elif key == "e":
            self._choose(self._body.at, edit=True)
        elif key == "v":
            self._body.toggle_program()
        elif key == "z" and self._full is not None:
            self._full()
        else:
            self._press(event.character or "")

    def _press(self, character: str) -> None:
        """Choose by a letter."""
        letters = [self._body.letter(index) for index in range(len(self._body.choices))]
        if character and character in letters:
            self._choose(letters.index(character), edit=False)

    def _choose(self, index: int, *, edit: bool) -> None:
        choices = self._body.choices
        if not choices:
            self.leave(None)
        elif index < len(choices) and choices[index].usable:
            self.leave(Chosen(index, edit))

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked line."""
        event.stop()
        index = self._body.choice_at(event.x, event.y)
        if index is not None:
            self._choose(index, edit=False)

    def refresh_page(self) -> None:
        """Draw the page again: its content may have changed."""
        self._body.refresh()
