"""The key map: every command once, with its keys, its words and what it does. Bindings, help, footer and palette all
come from this table, so none of them can disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bttop.ui.editing import edit, save
from bttop.ui.jobcontrol import stop_job
from bttop.ui.offering import open_offers

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


Run: TypeAlias = "Callable[[BttopApp], None]"


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a user can do."""

    name: str
    keys: tuple[str, ...]
    """Textual's key names; the first is the one shown."""
    title: str
    group: str
    run: Run
    needs_no_pane: bool = False
    """Works on an empty board too."""
    hint: str = ""
    """The word in the footer; empty keeps it out."""
    traces: bool = False
    """Needs programs that run: in a recording there are none."""

    @property
    def label(self) -> str:
        """The keys as help and palette write them."""
        return " ".join(CAPS.get(key, key) for key in self.keys)


CAPS = {
    "question_mark": "?", "slash": "/", "space": "Space", "enter": "Enter", "escape": "Esc", "tab": "Tab", "plus": "+",
    "minus": "-", "shift+tab": "S-Tab", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End", "ctrl+c": "Ctrl-C", "ctrl+p": "Ctrl-P", "ctrl+l": "Ctrl-L",
    "ctrl+z": "Ctrl-Z",
    "equals_sign": "=", "colon": ":", "f1": "F1", "backspace": "BS", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}", "less_than_sign": "<",
    "greater_than_sign": ">", "comma": ",", "full_stop": ".",
}  # fmt: skip
"""What is on the keycaps, where Textual's names differ."""


def _focus(number: int) -> Command:
    return Command(
        f"pane-{number}", (str(number),), f"Focus pane {number}", "Panes", lambda app: app.board.focus_pane(number - 1)
    )


def _pane(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "") -> Command:
    return Command(name, keys, title, "Panes", run, hint=hint)


def _row(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "") -> Command:
    return Command(name, keys, title, "Rows", run, hint=hint)


def _time(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "") -> Command:
    return Command(name, keys, title, "Time", run, hint=hint)


def _program(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "", *, traces: bool = True) -> Command:
    return Command(name, keys, title, "Programs", run, hint=hint, traces=traces)


def _screen(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "", *, traces: bool = False) -> Command:
    return Command(name, keys, title, "Screen", run, hint=hint, needs_no_pane=True, traces=traces)


