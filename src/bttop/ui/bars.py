"""The first and the last line of the screen: where we are, and what can be done; the last also asks and tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.engine import Engine
from bttop.engine.status import State
from bttop.ui.keys import BY_NAME, CAPS, FOOTER_ORDER
from bttop.ui.pane import paint
from bttop.ui.spans import Line, Span, fit, line_width
from bttop.ui.text import visible
from bttop.ui.themes import Theme


class Bar(Widget):
    """One line of the screen."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.bttop_theme = theme
        self._strip: Strip | None = None

    def line(self, cells: int) -> Line:
        """What stands on the line."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Draw anew if anything differs."""
        cells = self.size.width
        strip = paint(fit(self.line(cells), cells), self.bttop_theme, cells)
        if strip != self._strip:
            self._strip = strip
            self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Other colours."""
        self.bttop_theme = theme
        self.repaint()

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._strip is None or self._strip.cell_length != self.size.width:
            cells = self.size.width
            self._strip = paint(fit(self.line(cells), cells), self.bttop_theme, cells)
        return [self._strip.crop(crop.x, crop.right)] * crop.height


class HeaderBar(Bar):
    """Host, kernel, bpftrace, pin, how many programs live, interval, time."""

    def __init__(self, engine: Engine, pinned: str, theme: Theme) -> None:
        super().__init__(theme)
        self._engine = engine
        self._pinned = pinned
        self.held = False

    def line(self, cells: int) -> Line:
        engine = self._engine
        live = sum(program.status.state is State.LIVE for program in engine.programs)
        count = len(engine.programs)
        left = [
            Span(f" {visible(engine.host.name)} ", "header-strong"),
            Span(f" {engine.host.kernel}  bpftrace {engine.bpftrace.release}  ", "header"),
            Span(self._pinned, "match" if self._pinned != "no pin" else "header"),
        ]
        interval = min((program.status.interval_ns for program in engine.programs), default=1_000_000_000) / 1e9
        right = [
            Span(f"{live} of {count} live", "good" if live == count else "warn"),
            Span(f"  every {interval:g} s  {datetime.now().astimezone():%H:%M:%S} ", "header"),
            Span("HELD " if self.held else "", "warn"),
        ]
        room = cells - line_width(tuple(right))
        return (*fit(left, max(0, room)), *right)


@dataclass(frozen=True, slots=True)
class Question:
    """Something the footer asks for, letter by letter."""

    prompt: str
    changed: Callable[[str], None]
    """Called with the text after every key."""
    done: Callable[[str | None], None]
    """Called with the text at Enter, with None at Esc."""


class FooterBar(Bar):
    """Keys; or a question with the text so far; or a notice, for as long as nobody presses a key."""

    can_focus = True

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._question: Question | None = None
        self._text = ""
        self._notice: tuple[str, str] | None = None
        self._hints: list[tuple[int, int, str]] = []

    @property
    def asking(self) -> bool:
        return self._question is not None

    def ask(self, question: Question, text: str = "") -> None:
        """Ask; keys go here until Enter or Esc."""
        self._question, self._text, self._notice = question, text, None
        self.focus()
        self.repaint()

    def tell(self, text: str, role: str = "hint") -> None:
        """Say something, until the next key."""
        self._notice = (text, role)
        self.repaint()

    def hush(self) -> None:
        """Take the notice away."""
        if self._notice is not None:
            self._notice = None
            self.repaint()

    def line(self, cells: int) -> Line:
        if self._question is not None:
            return (Span(f" {self._question.prompt}", "key"), Span(visible(self._text)), Span("▏", "key"))
        if self._notice is not None:
            return (Span(f" {visible(self._notice[0])}", self._notice[1]),)
        return self._keys(cells)

    def _keys(self, cells: int) -> Line:
        spans: list[Span] = [Span(" ")]
        self._hints = []
        for name in FOOTER_ORDER:
            command = BY_NAME[name]
            key = CAPS.get(command.keys[0], command.keys[0])
            at = line_width(tuple(spans))
            if at + len(key) + len(command.hint) + 1 > cells:
                break
            gap = " " * min(2, cells - at - len(key) - len(command.hint) - 1)
            spans += [Span(key, "key"), Span(f" {command.hint}{gap}", "hint")]
            self._hints.append((at, at + len(key) + len(command.hint) + 1, name))
        return tuple(spans)

    def on_key(self, event: events.Key) -> None:
        """Typing into the question."""
        if self._question is None:
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape", "ctrl+c"):
            question, text = self._question, self._text
            self._question, self._text = None, ""
            self.screen.set_focus(None)
            question.done(text if event.key == "enter" else None)
        else:
            self._edit(event)
        self.repaint()

    def _edit(self, event: events.Key) -> None:
        assert self._question is not None
        if event.key in ("backspace", "ctrl+h"):
            self._text = self._text[:-1]
        elif event.key == "ctrl+u":
            self._text = ""
        elif event.key == "ctrl+w":
            self._text = self._text.rstrip().rpartition(" ")[0]
        elif event.character is not None and event.is_printable:
            self._text += event.character
        else:
            return
        self._question.changed(self._text)

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text counts as typed; line ends become blanks."""
        if self._question is not None:
            event.stop()
            self._text += " ".join(event.text.split())
            self._question.changed(self._text)
            self.repaint()

    def on_click(self, event: events.Click) -> None:
        """A key hint can be clicked."""
        event.stop()
        name = next((name for start, end, name in self._hints if start <= event.x < end), None)
        if name is not None and not self.asking and self._notice is None:
            self.app.call_later(self.app.run_action, f"command('{name}')")
