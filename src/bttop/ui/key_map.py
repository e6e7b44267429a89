"""The key map: every command that a module of `ui/commands` declares. Bindings, help, footer and palette are all
made from it, so that they always agree."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bttop.ui import commands
from bttop.ui.board.bars import KeyHint
from bttop.ui.commands.command import Command, CommandGroup, TracingGroup
from bttop.ui.commands.help_page import HEADINGS
from bttop.ui.services.collaborators import Collaborators

Group: TypeAlias = CommandGroup[Any] | TracingGroup[Any]


def _find() -> Iterator[Group]:
    for one in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{one.name}")
        yield from getattr(module, "GROUPS", ())


def _place(command: Command[Any]) -> tuple[int, int]:
    return HEADINGS.index(command.group), command.place


_FOUND: Final[Sequence[Group]] = tuple(_find())
COMMANDS: Final[Sequence[Command[Any]]] = tuple(
    sorted((command for group in _FOUND for command in group.commands), key=_place)
)
"""All commands in the order of the help page."""
BY_NAME: Final[Mapping[str, Command[Any]]] = {command.name: command for command in COMMANDS}
NEED_TRACING: Final = frozenset(
    command.name for group in _FOUND if isinstance(group, TracingGroup) for command in group.commands
)
"""Names of the commands that do not work in a recording."""
_LIVE_FOOTER = ("detail", "zoom", "sort", "filter", "pin", "prompt", "step-back", "record", "help", "quit")
_PAST_FOOTER = ("step-back", "step-on", "go", "live", "hold", "mark-on", "detail", "zoom", "help", "quit")


def _hints(names: Sequence[str]) -> tuple[KeyHint, ...]:
    return tuple([KeyHint(BY_NAME[name].first_key, BY_NAME[name].hint, name) for name in names])


FOOTER: Final = _hints(_LIVE_FOOTER)
"""The keys in the footer while the screen is live."""
FOOTER_OF_THE_PAST: Final = _hints(_PAST_FOOTER)
"""The keys in the footer at an earlier moment."""


def bind(around: Collaborators) -> Mapping[str, Callable[[], None]]:
    """The function of each command by its name."""
    return {name: run for group in _FOUND for name, run in group.bind(around).items()}
