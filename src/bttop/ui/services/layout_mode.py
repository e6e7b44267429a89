"""The layout mode: keys that move, resize and stack panes, until Esc or Enter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from bttop.ui.board.board import Board
from bttop.ui.board.places.chosen import Direction
from bttop.ui.board.screen_bars.bars import KeyHint
from bttop.ui.services.screen_access import ScreenAccess

if TYPE_CHECKING:
    from bttop.ui.dialogs.palette import PaletteEntry

_DIRECTIONS: Final[Mapping[Direction, tuple[str, str]]] = {
    "left": ("left", "h"),
    "right": ("right", "l"),
    "up": ("up", "k"),
    "down": ("down", "j"),
}
_ARROWS: Final = {"left": "←", "right": "→", "up": "↑", "down": "↓"}
_SIZES: Final[Mapping[Direction, str]] = {"left": "narrower", "right": "wider", "up": "lower", "down": "higher"}


class LayoutAction(Struct, frozen=True):
    """A change of the layout. `run` returns why it cannot be made, or an empty text."""

    title: str
    keys: tuple[str, ...]
    run: Callable[[], str]


class LayoutMode:
    """Changes the places of panes, by keys while the board is being arranged, and by the palette at any time."""

    KEYS: Final = (
        KeyHint("←→↑↓", "move", "", ""),
        KeyHint("Shift", "size", ""),
        KeyHint("t u", "tabs", ""),
        KeyHint("d", "double", "", "wide"),
        KeyHint("v x", "view", ""),
        KeyHint("0", "automatic", "", "auto"),
        KeyHint("Esc", "end", "", ""),
    )
    """The keys in the footer."""

    def __init__(self, board: Board, screen: ScreenAccess) -> None:
        self._board = board
        self._screen = screen
        self._actions = tuple(self._all_actions())
        self._by_key = {key: action for action in self._actions for key in action.keys}

    def _all_actions(self) -> Iterator[LayoutAction]:
        places, board = self._board.places, self._board
        for direction, (arrow, letter) in _DIRECTIONS.items():
            yield LayoutAction(f"Move the pane {direction}", (arrow, letter), self._on_pane(places.move, direction))
            keys = (f"shift+{arrow}", letter.upper())
            yield LayoutAction(f"Make the pane {_SIZES[direction]}", keys, self._on_pane(places.resize, direction))
        yield LayoutAction("Stack the pane with the next as tabs", ("t",), self._on_pane(places.stack))
        yield LayoutAction("Give the tab a place of its own", ("u",), self._on_pane(places.unstack))
        yield LayoutAction("Double width of the pane, or single again", ("d",), self._on_pane(places.toggle_wide))
        yield LayoutAction("Another view of the program beside the pane", ("v",), board.add_view)
        yield LayoutAction("Close this view of the program", ("x",), self._close_view)
        yield LayoutAction("Automatic layout of this page", ("0",), self._reset)

    def _on_pane(self, change: Callable[..., str], *arguments: Direction) -> Callable[[], str]:
        return lambda: change(self._board.focused_pane, *arguments)

    def press(self, key: str) -> bool:
        """Handle a key while the mode is on. Return whether it is a key of the mode."""
        if key in ("escape", "enter", "W"):
            self._board.is_arranged = False
        elif key in self._by_key and self._board.panes:
            self._run(self._by_key[key])
        else:
            return False
        return True

    def _run(self, action: LayoutAction) -> None:
        if self._board.too_small:
            self._screen.tell("the terminal is too small to place panes", "warn")
            return
        self._board.toggle_zoom(False)
        # An action starts from the places of all panes, which the board has not made while it was zoomed.
        self._board.place_panes(self._board.size)
        complaint = action.run()
        self._board.replace_all()
        if complaint:
            self._screen.tell(complaint, "warn")

    def _close_view(self) -> str:
        return "" if self._board.close_view() else "this is the only pane of its program; X closes the program"

    def _reset(self) -> str:
        self._board.places.reset()
        return ""

    def palette_entries(self) -> Sequence[PaletteEntry]:
        """One entry of the palette for each change."""
        from bttop.ui.dialogs.palette import PaletteEntry

        return [
            PaletteEntry(action.title, f"Layout: W, then {_label(action)}", partial(self._run, action), "layout pane")
            for action in self._actions
            if self._board.panes
        ]


def _label(action: LayoutAction) -> str:
    shift, _, key = action.keys[0].rpartition("+")
    return f"{shift and 'S-'}{_ARROWS.get(key, key)}"
