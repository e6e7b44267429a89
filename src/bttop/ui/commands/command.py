"""Commands: name, keys, texts and function. The commands of a group share one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.ui.services.tracing import Tracing


G = TypeVar("G")

CAPS = {
    "question_mark": "?", "slash": "/", "space": "Space", "enter": "Enter", "escape": "Esc", "tab": "Tab", "plus": "+",
    "minus": "-", "shift+tab": "S-Tab", "shift+up": "S-↑", "shift+down": "S-↓",
    "shift+left": "S-←", "shift+right": "S-→", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End", "ctrl+c": "Ctrl-C", "ctrl+p": "Ctrl-P", "ctrl+l": "Ctrl-L",
    "ctrl+z": "Ctrl-Z",
    "equals_sign": "=", "colon": ":", "dollar_sign": "$", "f1": "F1", "backspace": "BS", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}", "less_than_sign": "<",
    "greater_than_sign": ">", "left_parenthesis": "(", "right_parenthesis": ")", "comma": ",", "full_stop": ".",
}  # fmt: skip
"""The names of keys as shown to the user, where they differ from Textual's."""


class Hint(Struct, frozen=True):
    """A key hint in the footer."""

    text: str
    """One word."""
    live: int = 0
    """Its place in the footer of the live screen; 0 keeps it out."""
    past: int = 0
    """The same while the screen shows the past or a recording."""


class Command(Struct, Generic[G], frozen=True):
    """A command of the user. `run` is called with the object that its group has made."""

    name: str
    keys: tuple[str, ...]
    """Textual's key names; the first is the one shown."""
    title: str
    group: str
    """The heading on the help page."""
    place: int
    """Its position below that heading."""
    run: Callable[[G], None]
    needs_no_pane: bool = False
    """Whether it works on an empty board too."""
    hint: Hint | None = None
    """Its key hint in the footer, if it has one."""

    @property
    def label(self) -> str:
        """The keys as help and palette show them."""
        return " ".join(CAPS.get(key, key) for key in self.keys)

    @property
    def first_key(self) -> str:
        """The key that the footer shows."""
        return CAPS.get(self.keys[0], self.keys[0])


class CommandGroup(Struct, Generic[G], frozen=True):
    """Commands for running programs and for recordings."""

    make: Callable[[Collaborators], G]
    commands: Sequence[Command[G]]

    def bind(self, around: Collaborators) -> Mapping[str, Callable[[], None]]:
        """The function of each command by its name."""
        return _bind(self.make(around), self.commands)


class TracingGroup(Struct, Generic[G], frozen=True):
    """Commands for running programs; a recording does not have them."""

    make: Callable[[Collaborators, Tracing], G]
    commands: Sequence[Command[G]]

    def bind(self, around: Collaborators) -> Mapping[str, Callable[[], None]]:
        """The function of each command by its name; empty in a recording."""
        return {} if around.tracing is None else _bind(self.make(around, around.tracing), self.commands)


def _bind(made: G, commands: Sequence[Command[G]]) -> dict[str, Callable[[], None]]:
    return {command.name: partial(command.run, made) for command in commands}
