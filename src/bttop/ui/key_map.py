"""The key map: every command that a module of `ui/commands` declares. Bindings, help, footer and palette are all
made from it, so that they always agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from textual import events

from bttop.extensions import modules_in
from bttop.ui import commands
from bttop.ui.board.screen_bars.bars import ALWAYS_SHOWN, KeyHint
from bttop.ui.commands.command import Command, CommandGroup, Hint, TracingGroup
from bttop.ui.commands.help_page import HEADINGS
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.next_steps import KeyContext

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


def as_typed(event: events.Key) -> Sequence[events.Key]:
    """Esc and a letter that arrive together, as over a slow connection: they are read as Alt and the letter, which has
    no meaning here. Empty for all other keys."""
    letter = event.character
    if letter is None or not event.key.startswith("alt+"):
        return ()
    return events.Key("escape", "\x1b"), events.Key(letter, letter)


FOOTER: Final = _footer(lambda hint: hint.live)
"""The keys in the footer."""
FOOTER_OF_THE_PAST: Final = _footer(lambda hint: hint.past)
"""The same while the screen is not live."""


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
_FLAME: Final = (*_OF_THE_FLAME, *FOOTER[-ALWAYS_SHOWN:])
_TIME: Final = frozenset({"step-back", "step-on", "live"})
_PAST_FLAME: Final = (*(hint for hint in FOOTER_OF_THE_PAST if hint.command in _TIME), *_FLAME)


def footer(now: KeyContext) -> tuple[KeyHint, ...]:
    """The keys in the footer, each with what it does now. Esc is the first, if it does something that no other key of
    the footer does."""
    hints = [
        one._replace(text=now.enter) if one.command == "detail" else one
        for one in _hints(now)
        if one.command not in _left_out(now)
    ]
    is_shown = now.back and not any(one.text == now.back for one in hints)
    return (*([_hint("back", now.back)] if is_shown else []), *hints)


def _hints(now: KeyContext) -> tuple[KeyHint, ...]:
    if now.is_flame:
        return _PAST_FLAME if now.is_past else _FLAME
    return FOOTER_OF_THE_PAST if now.is_past else FOOTER


def _left_out(now: KeyContext) -> frozenset[str]:
    """The commands that have no effect now, or whose room Esc takes."""
    left_out = {"return"} if now.is_flame and not now.can_zoom_out else set[str]()
    if now.back:
        left_out.add("prompt")
    if now.is_zoomed:
        left_out.add("zoom")
    return frozenset(left_out)


def bind(around: Collaborators) -> Mapping[str, Callable[[], None]]:
    """The function of each command by its name."""
    return {name: run for group in _FOUND for name, run in group.bind(around).items()}


def command_entries(run: Callable[[str], None]) -> Iterator[PaletteEntry]:
    """All commands in the palette, without the palette itself; `run` runs one by its name."""
    from bttop.ui.dialogs.palette import PaletteEntry

    for one in COMMANDS:
        if one.name != "palette":
            yield PaletteEntry(one.title, f"{one.group}: {one.label}", partial(run, one.name))
