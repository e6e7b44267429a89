"""The application: wires board, bars and key map together. What panes, views and the engine do is theirs."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.engine.program import Program as Running
from bttop.engine.runlength import RunLength
from bttop.engine.session import Session
from bttop.errors import BttopError
from bttop.model.names import decoders
from bttop.ui.ask import AskBar, Question
from bttop.ui.asking import Prompt
from bttop.ui.bars import FooterBar, HeaderBar
from bttop.ui.board import Board
from bttop.ui.driver import NonBlockingDriver
from bttop.ui.explore import Explorer
from bttop.ui.finding import Finder
from bttop.ui.hostpage import host_lines
from bttop.ui.keys import BY_NAME, COMMANDS, FOOTER_OF_THE_PAST, FOOTER_ORDER
from bttop.ui.lastresort import LastResort
from bttop.ui.menu import Menu
from bttop.ui.pages import badge_lines, help_lines
from bttop.ui.pane import Pane
from bttop.ui.pins import Pins
from bttop.ui.recordings import Recordings
from bttop.ui.reloads import Reloads
from bttop.ui.repaints import Repaints
from bttop.ui.sheet import Sheet
from bttop.ui.shelf import Shelf
from bttop.ui.spans import Line
from bttop.ui.surroundings import Surroundings
from bttop.ui.themes import Theme
from bttop.ui.tracing import Tracing
from bttop.ui.travel import Travel
from bttop.ui.wardrobe import Wardrobe


class Recorded(BttopError):
    """What was asked for needs programs that run."""

    def __init__(self) -> None:
        super().__init__("this is a recording: nothing can be traced here; bttop shows what runs now")


class BttopApp(App[None]):
    """The dashboard, live or of a recording."""

    CSS = "Screen { layout: vertical; background: transparent; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"command('{command.name}')", command.title, show=False, priority=True)
        for command in COMMANDS
        for key in command.keys
    ]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ENABLE_COMMAND_PALETTE = True
    inherit_bindings: ClassVar[bool] = False
    board: Board
    wardrobe: Wardrobe
    shelf: Shelf
    tracing: Tracing
    pins: Pins
    prompt: Prompt
    reloads: Reloads
    finder: Finder
    explorer: Explorer
    recordings: Recordings
    travel: Travel
    last_resort: LastResort

    def __init__(self, session: Session, settings: Settings, around: Surroundings) -> None:
        super().__init__(driver_class=NonBlockingDriver)
        self.session = session
        self._notices = tuple(around.notices)
        self._seconds = around.seconds
        self.wardrobe = Wardrobe(self, around.themes, around.theme, around.trust)
        self.glyphs = around.glyphs
        theme = self.wardrobe.theme
        self.board = Board(session.programs, theme, around.glyphs, decoders(session.host.machine))
        self.shelf = Shelf(self, around.probe_folders, around.trust)
        self.tracing = Tracing(self, settings)
        self.pins = Pins(self)
        self.prompt = Prompt(self)
        self.reloads = Reloads(self, (*around.probe_folders, *around.theme_folders), around.trust)
        self.finder = Finder(self)
        self.explorer = Explorer(self, around.people)
        self.recordings = Recordings(self, around.recorder, around.marks)
        self.travel = Travel(self)
        self._begin_at = around.moment
        self._header_bar = HeaderBar(session, theme)
        self._ask_bar = AskBar(theme)
        self._footer_bar = FooterBar(theme)
        self._repaints = Repaints(self, self._look, self._show)
        self.on_end: Callable[[], None] = lambda: None
        """Called when the screen is gone, before a crash says what it was: that may wait for a terminal which is
        not read, and nothing else must."""
        self._problems = 0

    @property
    def engine(self) -> Engine:
        """What runs the programs. Raises Recorded in a review: only commands that trace ask for it."""
        if not isinstance(self.session, Engine):
            raise Recorded
        return self.session

    @property
    def running(self) -> Running:
        """The program of the pane that commands are for, as one that runs. Raises Recorded in a review."""
        program = self.pane.program
        if not isinstance(program, Running):
            raise Recorded
        return program

    @property
    def pane(self) -> Pane:
        """The pane that commands are for."""
        return self.board.focused_pane

    def compose(self) -> ComposeResult:
        yield self._header_bar
        yield self.board
        yield self._ask_bar
        yield self._footer_bar

    # Time.

    def on_mount(self) -> None:
        """Begin to follow the engine."""
        self.session.door.listen(lambda: self.from_thread(self._repaints.on_ring))
        if self.session.end is not None:
            self.travel.begin(self._begin_at)
        self.restart_ticker()
        self.call_after_refresh(self._on_first_frame)
        if self._seconds is not None:
            length = RunLength(self._seconds, self.engine.seconds_run)
            self.set_interval(0.2, lambda: self.leave() if length.is_over(self.engine.programs) else None)
        if self._notices:
            self.tell("; ".join(self._notices), "warn")

    async def on_event(self, event: events.Event) -> None:
        """Any key and any touch of the mouse, wherever it goes to, says that somebody is there."""
        if isinstance(event, events.InputEvent | events.Paste):
            self.session.touch()
        await super().on_event(event)

    def on_unmount(self) -> None:
        """The terminal has been given back."""
        self.on_end()

    def from_thread(self, call: Callable[[], None]) -> None:
        """Have something done on the screen's thread; raises RuntimeError once its loop has closed."""
        loop = self._loop
        assert loop is not None
        loop.call_soon_threadsafe(self.call_later, call)

    def _on_first_frame(self) -> None:
        """Start-up is over: probes may use full speed; what was imported needs no collecting ever again."""
        self.session.at_full_speed()
        self.recordings.begin()
        if self.session.end is None:
            # Before the library is read: what is saved from now on is not missed.
            self.reloads.follow()
            self.shelf.read_behind()
        gc.freeze()
        self._look()

    def restart_ticker(self) -> None:
        """Repaint as often as there is something new; while time is played, as often as may be."""
        self._repaints.tick_every(0 if self.travel.clock.playing else self.tracing.settings.interval_ms / 1000)

    def _look(self) -> None:
        """The one repaint of all: on every tick, and at once when the engine rings."""
        if self.session.error is not None:
            raise self.session.error
        self._repaints.looked()
        self.session.door.looked()
        self.board.follow(self.session.programs)
        self.travel.pass_by()
        self._show()
        self.recordings.check()
        self._tell_problems()
        if self.session.end is None:
            self.explorer.note()
            self.pins.check()

    def _tell_problems(self) -> None:
        """What of a recording could not be read: noticed when it is looked at."""
        found = self.session.problems
        if len(found) > self._problems:
            self.tell("; ".join(found[self._problems :]), "warn")
            self._problems = len(found)

    def _show(self) -> None:
        """Paint everything as it was at the moment on show."""
        at, header = self.travel.clock.at, self._header_bar
        self.board.advance(at)
        header.page, header.moment, header.held = self.board.page, at, self.board.held
        header.light, header.time = self.recordings.spans(), self.travel.spans()
        header.mark = self.travel.mark_spans()
        header.repaint()
        if at is not None and self.board.unfinished:
            self._repaints.show_again()
        if isinstance(self.screen, Sheet | Menu):
            self.screen.refresh_page()

    def moved_in_time(self) -> None:
        """The clock stands elsewhere, or goes at another pace: seen at once."""
        if self.travel.clock.at is not None:
            self.board.hold(False)
        self._footer_bar.order = FOOTER_ORDER if self.travel.clock.at is None else FOOTER_OF_THE_PAST
        self.restart_ticker()
        self._show()
        self._footer_bar.repaint()

    # What the parts of the screen share.

    def tell(self, text: str, role: str = "hint", *, stays: bool = False) -> None:
        """Say something in the footer, until the next key; unless it `stays`, the next notice takes its place too."""
        self._footer_bar.tell(text, role, stays=stays)

    def ask(self, question: Question, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask something above the footer."""
        self._footer_bar.hush()
        self._ask_bar.ask(question, text, notes)

    # Commands (see keys.py).

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The key map is for the board: sheets, the palette and questions have keys of their own. Its bindings have
        priority, so that a key that opens one of these has done so before the next, typed at once, is looked at."""
        if action == "command":
            return self.screen is self.screen_stack[0] and not self._ask_bar.asking
        return super().check_action(action, parameters)

    def action_command(self, name: str) -> None:
        """Run a command of the key map."""
        if isinstance(self.screen, Sheet) and name not in ("quit", "theme"):
            self.pop_screen()
        self._footer_bar.hush()
        command = BY_NAME[name]
        try:
            if command.traces:
                _ = self.engine
            if self.board.panes or command.needs_no_pane:
                command.run(self)
        except Recorded as refusal:
            self.tell(refusal.cause, "warn")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Every key works in the palette too."""
        for command in COMMANDS:
            yield SystemCommand(
                command.title, f"{command.group}: {command.label}", lambda c=command: self.action_command(c.name)
            )
        yield from self.wardrobe.commands()

    def leave(self) -> None:
        """End in order."""
        self.exit(return_code=0)

    def back(self) -> None:
        """One step back."""
        if self.pane.clear():
            return
        if self.board.zoomed:
            self.board.toggle_zoom(False)
        elif self.session.end is None and self.travel.clock.at is not None:
            self.travel.end()

    def hold(self) -> None:
        """Let the display stand, or go on; away from live, play or pause."""
        if self.travel.clock.at is None:
            self.board.hold(not self.board.held)
            self._show()
        else:
            self.travel.play()

    def step_pace(self, step: int) -> None:
        """Ask all programs for a longer or shorter interval; away from live, play faster or slower."""
        if self.travel.clock.at is None:
            self.tracing.step_interval(step)
        else:
            self.travel.faster(step)

    def ask_filter(self) -> None:
        """Filter the pane while typing; Esc brings the old filter back."""
        pane = self.pane
        before = pane.choice.needle

        def done(text: str | None) -> None:
            pane.filter(before if text is None else text)

        self.ask(Question("filter: ", done, pane.filter), before)

    def show_host(self) -> None:
        """Every BPF program of the host and what it costs."""
        engine = self.engine
        self.push_screen(
            Sheet("BPF programs of this host", lambda width: host_lines(engine, width), self.wardrobe.theme)
        )

    def show_help(self) -> None:
        """All keys."""
        self.push_screen(Sheet("bttop: keys", help_lines, self.wardrobe.theme))

    def explain(self) -> None:
        """What the pane's program runs, its state, and what its badges mean."""
        feed = self.pane.feed
        self.push_screen(
            Sheet(f"{self.pane.program.name}: state", lambda width: badge_lines(feed, width), self.wardrobe.theme)
        )

    def set_theme(self, theme: Theme) -> None:
        """Other colours everywhere."""
        self.theme = theme.dialogs.name
        self.board.set_theme(theme)
        for bar in (self._header_bar, self._footer_bar, self._ask_bar):
            bar.set_theme(theme)

    def redraw(self) -> None:
        """Send the whole screen again."""
        self.refresh(repaint=True, layout=True)
        self.screen.refresh(repaint=True, layout=True)

    def on_pane_opened(self, message: Pane.Opened) -> None:
        """A double click on a row."""
        self.board.focus_program(message.pane.program)
        self.explorer.open_row()
