"""The key map: every command once, with its keys, its words and what it does. Bindings, help, footer and palette all
come from this table, so none of them can disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

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

    @property
    def label(self) -> str:
        """The keys as help and palette write them."""
        return " ".join(CAPS.get(key, key) for key in self.keys)


CAPS = {
    "question_mark": "?", "slash": "/", "space": "Space", "enter": "Enter", "escape": "Esc", "tab": "Tab", "plus": "+",
    "minus": "-", "shift+tab": "S-Tab", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End", "ctrl+c": "Ctrl-C", "ctrl+p": "Ctrl-P", "ctrl+l": "Ctrl-L",
    "equals_sign": "=", "colon": ":", "f1": "F1", "backspace": "BS",
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


def _program(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "") -> Command:
    return Command(name, keys, title, "Programs", run, hint=hint)


def _screen(name: str, keys: tuple[str, ...], title: str, run: Run, hint: str = "") -> Command:
    return Command(name, keys, title, "Screen", run, hint=hint, needs_no_pane=True)


COMMANDS: tuple[Command, ...] = (
    _pane("zoom", ("z",), "Zoom the pane, or show all again", lambda app: app.board.toggle_zoom(), "zoom"),
    _pane("view", ("v",), "Next map or view of the pane", lambda app: app.pane.next_subject(), "view"),
    _pane("column", ("c",), "Column for unit, for container, for neither", lambda app: app.explorer.next_column()),
    _pane("hold", ("space",), "Hold the display; collection goes on", lambda app: app.hold(), "hold"),
    _pane("next", ("tab",), "Next pane", lambda app: app.board.focus_step(1)),
    _pane("previous", ("shift+tab",), "Previous pane", lambda app: app.board.focus_step(-1)),
    *(_focus(number) for number in range(1, 10)),
    _pane("page", ("0",), "Next page of panes", lambda app: app.board.next_page()),
    _pane("back", ("escape",), "Back: deselect, clear the filter, leave the zoom", lambda app: app.back()),
    _pane("badges", ("b",), "Explain the pane's badges and state", lambda app: app.explain()),
    _row("detail", ("enter",), "The row in full, and what to ask next", lambda app: app.explorer.open_row(), "row"),
    _row("return", ("backspace",), "Close the question asked last", lambda app: app.explorer.back()),
    _row("ladder", ("L",), "The ladder for the row's process", lambda app: app.explorer.open_ladder()),
    _row("sort", ("s",), "Sort by the next column", lambda app: app.pane.sort_by(1), "sort"),
    _row("reverse", ("S",), "Reverse the order", lambda app: app.pane.reverse()),
    _row("filter", ("slash",), "Show only rows that contain …", lambda app: app.ask_filter(), "filter"),
    _row("down", ("down", "j"), "Next row", lambda app: app.pane.move(1)),
    _row("up", ("up", "k"), "Previous row", lambda app: app.pane.move(-1)),
    _row("unfold", ("right", "l"), "Fold the frames of a stack out", lambda app: app.pane.fold(open_=True)),
    _row("fold", ("left", "h"), "Fold the frames of a stack in", lambda app: app.pane.fold(open_=False)),
    _row("page-down", ("pagedown",), "One page down", lambda app: app.pane.page(1)),
    _row("page-up", ("pageup",), "One page up", lambda app: app.pane.page(-1)),
    _row("first", ("home", "g"), "First row", lambda app: app.pane.jump(to_end=False)),
    _row("last", ("end", "G"), "Last row", lambda app: app.pane.jump(to_end=True)),
    _program("toggle", ("x",), "Stop or start the pane's program", lambda app: app.toggle_program(), "stop"),
    _program("approve", ("y",), "Run what is held back for its cost", lambda app: app.approve()),
    _program("close", ("X",), "Close the pane; its program is detached", lambda app: app.close_pane()),
    _program("pin", ("p",), "Pin the pane to the row's process", lambda app: app.pins.pin_pane(), "pin"),
    _program("pin-all", ("P",), "Pin every pane to the row's process", lambda app: app.pins.pin_all()),
    _program("unpin", ("u",), "Lift the pin", lambda app: app.pins.unpin()),
    _program("offers", ("O",), "Better ways to ask what the script asks", lambda app: open_offers(app)),
    _program("edit", ("e",), "Edit the pane's script in $EDITOR", lambda app: app.edit_pane()),
    _program("save", ("w",), "Save the pane's script as a probe file", lambda app: app.save_pane()),
    _program("slower", ("plus", "equals_sign"), "Longer interval", lambda app: app.step_interval(1)),
    _program("faster", ("minus",), "Shorter interval", lambda app: app.step_interval(-1)),
    _screen("prompt", ("colon",), "Type or paste a program", lambda app: app.prompt.open(), "ask"),
    _screen("catalogue", ("a",), "The catalogue: library and kernel", lambda app: app.finder.open()),
    _screen("open-new", ("o",), "Open the probe file that appeared last", lambda app: app.open_offered()),
    _screen("theme", ("t",), "Next theme", lambda app: app.next_theme()),
    _screen("redraw", ("ctrl+l",), "Draw the screen anew", lambda app: app.redraw()),
    _screen("palette", ("ctrl+p",), "All commands by name", lambda app: app.action_command_palette()),
    _screen("help", ("question_mark", "f1"), "This page", lambda app: app.show_help(), "all"),
    _screen("quit", ("q", "ctrl+c"), "Quit; every probe is detached", lambda app: app.leave(), "quit"),
)

BY_NAME = {command.name: command for command in COMMANDS}
FOOTER_ORDER = ("detail", "zoom", "sort", "filter", "pin", "prompt", "hold", "help", "quit")
