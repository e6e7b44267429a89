"""The key map: every command that a module of `ui/commands` declares. Bindings, help, footer and palette are all
made from it, so that they always agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bttop.extensions import modules_in
from bttop.ui import commands
from bttop.ui.board.screen_bars.bars import ALWAYS_SHOWN, KeyHint
from bttop.ui.commands.command import Command, CommandGroup, Hint, TracingGroup
from bttop.ui.commands.help_page import HEADINGS
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.ui.dialogs.palette import PaletteEntry

Group: TypeAlias = CommandGroup[Any] | TracingGroup[Any]


def _find() -> Iterator[Group]:
    for module in modules_in(commands, below=True):
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


def _footer(place: Callable[[Hint], int]) -> tuple[KeyHint, ...]:
    """The hints that have a place, in its order."""
    found = [(place(one.hint), KeyHint(one.first_key, one.hint.text, one.name)) for one in COMMANDS if one.hint]
    return tuple([hint for at, hint in sorted(found) if at])


FOOTER: Final = _footer(lambda hint: hint.live)
"""The keys in the footer."""
FOOTER_OF_THE_PAST: Final = _footer(lambda hint: hint.past)
"""The same while the screen is not live."""


FOOTER_OF_THE_ZOOM: Final = (
    KeyHint(BY_NAME["back"].first_key, "all panes", "back"),
    *(hint for hint in FOOTER if hint.command not in ("zoom", "prompt")),
)
"""The same while a pane is zoomed."""


def _hint(name: str, text: str) -> KeyHint:
    return KeyHint(BY_NAME[name].first_key, text, name)


_OF_THE_FLAME: Final = (
    _hint("detail", "zoom"),
    _hint("return", "out"),
    _hint("filter", "search"),
    _hint("flame-form", "invert"),
    _hint("flame-split", "split"),
    _hint("flame-names", "names"),
    _hint("view", "list"),
)
FOOTER_OF_THE_FLAME: Final = (*_OF_THE_FLAME, *FOOTER[-ALWAYS_SHOWN:])
"""The same while the focused pane is a flame graph."""
FOOTER_OF_THE_PAST_FLAME: Final = (
    *(hint for hint in FOOTER_OF_THE_PAST if hint.command in ("step-back", "step-on", "live")),
    *FOOTER_OF_THE_FLAME,
)
"""The same while the screen is not live."""


def footer(*, is_past: bool, is_zoomed: bool, is_flame: bool = False) -> tuple[KeyHint, ...]:
    """The keys in the footer for what is on show."""
    if is_past:
        return FOOTER_OF_THE_PAST_FLAME if is_flame else FOOTER_OF_THE_PAST
    if is_flame:
        return (FOOTER_OF_THE_ZOOM[0], *FOOTER_OF_THE_FLAME) if is_zoomed else FOOTER_OF_THE_FLAME
    return FOOTER_OF_THE_ZOOM if is_zoomed else FOOTER


def bind(around: Collaborators) -> Mapping[str, Callable[[], None]]:
    """The function of each command by its name."""
    return {name: run for group in _FOUND for name, run in group.bind(around).items()}


def command_entries(run: Callable[[str], None]) -> Iterator[PaletteEntry]:
    """All commands in the palette, without the palette itself; `run` runs one by its name."""
    from bttop.ui.dialogs.palette import PaletteEntry

    for one in COMMANDS:
        if one.name != "palette":
            yield PaletteEntry(one.title, f"{one.group}: {one.label}", partial(run, one.name))
