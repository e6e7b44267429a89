"""The application: connects the board, the bars and the key map. Panes, views and the engine do the work."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from bttop.model.format.names import decoders
from bttop.ui.board.board import Board
from bttop.ui.board.pane import Pane
from bttop.ui.board.repaints import Repaints
from bttop.ui.board.screen_bars.bars import FooterBar, HeaderBar
from bttop.ui.board.screen_bars.timeline_bar import TimelineBar
from bttop.ui.board.visible_pids import look_up_visible
from bttop.ui.commands.help_page import help_lines
from bttop.ui.dialogs.input_bar import InputBar, InputQuestion
from bttop.ui.garbage import begin_collecting
from bttop.ui.key_map import BY_NAME, COMMANDS, FOOTER, NEED_TRACING, as_typed, bind, command_entries, footer
from bttop.ui.render.spans import Line
from bttop.ui.services.baselines import Baselines
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.next_steps import NextSteps
from bttop.ui.services.programs.pin_watch import mark_ended_pins
from bttop.ui.services.recordings import Recordings
from bttop.ui.services.theme_manager import ThemeManager
from bttop.ui.services.time_control import TimeControl
from bttop.ui.terminal.driver import BackgroundFound, NonBlockingDriver
from bttop.ui.terminal.screen_update import ExactUpdate
from bttop.ui.themes import Theme

if TYPE_CHECKING:
    from bttop.engine.generation.source import Settings
    from bttop.engine.session import Session
    from bttop.ui.app_config import AppConfig
    from bttop.ui.dialogs.modal import Modal
    from bttop.ui.dialogs.palette import PaletteEntry
    from bttop.ui.services.layout_mode import LayoutMode
    from bttop.ui.services.tracing import Tracing
    from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog

T = TypeVar("T")


def _palette_finder() -> type[Provider]:
    from bttop.ui.dialogs.palette import PaletteFinder

    return PaletteFinder


class BttopApp(App[None]):
    """The dashboard of running programs or of a recording."""

    CSS = "Screen { layout: vertical; background: transparent; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"command('{command.name}')", command.title, show=False, priority=True)
        for command in COMMANDS
        for key in command.keys
    ]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette_finder}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ENABLE_COMMAND_PALETTE = True
    inherit_bindings: ClassVar[bool] = False
    last_resort: ShutdownWatchdog

    def __init__(
        self,
        session: Session,
        settings: Settings,
        around: AppConfig,
        driver: type[NonBlockingDriver] = NonBlockingDriver,
    ) -> None:
        super().__init__(driver_class=driver)
        self.session = session
        self._notices, self._seconds = tuple(around.notices), around.seconds
        self.theme_manager = ThemeManager(
            self, around.themes, around.theme, around.trust, follows_background=around.follows_background
        )
        theme = self.theme_manager.theme
        self.theme = theme.dialogs.name
        named = decoders(session.host.machine, session.host.devices)
        self.board = Board(session.programs, theme, around.glyphs, named, around.frame_names, session.now)
        self.recordings = Recordings(self, around.glyphs, around.recorder, around.marks, around.watch)
        self.time = TimeControl(session, self.board, around.glyphs, lambda: self.recordings.marks, self)
        self.baselines = Baselines(session, self.board, self.time, self, around)
        self.tracing: Tracing | None = None
        if session.tracing is not None:
            from bttop.ui.services.tracing import make_tracing  # a recording is shown without it

            self.tracing = make_tracing(session.tracing, settings, around, self.board, self.theme_manager, self)
        self.processes = around.processes
        self.frame_names = around.frame_names
        self._begin_at, self._plays = around.moment, around.plays
        self._header_bar = HeaderBar(session, theme)
        self._timeline_bar = TimelineBar(theme, around.glyphs)
        self._ask_bar = InputBar(theme, around.glyphs, self._show_keys)
        self._footer_bar = FooterBar(theme, FOOTER)
        self.tell = self._footer_bar.tell
        self._repaints = Repaints(self, self._look, self._go_on)
        self._run = self._bind_commands()
        self.on_end: Callable[[], None] = lambda: None
        """Called when the screen is closed, before Textual prints the traceback of a crash: printing may block on a
        terminal that is not read, and the programs must be stopped before that."""

    def _bind_commands(self) -> Mapping[str, Callable[[], None]]:
        return bind(
            Collaborators(
                self.session,
                self.tracing,
                self.board,
                self.time,
                self.recordings,
                self.baselines,
                self.theme_manager,
                self.processes,
                self,
                lambda cells: help_lines(COMMANDS, cells),
            )
        )

    def compose(self) -> ComposeResult:
        yield self._header_bar
        yield self.board
        yield self._timeline_bar
        yield self._ask_bar
        yield self._footer_bar

    # Time.

    def on_mount(self) -> None:
        """Start to follow the engine, and ask the terminal for its background if that chooses the theme."""
        if self.theme_manager.follows_background and isinstance(self._driver, NonBlockingDriver):
            self._driver.ask_background()
        self.session.bridge.listen(lambda: self.from_thread(self._repaints.on_notify))
        if self.tracing is None:
            self.time.begin(self._begin_at, plays=self._plays)
        self.restart_ticker()
        self.call_after_refresh(self._on_first_frame)
        if self._seconds is not None and self.tracing is not None:
            is_over = self.tracing.is_over_after(self._seconds)
            self.set_interval(0.2, lambda: self.leave() if is_over() else None)
        hints = dict.fromkeys(hint for program in self.session.programs for hint in program.page().status.hints)
        if self._notices or hints:
            self.tell("; ".join([*self._notices, *hints]), "warn" if self._notices else "hint")

    async def on_event(self, event: events.Event) -> None:
        """Every key and mouse event resets the session's idle timer."""
        if isinstance(event, events.InputEvent | events.Paste):
            self.session.touch()
        if isinstance(event, events.Key):
            typed = as_typed(event)
            if typed and not getattr(self.screen, "edits_text", self._ask_bar.asking or len(self.screen_stack) > 1):
                for one in typed:
                    self.post_message(one)
                return
            if self._takes_key(event.key):
                return
        await super().on_event(event)

    def _takes_key(self, key: str) -> bool:
        """Give a key to the layout mode while it is on and nothing is in front of the board."""
        is_free = len(self.screen_stack) == 1 and not self._ask_bar.asking
        if not (is_free and self.board.is_arranged):
            return False
        self._footer_bar.hush()
        taken = self.layout_mode.press(key)
        self._show_keys()
        return taken

    @cached_property
    def layout_mode(self) -> LayoutMode:
        """The keys of the layout mode."""
        from bttop.ui.services.layout_mode import LayoutMode  # needed only with the first key of the mode

        return LayoutMode(self.board, self)

    def on_unmount(self) -> None:
        """The terminal has been restored: stop the programs."""
        self.on_end()

    def from_thread(self, call: Callable[[], None]) -> None:
        """Call `call` on the screen's thread; does nothing once the screen has ended."""
        assert self._loop is not None
        with suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(self.call_later, call)

    def _on_first_frame(self) -> None:
        """End of start-up: let the engine run at full speed, and start the garbage collector, which skips the imported
        objects."""
        self.session.at_full_speed()
        begin_collecting()
        self._look()
        self.call_later(self._begin_background)  # after the keys that were typed before the first frame

    def _begin_background(self) -> None:
        """Start the recorder, watch the folders and read the library; read the baseline of the command line."""
        self.recordings.begin()
        self.baselines.begin()
        if self.tracing is not None:
            self.tracing.begin()

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
        self._footer_bar.tell_problems(self.session.problems)
        self._footer_bar.check()
        if self.tracing is not None:
            # Look up the processes while they live: they may have ended when the user asks for them.
            look_up_visible(self.board.panes, self.processes)
            mark_ended_pins(self.board, self.processes, self)

    def _show(self) -> None:
        """Paint everything for the moment on show."""
        at, header = self.time.cursor.at, self._header_bar
        self.baselines.follow()
        self.board.advance(at, self.time.cursor.chosen)
        header.page, header.moment, header.held = self.board.page, at, self.board.held
        header.light, header.time, header.baseline = (
            one.spans() for one in (self.recordings, self.time, self.baselines)
        )
        header.repaint()
        self._timeline_bar.show_position(self.time.position())
        self._finish_showing()

    def _go_on(self) -> None:
        """Paint the panes that were still reading; while they do, all else stays as it was painted."""
        self.board.go_on(self.time.cursor.at, self.time.cursor.chosen)
        self._finish_showing()

    def _finish_showing(self) -> None:
        if self.board.unfinished:
            self._repaints.go_on_soon()
        if (page := self._page) is not None:
            page.refresh_page()
        else:
            self._show_keys()  # what Enter does may depend on what has come under the cursor

    @property
    def _page(self) -> Modal[Any] | None:
        """The page over the board; None without one. Pages are imported when the first one opens."""
        if len(self.screen_stack) == 1:
            return None
        from bttop.ui.dialogs.modal import Modal

        return self.screen if isinstance(self.screen, Modal) else None

    def moved_in_time(self) -> None:
        """The time cursor has moved or its speed has changed: repaint at once."""
        if self.time.cursor.at is not None:
            self.board.hold(False)
        self.restart_ticker()
        self._show()
        self._show_keys()

    def _show_keys(self) -> None:
        """Show the keys of the mode that is on: a question, the past, a zoomed pane, or none of them."""
        if self._ask_bar.asking:
            keys = self._ask_bar.keys
        elif self.board.is_arranged:
            keys = self.layout_mode.KEYS
        else:
            keys = footer(NextSteps(self.board, self.time, self.tracing is not None).keys())
        self._footer_bar.keys = keys
        self._footer_bar.repaint()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what has changed. Overrides a private method of Textual 8.2, which has no other place for this."""
        exact = ExactUpdate.of(renderable) if isinstance(renderable, ChopsUpdate) else renderable
        super()._display(screen, exact)

    # The interface for services (see services/screen_access.py).

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

    def send_to_terminal(self, sequences: str) -> None:
        """Send control sequences; they are dropped while the terminal does not read."""
        if self._driver is not None:
            self._driver.write(sequences)

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
        for bar in (self._header_bar, self._timeline_bar, self._footer_bar, self._ask_bar):
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
        if (page := self._page) is not None and page.yields_to_commands and name not in ("quit", "theme"):
            self.pop_screen()
        self._footer_bar.hush()
        if self.board.panes and self.board.focused_pane.act(name):
            self._show_keys()
        elif name in NEED_TRACING and self.tracing is None:
            self.tell("this is a recording: nothing can be traced here; run `bttop` to trace", "warn")
        elif self.board.panes or BY_NAME[name].needs_no_pane:
            self._run[name]()
            self._show_keys()

    @property
    def palette_entries(self) -> Sequence[PaletteEntry]:
        """What the palette finds: all commands but itself, the themes, and the probes of the library."""
        return [
            *command_entries(self.action_command),
            *self.layout_mode.palette_entries(),
            *self.theme_manager.palette_entries(),
            *self.baselines.palette_entries(),
            *self.time.palette_entries(),
            *(() if self.tracing is None else self.tracing.palette_entries()),
        ]

    def on_background_found(self, message: BackgroundFound) -> None:
        """The terminal has told its background."""
        self.theme_manager.match_background(dark=message.dark)

    def on_pane_opened(self, message: Pane.Opened) -> None:
        """A double click on a row opens it."""
        self.board.focus_on(message.pane)
        self.action_command("detail")
