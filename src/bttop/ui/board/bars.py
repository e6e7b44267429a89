"""The first and the last line of the screen: the header, and the footer with keys and notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bttop.engine.program.past_status import NOTED_NS
from bttop.engine.program.status import ProgramState
from bttop.engine.session import Session
from bttop.model.format.text import visible
from bttop.script.process.pin import Pin
from bttop.ui.board.costs import bill_spans
from bttop.ui.board.pane import paint
from bttop.ui.board.pin_text import pin_text
from bttop.ui.render.spans import Line, Span, fit, line_width
from bttop.ui.themes import Theme

_ROOM_FOR_THE_HOST = 24
"""Cells that are reserved for the left part of the header."""


class Bar(Widget):
    """One line of the screen."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.bttop_theme = theme
        self._strip: Strip | None = None

    def line(self, cells: int) -> Line:  # noqa: ARG002
        """The content of the line; empty by default."""
        return ()

    def repaint(self) -> None:
        """Draw the line again if it has changed."""
        cells = self.size.width
        strip = paint(fit(self.line(cells), cells), self.bttop_theme, cells)
        if strip != self._strip:
            self._strip = strip
            self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Use a theme."""
        self.bttop_theme = theme
        self.repaint()

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._strip is None or self._strip.cell_length != self.size.width:
            cells = self.size.width
            self._strip = paint(fit(self.line(cells), cells), self.bttop_theme, cells)
        return [self._strip.crop(crop.x, crop.right)] * crop.height


class HeaderBar(Bar):
    """Host, pin, cost of tracing, kernel, bpftrace, number of live programs, interval and time; at an earlier moment
    also that moment."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__(theme)
        self._session = session
        self.held = False
        self.page = ""
        """The name of the page on show; empty for the first."""
        self.moment: int | None = None
        """The moment on show, on CLOCK_BOOTTIME in ns; None is live."""
        self.light: tuple[Span, ...] = ()
        """The state of the recording."""
        self.time: tuple[Span, ...] = ()
        """The position in time; empty when live."""
        self.mark: tuple[Span, ...] = ()
        """A mark near the moment on show; left out if there is no room."""

    def line(self, cells: int) -> Line:
        session = self._session
        moment = None if self.moment is None else self.moment + NOTED_NS
        pages = [program.page(moment) for program in session.programs]
        live = sum(page.status.state is ProgramState.LIVE for page in pages)
        left = [
            Span(f" {visible(session.host.name)} ", "header-strong"),
            Span(f" {visible(self.page)} " if self.page else " ", "match"),
            self._pin([page.pin for page in pages]),
        ]
        facts = Span(f"  {visible(session.host.kernel)}  bpftrace {session.bpftrace.release}", "header")
        interval = min((page.status.interval_ns for page in pages), default=1_000_000_000) / 1e9
        now = Span(f"  every {interval:g} s  {datetime.now().astimezone():%H:%M:%S} ", "header")
        right = [
            *self.light,
            Span(f"{live} of {len(pages)} live", "good" if live == len(pages) else "warn"),
            *((Span("  "), *self.time) if self.time else (now,)),
            Span("HELD " if self.held else "", "warn"),
        ]
        if cells - line_width((*self.mark, *right)) > _ROOM_FOR_THE_HOST:
            right = [*self.mark, *right]
        room = max(0, cells - line_width(tuple(right)) - 1)
        bill = session.bill_at(moment)
        alarmed = any(page.alarm for page in pages)
        left += bill_spans(bill, facts, room - line_width(tuple(left)), alarmed=alarmed)
        return (*fit(left, room), Span(" "), *right)

    def _pin(self, pins: Sequence[Pin | None]) -> Span:
        """The pin that all programs share, or the number of pinned programs."""
        pinned = [pin for pin in pins if pin is not None]
        if not pinned:
            return Span("no pin", "header")
        if len(set(pins)) == 1:
            return Span(pin_text(pinned[0]), "match")
        return Span(f"{len(pinned)} of {len(pins)} pinned", "match")


class KeyHint(NamedTuple):
    """A key in the footer."""

    key: str
    """The key as it is on the keyboard."""
    text: str
    command: str
    """The name of the command."""


class FooterBar(Bar):
    """Shows keys; or a notice until the next key."""

    def __init__(self, theme: Theme, keys: Sequence[KeyHint]) -> None:
        super().__init__(theme)
        self._notice: tuple[str, str] | None = None
        self._stays = False
        self._hints: list[tuple[int, int, str]] = []
        self.keys = keys
        """The keys that are shown."""

    def tell(self, text: str, role: str = "hint", *, stays: bool = False) -> None:
        """Show a notice until the next key. The next notice replaces it too, unless it `stays`."""
        if stays or not self._stays:
            self._notice, self._stays = (text, role), stays
            self.repaint()

    def hush(self) -> None:
        """Remove the notice."""
        if self._notice is not None:
            self._notice, self._stays = None, False
            self.repaint()

    def line(self, cells: int) -> Line:
        if self._notice is not None:
            return (Span(f" {visible(self._notice[0])}", self._notice[1]),)
        return self._keys(cells)

    def _keys(self, cells: int) -> Line:
        spans: list[Span] = [Span(" ")]
        self._hints = []
        for key, text, name in self.keys:
            at = line_width(tuple(spans))
            if at + len(key) + len(text) + 1 > cells:
                break
            gap = " " * min(2, cells - at - len(key) - len(text) - 1)
            spans += [Span(key, "key"), Span(f" {text}{gap}", "hint")]
            self._hints.append((at, at + len(key) + len(text) + 1, name))
        return tuple(spans)

    def on_click(self, event: events.Click) -> None:
        """A click on a key hint runs its command."""
        event.stop()
        name = next((name for start, end, name in self._hints if start <= event.x < end), None)
        if name is not None and self._notice is None:
            self.app.call_later(self.app.run_action, f"command('{name}')")
