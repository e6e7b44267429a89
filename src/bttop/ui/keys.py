"""The key map: every command once, with its keys, its words and what it does. Bindings, help, footer and palette all
come from this table, so none of them can disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a user can do."""

    name: str
    keys: tuple[str, ...]
    """Textual's key names; the first is the one shown."""
    title: str
    group: str
    run: Callable[[BttopApp], None]
    hint: str = ""
    """The word in the footer; empty keeps it out."""
    shown: str = ""
    """How the keys are written in help, where Textual's names are not what is on the keycap."""

    @property
    def label(self) -> str:
        """The keys as help and palette write them."""
        return self.shown or " ".join(CAPS.get(key, key) for key in self.keys)


CAPS = {
    "question_mark": "?", "slash": "/", "space": "Space", "enter": "Enter", "escape": "Esc", "tab": "Tab", "plus": "+",
    "minus": "-", "shift+tab": "S-Tab", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End", "ctrl+c": "Ctrl-C", "ctrl+p": "Ctrl-P", "equals_sign": "=",
}  # fmt: skip


def _focus(number: int) -> Command:
    return Command(
        f"pane-{number}",
        (str(number),),
        f"Focus pane {number}",
        "Panes",
        lambda app: app.board.focus_pane(number - 1),
    )


COMMANDS: tuple[Command, ...] = (
    Command("detail", ("enter",), "Show the selected row in full", "Rows", lambda app: app.show_detail(), "row"),
    Command(
        "zoom",
        ("z",),
        "Zoom the pane, or show all again",
        "Panes",
        lambda app: app.board.toggle_zoom(),
        "zoom",
    ),
    Command("sort", ("s",), "Sort by the next column", "Rows", lambda app: app.pane.sort_by(1), "sort"),
    Command("reverse", ("S",), "Reverse the order", "Rows", lambda app: app.pane.reverse()),
    Command("filter", ("slash",), "Show only rows that contain …", "Rows", lambda app: app.ask_filter(), "filter"),
    Command("hold", ("space",), "Hold the display; collection goes on", "Panes", lambda app: app.hold(), "hold"),
    Command("view", ("v",), "Next map or view of the pane", "Panes", lambda app: app.pane.next_subject(), "view"),
    Command(
        "toggle",
        ("x",),
        "Stop or start the pane's program",
        "Programs",
        lambda app: app.toggle_program(),
        "stop",
    ),
    Command("next", ("tab",), "Next pane", "Panes", lambda app: app.board.focus_step(1)),
    Command("previous", ("shift+tab",), "Previous pane", "Panes", lambda app: app.board.focus_step(-1)),
    *(_focus(number) for number in range(1, 10)),
    Command("down", ("down", "j"), "Next row", "Rows", lambda app: app.pane.move(1)),
    Command("up", ("up", "k"), "Previous row", "Rows", lambda app: app.pane.move(-1)),
    Command(
        "unfold",
        ("right", "l"),
        "Fold the frames of a stack out",
        "Rows",
        lambda app: app.pane.fold(open_=True),
    ),
    Command("fold", ("left", "h"), "Fold the frames of a stack in", "Rows", lambda app: app.pane.fold(open_=False)),
    Command("page-down", ("pagedown",), "One page down", "Rows", lambda app: app.pane.page(1)),
    Command("page-up", ("pageup",), "One page up", "Rows", lambda app: app.pane.page(-1)),
    Command("first", ("home", "g"), "First row", "Rows", lambda app: app.pane.jump(to_end=False)),
    Command("last", ("end", "G"), "Last row", "Rows", lambda app: app.pane.jump(to_end=True)),
    Command(
        "back",
        ("escape",),
        "Back: deselect, clear the filter, leave the zoom",
        "Panes",
        lambda app: app.back(),
    ),
    Command("slower", ("plus", "equals_sign"), "Longer interval", "Programs", lambda app: app.step_interval(1)),
    Command("faster", ("minus",), "Shorter interval", "Programs", lambda app: app.step_interval(-1)),
    Command("badges", ("b",), "Explain the pane's badges and state", "Panes", lambda app: app.explain()),
    Command("theme", ("t",), "Next theme", "Screen", lambda app: app.next_theme()),
    Command("redraw", ("ctrl+l",), "Draw the screen anew", "Screen", lambda app: app.redraw(), shown="Ctrl-L"),
    Command("palette", ("ctrl+p",), "All commands by name", "Screen", lambda app: app.action_command_palette()),
    Command(
        "help",
        ("question_mark", "f1"),
        "This page",
        "Screen",
        lambda app: app.show_help(),
        "all",
        shown="? F1",
    ),
    Command("quit", ("q", "ctrl+c"), "Quit; every probe is detached", "Screen", lambda app: app.leave(), "quit"),
)

BY_NAME = {command.name: command for command in COMMANDS}
FOOTER_ORDER = ("detail", "zoom", "sort", "filter", "hold", "view", "toggle", "help", "quit")
