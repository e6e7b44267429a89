"""The application: connects the board, the bars and the key map. Panes, views and the engine do the work."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from bttop.engine.generation.candidates import Settings
from bttop.engine.headless.run_length import RunLength
from bttop.engine.session import Session
from bttop.model.format.names import decoders
from bttop.ui.app_config import AppConfig
from bttop.ui.board.bars import FooterBar, HeaderBar
from bttop.ui.board.board import Board
from bttop.ui.board.pane import Pane
from bttop.ui.board.repaints import Repaints
from bttop.ui.commands.help_page import help_lines
from bttop.ui.dialogs.input_bar import InputBar, InputQuestion
from bttop.ui.dialogs.menu import Menu
from bttop.ui.dialogs.sheet import Sheet
from bttop.ui.key_map import BY_NAME, COMMANDS, FOOTER, FOOTER_OF_THE_PAST, NEED_TRACING, bind
from bttop.ui.render.spans import Line
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.pin_watch import mark_ended_pins
from bttop.ui.services.probe_library import ProbeLibrary
from bttop.ui.services.program_prompt import ProgramPrompt
from bttop.ui.services.question_trail import QuestionTrail
from bttop.ui.services.recordings import Recordings
from bttop.ui.services.reloads import Reloads
from bttop.ui.services.running_programs import RunningPrograms
from bttop.ui.services.theme_manager import ThemeManager
from bttop.ui.services.time_control import TimeControl
from bttop.ui.services.tracing import Tracing
from bttop.ui.terminal.driver import NonBlockingDriver
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog
from bttop.ui.themes import Theme

T = TypeVar("T")


class BttopApp(App[None]):
    """The dashboard of running programs or of a recording."""

    CSS = "Screen { layout: vertical; background: transparent; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"command('{command.name}')", command.title, show=False, priority=True)
        for command in COMMANDS
        for key in command.keys
    ]
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ENABLE_COMMAND_PALETTE = True
    inherit_bindings: ClassVar[bool] = False
    last_resort: ShutdownWatchdog

    def __init__(self, session: Session, settings: Settings, around: AppConfig) -> None:
        super().__init__(driver_class=NonBlockingDriver)
        self.session = session
        self._notices = tuple(around.notices)
        self._seconds = around.seconds
        self.theme_manager = ThemeManager(self, around.themes, around.theme, around.trust)
        theme = self.theme_manager.theme
        self.theme = theme.dialogs.name
        self.board = Board(session.programs, theme, around.glyphs, decoders(session.host.machine))
        self.recordings = Recordings(self, around.glyphs, around.recorder, around.marks)
        self.time = TimeControl(session, self.board, around.glyphs, lambda: self.recordings.marks, self)
        self.tracing = self._make_tracing(settings, around)
        self.processes = around.processes
        self._begin_at = around.moment
        self._header_bar = HeaderBar(session, theme)
        self._ask_bar = InputBar(theme)
        self._footer_bar = FooterBar(theme, FOOTER)
        self._repaints = Repaints(self, self._look, self._show)
        self._run = self._bind_commands()
        self.on_end: Callable[[], None] = lambda: None
        """Called when the screen is closed, before Textual prints the traceback of a crash: printing may block on a
        terminal that is not read, and the programs must be stopped before that."""
        self._problems = 0

    def _make_tracing(self, settings: Settings, around: AppConfig) -> Tracing | None:
        engine = self.session.tracing
        if engine is None:
            return None
        probes = ProbeLibrary(self, around.probe_folders, around.trust)
        folders = (*around.probe_folders, *around.theme_folders)
        reloads = Reloads(engine, probes, self.theme_manager, self, folders, around.trust)
        programs = RunningPrograms(engine, settings, probes, reloads, self)
        trail = QuestionTrail(engine, programs, probes, self.board, self)
        return Tracing(engine, programs, ProgramPrompt(engine, programs, self), trail, probes, reloads)

    def _bind_commands(self) -> Mapping[str, Callable[[], None]]:
        return bind(
            Collaborators(
                self.session,
                self.tracing,
                self.board,
                self.time,
                self.recordings,
                self.theme_manager,
                self.processes,
                self,
                lambda cells: help_lines(COMMANDS, cells),
            )
        )

    def compose(self) -> ComposeResult:
        yield self._header_bar
        yield self.board
        yield self._ask_bar
        yield self._footer_bar

    # Time.

    def on_mount(self) -> None:
        """Start to follow the engine."""
        self.session.bridge.listen(lambda: self.from_thread(self._repaints.on_notify))
        if self.tracing is None:
            self.time.begin(self._begin_at)
        self.restart_ticker()
        self.call_after_refresh(self._on_first_frame)
        if self._seconds is not None and self.tracing is not None:
            engine = self.tracing.engine
            length = RunLength(self._seconds, engine.seconds_run)
            self.set_interval(0.2, lambda: self.leave() if length.is_over(engine.programs) else None)
        if self._notices:
            self.tell("; ".join(self._notices), "warn")

    async def on_event(self, event: events.Event) -> None:
        """Every key and mouse event resets the session's idle timer."""
        if isinstance(event, events.InputEvent | events.Paste):
            self.session.touch()
        await super().on_event(event)

    def on_unmount(self) -> None:
        """The terminal has been restored: stop the programs."""
        self.on_end()

    def from_thread(self, call: Callable[[], None]) -> None:
        """Call `call` on the screen's thread. Raises RuntimeError if the event loop is closed."""
        loop = self._loop
        assert loop is not None
        loop.call_soon_threadsafe(self.call_later, call)

    def _on_first_frame(self) -> None:
        """End of start-up: let the engine run at full speed, and freeze the imported objects, so that the garbage
        collector skips them."""
        self.session.at_full_speed()
        self.recordings.begin()
        if self.tracing is not None:
            self.tracing.begin()
        gc.freeze()
        self._look()

    def restart_ticker(self) -> None:
        """Repaint once per interval of the programs; as often as possible while a recording is played."""
        interval_ms = 1000 if self.tracing is None else self.tracing.programs.settings.interval_ms
        self._repaints.tick_every(0 if self.time.cursor.playing else interval_ms / 1000)

    def _look(self) -> None:
        """Take in what is new and repaint: on every tick, and soon after the engine notifies."""
        if self.session.error is not None:
            raise self.session.error
        self._repaints.looked()
        self.session.bridge.acknowledge()
        self.board.follow(self.session.programs)
        self.time.pass_by()
        self._show()
        self.recordings.check()
        self._tell_problems()
        if self.tracing is not None:
            # Look up the processes while they live: they may have ended when the user asks for them.
            self.processes.note([pid for pane in self.board.panes for pid in pane.visible_pids()])
            mark_ended_pins(self.board, self)

    def _tell_problems(self) -> None:
        """Report the parts of a recording that could not be read; they are found when they are shown."""
        found = self.session.problems
        if len(found) > self._problems:
            self.tell("; ".join(found[self._problems :]), "warn")
            self._problems = len(found)

    def _show(self) -> None:
        """Paint everything for the moment on show."""
        at, header = self.time.cursor.at, self._header_bar
        self.board.advance(at)
        header.page, header.moment, header.held = self.board.page, at, self.board.held
        header.light, header.time = self.recordings.spans(), self.time.spans()
        header.mark = self.time.mark_spans()
        header.repaint()
        if at is not None and self.board.unfinished:
            self._repaints.show_again()
        if isinstance(self.screen, Sheet | Menu):
            self.screen.refresh_page()

    def moved_in_time(self) -> None:
        """The time cursor has moved or its speed has changed: repaint at once."""
        if self.time.cursor.at is not None:
            self.board.hold(False)
        self._footer_bar.keys = FOOTER if self.time.cursor.at is None else FOOTER_OF_THE_PAST
        self.restart_ticker()
        self._show()
        self._footer_bar.repaint()

    # The interface for services (see services/screen_access.py).

    def tell(self, text: str, role: str = "hint", *, stays: bool = False) -> None:
        """Show a notice in the footer until the next key. The next notice replaces it too, unless it `stays`."""
        self._footer_bar.tell(text, role, stays=stays)

    def ask(self, question: InputQuestion, text: str = "", notes: Sequence[Line] = ()) -> None:
        """Ask a question above the footer."""
        self._footer_bar.hush()
        self._ask_bar.ask(question, text, notes)

    def show(self, dialog: Screen[T], done: Callable[[T | None], None] | None = None) -> None:
        """Show a dialog over the board."""
        self.push_screen(dialog, done)

    @property
    def dialog(self) -> Screen[Any]:
        """The screen on top: the board or a dialog."""
        return self.screen

    def on_a_thread(self, job: Callable[[], None], group: str = "default") -> None:
        """Run a job that may block on a thread."""
        self.run_worker(job, thread=True, group=group)

    def in_background(self, job: Coroutine[Any, Any, None], *, only_one: str = "") -> None:
        """Run a coroutine on the event loop."""
        self.run_worker(job, exclusive=bool(only_one), group=only_one or "default")

    @contextmanager
    def without_screen(self) -> Iterator[None]:
        """Within the context another program has the terminal."""
        # batch_update holds repaints back: they must not queue up while an editor has the terminal.
        with self.batch_update(), self.suspend(), self.last_resort.interrupts_ignored():
            yield

    def repaint(self) -> None:
        """Paint what has changed."""
        self._show()

    def open_palette(self) -> None:
        """Show all commands by name."""
        self.action_command_palette()

    def redraw(self) -> None:
        """Send the whole screen again."""
        self.refresh(repaint=True, layout=True)
        self.screen.refresh(repaint=True, layout=True)

    def leave(self) -> None:
        """Quit with exit code 0."""
        self.exit(return_code=0)

    def register_colours(self, theme: Theme) -> None:
        """Register the theme's dialog colours with Textual."""
        self.register_theme(theme.dialogs)

    def set_theme(self, theme: Theme) -> None:
        """Use a theme everywhere."""
        is_same = self.theme == theme.dialogs.name
        self.theme = theme.dialogs.name
        if is_same:
            self.mutate_reactive(App.theme)
        self.board.set_theme(theme)
        for bar in (self._header_bar, self._footer_bar, self._ask_bar):
            bar.set_theme(theme)

    # Commands (see key_map.py).

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow the key map on the board only: sheets, the palette and questions have their own keys. Its bindings have
        priority, so that a key that opens a dialog takes effect before the next key is handled."""
        if action == "command":
            return self.screen is self.screen_stack[0] and not self._ask_bar.asking
        return super().check_action(action, parameters)

    def action_command(self, name: str) -> None:
        """Run a command of the key map."""
        if isinstance(self.screen, Sheet) and name not in ("quit", "theme"):
            self.pop_screen()
        self._footer_bar.hush()
        if name in NEED_TRACING and self.tracing is None:
            self.tell("this is a recording: nothing can be traced here; run `bttop` to trace", "warn")
        elif self.board.panes or BY_NAME[name].needs_no_pane:
            self._run[name]()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The commands for the palette: all of the key map, and the themes."""
        for command in COMMANDS:
            yield SystemCommand(
                command.title, f"{command.group}: {command.label}", lambda c=command: self.action_command(c.name)
            )
        yield from self.theme_manager.commands()

    def on_pane_opened(self, message: Pane.Opened) -> None:
        """A double click on a row opens it."""
        self.board.focus_program(message.pane.program)
        self.action_command("detail")
