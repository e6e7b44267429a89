"""Commands for flame graphs. The view of a flame graph takes them over (see `Drawing.acts`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bttop.ui.commands.command import Command, CommandGroup
from bttop.ui.services.collaborators import Collaborators


class FlameCommands:
    """What the keys of a flame graph do in a pane without one."""

    def __init__(self, around: Collaborators) -> None:
        self._screen = around.screen

    def refuse(self) -> None:
        """Say that there is no flame graph."""
        self._screen.tell("this pane has no flame graph; v shows the next view")


_KEYS: Final = (
    ("flame-form", "i", "Root at the top, at the bottom, or inverted"),
    ("flame-split", "M", "All processes, by process or by thread"),
    ("flame-names", "F", "Functions, offsets or files"),
)
_COMMANDS: Final[Sequence[Command[FlameCommands]]] = tuple(
    Command(name, (key,), title, "Flame graph", place, FlameCommands.refuse)
    for place, (name, key, title) in enumerate(_KEYS, start=1)
)

GROUPS = (CommandGroup(FlameCommands, _COMMANDS),)