COMMANDS: tuple[Command, ...] = (
    _pane("zoom", ("z",), "Zoom the pane, or show all again", lambda app: app.board.toggle_zoom(), "zoom"),
    _pane("view", ("v",), "Next map or view of the pane", lambda app: app.pane.next_subject(), "view"),
    _pane("column", ("c",), "Column for unit, for container, for neither", lambda app: app.explorer.next_column()),
    _pane("next", ("tab",), "Next pane", lambda app: app.board.focus_step(1)),
    _pane("previous", ("shift+tab",), "Previous pane", lambda app: app.board.focus_step(-1)),
    *(_focus(number) for number in range(1, 10)),
    _pane("page", ("0",), "Next page of panes", lambda app: app.board.next_page()),
    _pane("back", ("escape",), "Back: deselect, clear the filter, leave the zoom", lambda app: app.back()),
    _pane("badges", ("b",), "Explain the pane's badges and state", lambda app: app.explain()),
    _row("detail", ("enter",), "The row in full, and what to ask next", lambda app: app.explorer.open_row(), "row"),
    Command(
        "return", ("backspace",), "Close the question asked last", "Rows", lambda app: app.explorer.back(), traces=True
    ),
    Command(
        "ladder",
        ("L",),
        "The ladder for the row's process",
        "Rows",
        lambda app: app.explorer.open_ladder(),
        traces=True,
    ),
    _row("sort", ("s",), "Sort by the next column", lambda app: app.pane.sort_by(1), "sort"),
    _row("reverse", ("S",), "Reverse the order", lambda app: app.pane.reverse()),
    _row("filter", ("slash",), "Show only rows that contain …", lambda app: app.ask_filter(), "filter"),
    _row("down", ("down", "j"), "Next row", lambda app: app.pane.move(1)),
    _row("up", ("up", "k"), "Previous row", lambda app: app.pane.move(-1)),
    _row("unfold", ("right", "l"), "Fold the frames of a stack out", lambda app: app.pane.fold(open_=True)),
    _row("fold", ("left", "h"), "Fold the frames of a stack in", lambda app: app.pane.fold(open_=False)),
    _row("page-down", ("pagedown",), "One page down", lambda app: app.pane.page(1)),
    _row("page-up", ("pageup",), "One page up", lambda app: app.pane.page(-1)),
    _row("first", ("less_than_sign",), "First row", lambda app: app.pane.jump(to_end=False)),
    _row("last", ("greater_than_sign", "G"), "Last row", lambda app: app.pane.jump(to_end=True)),
    _time(
        "step-back",
        ("left_square_bracket",),
        "One flush back; collection goes on",
        lambda app: app.travel.step(-1),
        "back",
    ),
    _time(
        "step-on",
        ("right_square_bracket",),
        "One flush on; past the newest is live",
        lambda app: app.travel.step(1),
        "on",
    ),
    _time("leap-back", ("left_curly_bracket",), "Ten flushes back", lambda app: app.travel.step(-10)),
    _time("leap-on", ("right_curly_bracket",), "Ten flushes on", lambda app: app.travel.step(10)),
    _time("go", ("g",), "Go to a time: 03:11, 03:11:04, -5m", lambda app: app.travel.ask(), "time"),
    _time("start", ("home",), "Where the history begins", lambda app: app.travel.start()),
    _time("live", ("end",), "Live again; in a recording its end", lambda app: app.travel.end(), "live"),
    _time("hold", ("space",), "Hold the display; back in time: play, pause", lambda app: app.hold(), "play"),
    _time("mark-back", ("comma",), "The mark before this moment", lambda app: app.travel.to_mark(-1)),
    _time("mark-on", ("full_stop",), "The mark after this moment", lambda app: app.travel.to_mark(1), "mark"),
    _time("mark", ("m",), "Set a mark with a note", lambda app: app.recordings.ask_mark()),
    _time("record", ("r",), "Record, the last 15 minutes included; end it", lambda app: app.recordings.toggle(), "rec"),
    _program("toggle", ("x",), "Stop or start the pane's program", lambda app: app.tracing.toggle(), "stop"),
    _program("approve", ("y",), "Run what is held back for its cost", lambda app: app.tracing.approve()),
    _program("close", ("X",), "Close the pane; its program is detached", lambda app: app.tracing.close()),
    _program("pin", ("p",), "Pin the pane to the row's process", lambda app: app.pins.pin_pane(), "pin"),
    _program("pin-all", ("P",), "Pin every pane to the row's process", lambda app: app.pins.pin_all()),
    _program("pin-group", ("n",), "Pin the pane to the row's unit or container", lambda app: app.pins.pin_group()),
    _program("pin-group-all", ("N",), "Pin every pane to it", lambda app: app.pins.pin_group_all()),
    _program("unpin", ("u",), "Lift the pin", lambda app: app.pins.unpin()),
    _program("offers", ("O",), "Better ways to ask what the script asks", lambda app: open_offers(app)),
    _program("edit", ("e",), "Edit the pane's script in $EDITOR", lambda app: edit(app)),
    _program("save", ("w",), "Save the pane's script as a probe file", lambda app: save(app), traces=False),
    _time("more", ("plus", "equals_sign"), "Longer interval; back in time: faster", lambda app: app.step_pace(1)),
    _time("less", ("minus",), "Shorter interval; back in time: slower", lambda app: app.step_pace(-1)),
    _screen("prompt", ("colon",), "Type or paste a program", lambda app: app.prompt.open(), "ask", traces=True),
    _screen("catalogue", ("a",), "The catalogue: library and kernel", lambda app: app.finder.open(), traces=True),
    _screen(
        "open-new", ("o",), "Open the probe file that appeared last", lambda app: app.shelf.open_new(), traces=True
    ),
    _screen("host", ("T",), "Every BPF program of this host, and its cost", lambda app: app.show_host(), traces=True),
    _screen("theme", ("t",), "Next theme", lambda app: app.wardrobe.wear_next()),
    _screen("redraw", ("ctrl+l",), "Draw the screen anew", lambda app: app.redraw()),
    _screen("palette", ("ctrl+p",), "All commands by name", lambda app: app.action_command_palette()),
    _screen("stop-job", ("ctrl+z",), "Back to the shell; fg comes back", lambda app: stop_job(app)),
    _screen("help", ("question_mark", "f1"), "This page", lambda app: app.show_help(), "all"),
    _screen("quit", ("q", "ctrl+c"), "Quit; every probe is detached", lambda app: app.leave(), "quit"),
)

BY_NAME = {command.name: command for command in COMMANDS}
FOOTER_ORDER = ("detail", "zoom", "sort", "filter", "pin", "prompt", "step-back", "record", "help", "quit")
FOOTER_OF_THE_PAST = ("step-back", "step-on", "go", "live", "hold", "mark-on", "detail", "zoom", "help", "quit")
"""The same while the screen is not live."""
