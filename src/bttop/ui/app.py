"""The application: wires board, bars and key map together. What panes, views and the engine do is theirs."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.model.names import decoders
from bttop.ui.bars import FooterBar, HeaderBar, Question
from bttop.ui.board import Board
from bttop.ui.driver import NonBlockingDriver
from bttop.ui.keys import BY_NAME, COMMANDS
from bttop.ui.pages import badge_lines, help_lines
from bttop.ui.pane import Pane
from bttop.ui.sheet import Sheet
from bttop.ui.spans import Glyphs
from bttop.ui.themes import Theme

INTERVALS_MS = (100, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000)
LONGEST_TICK, SHORTEST_TICK = 1.0, 0.25
"""Seconds between two repaints: the interval, within these bounds."""


class BttopApp(App[None]):
    """The live dashboard."""

    CSS = "Screen { layout: vertical; background: transparent; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"command('{command.name}')", command.title, show=False)
        for command in COMMANDS
        for key in command.keys
    ]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ENABLE_COMMAND_PALETTE = True
    inherit_bindings: ClassVar[bool] = False
    board: Board

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        themes: Mapping[str, Theme],
        theme_name: str,
        glyphs: Glyphs,
        *,
        pinned: str = "no pin",
        notices: Sequence[str] = (),
    ) -> None:
        super().__init__(driver_class=NonBlockingDriver)
        self.engine = engine
        self.settings = settings
        self._themes = dict(themes)
        self._theme_name = theme_name
        self._notices = tuple(notices)
        for one in self._themes.values():
            self.register_theme(one.dialogs)
        self.theme = self.look.dialogs.name
        self.board = Board(engine.programs, self.look, glyphs, decoders(engine.host.machine))
        self._header_bar = HeaderBar(engine, pinned, self.look)
        self._footer_bar = FooterBar(self.look)
        self._ticker: Any = None

    @property
    def look(self) -> Theme:
        """The theme in use."""
        return self._themes[self._theme_name]

    @property
    def pane(self) -> Pane:
        """The pane that commands are for."""
        return self.board.focused_pane

    def compose(self) -> ComposeResult:
        yield self._header_bar
        yield self.board
        yield self._footer_bar

    def on_mount(self) -> None:
        """Begin to follow the engine."""
        loop = self._loop
        assert loop is not None

        def wake() -> None:
            loop.call_soon_threadsafe(self.call_later, self._look)

        self.engine.door.listen(wake)
        self._restart_ticker()
        self.call_after_refresh(self._on_first_frame)
        if self._notices:
            self._footer_bar.tell("; ".join(self._notices), "warn")

    def _on_first_frame(self) -> None:
        """Start-up is over: probes may use full speed; what was imported needs no collecting ever again."""
        self.engine.at_full_speed()
        gc.freeze()
        self._look()

    def _restart_ticker(self) -> None:
        if self._ticker is not None:
            self._ticker.stop()
        seconds = max(SHORTEST_TICK, min(LONGEST_TICK, self.settings.interval_ms / 1000))
        self._ticker = self.set_interval(seconds, self._look)

    def _look(self) -> None:
        """The one repaint of all: on every tick, and at once when the engine rings."""
        if self.engine.error is not None:
            raise self.engine.error
        self.engine.door.looked()
        self.board.advance()
        self._header_bar.repaint()
        if isinstance(self.screen, Sheet):
            self.screen.refresh_page()

    # Commands (see keys.py).

    def action_command(self, name: str) -> None:
        """Run a command of the key map."""
        if isinstance(self.screen, Sheet) and name not in ("quit", "theme"):
            self.pop_screen()
        self._footer_bar.hush()
        BY_NAME[name].run(self)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Every key works in the palette too."""
        for command in COMMANDS:
            yield SystemCommand(command.title, f"{command.group}: {command.label}", lambda c=command: c.run(self))
        for name, theme in self._themes.items():
            yield SystemCommand(f"Theme: {theme.title}", "Screen", lambda n=name: self.use_theme(n))

    def leave(self) -> None:
        """End in order."""
        self.exit(return_code=0)

    def back(self) -> None:
        """One step back."""
        if not self.pane.clear() and self.board.zoomed:
            self.board.toggle_zoom(False)

    def hold(self) -> None:
        """Let the display stand, or go on."""
        self.board.toggle_hold()
        self._header_bar.held = self.board.held
        self._header_bar.repaint()

    def toggle_program(self) -> None:
        """Stop or start the pane's program."""
        self.engine.toggle(self.pane.program)

    def step_interval(self, step: int) -> None:
        """Ask all programs for a longer or shorter interval."""
        at = min(range(len(INTERVALS_MS)), key=lambda i: abs(INTERVALS_MS[i] - self.settings.interval_ms))
        wanted = INTERVALS_MS[max(0, min(len(INTERVALS_MS) - 1, at + step))]
        if wanted == self.settings.interval_ms:
            self._footer_bar.tell(f"{wanted / 1000:g} s is the end of the scale", "warn")
            return
        self.settings = replace(self.settings, interval_ms=wanted)
        self.engine.change(self.settings)
        self._restart_ticker()
        self._footer_bar.tell(f"interval {wanted / 1000:g} s: each pane changes over at its first new flush")

    def ask_filter(self) -> None:
        """Filter the pane while typing; Esc brings the old filter back."""
        pane = self.pane
        before = pane.choice.needle

        def done(text: str | None) -> None:
            pane.filter(before if text is None else text)

        self._footer_bar.ask(Question("filter: ", pane.filter, done), before)

    def show_detail(self) -> None:
        """The selected row in full, alive."""
        pane = self.pane
        if pane.detail(80):
            self.push_screen(Sheet(f"{pane.program.name}: {pane.subject.label}", pane.detail, self.look))

    def show_help(self) -> None:
        """All keys."""
        self.push_screen(Sheet("bttop: keys", help_lines, self.look))

    def explain(self) -> None:
        """What the pane's program runs, its state, and what its badges mean."""
        feed = self.pane.feed
        self.push_screen(Sheet(f"{self.pane.program.name}: state", lambda width: badge_lines(feed, width), self.look))

    def next_theme(self) -> None:
        """Go round the themes."""
        names = list(self._themes)
        self.use_theme(names[(names.index(self._theme_name) + 1) % len(names)])
        self._footer_bar.tell(f"theme {self.look.title}")

    def use_theme(self, name: str) -> None:
        """Use a theme by name."""
        self._theme_name = name
        self.theme = self.look.dialogs.name
        self.board.set_theme(self.look)
        self._header_bar.set_theme(self.look)
        self._footer_bar.set_theme(self.look)

    def redraw(self) -> None:
        """Send the whole screen again."""
        self.refresh(repaint=True, layout=True)
        self.screen.refresh(repaint=True, layout=True)

    def on_pane_opened(self, message: Pane.Opened) -> None:
        """A double click on a row."""
        self.board.focus_pane(self.board.panes.index(message.pane))
        self.show_detail()
