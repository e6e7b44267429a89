"""Commands for the rows of a pane: order, filter, selection and scrolling."""

from __future__ import annotations

from collections.abc import Callable

from bttop.ui.board.pane import Pane
from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.services.collaborators import Collaborators


class TableCommands:
    """The commands for the rows of the focused pane."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around

    @property
    def pane(self) -> Pane:
        """The focused pane, on which commands act."""
        return self._around.pane

    def ask_filter(self) -> None:
        """Filter the pane while the user types; Esc restores the old filter."""
        pane = self.pane
        before = pane.choice.needle

        def done(text: str | None) -> None:
            pane.filter(before if text is None else text)

        self._around.screen.ask(InputQuestion("filter: ", done, pane.filter), before)


def _command(
    place: int,
    name: str,
    keys: tuple[str, ...],
    title: str,
    run: Callable[[TableCommands], None],
    hint: Hint | None = None,
) -> Command[TableCommands]:
    return Command(name, keys, title, "Rows", place, run, hint=hint)


GROUPS = (
    CommandGroup(
        TableCommands,
        (
            _command(4, "sort", ("s",), "Sort by the next column", lambda it: it.pane.sort_by(1), Hint("sort", live=3)),
            _command(5, "reverse", ("S",), "Reverse the order", lambda it: it.pane.reverse()),
            _command(
                6,
                "filter",
                ("slash",),
                "Show only rows that contain …",
                TableCommands.ask_filter,
                Hint("filter", live=4),
            ),
            _command(7, "down", ("down", "j"), "Next row", lambda it: it.pane.move(1)),
            _command(8, "up", ("up", "k"), "Previous row", lambda it: it.pane.move(-1)),
            _command(9, "unfold", ("right", "l"), "Unfold the frames of a stack", lambda it: it.pane.fold(open_=True)),
            _command(10, "fold", ("left", "h"), "Fold the frames of a stack", lambda it: it.pane.fold(open_=False)),
            _command(11, "page-down", ("pagedown",), "One page down", lambda it: it.pane.page(1)),
            _command(12, "page-up", ("pageup",), "One page up", lambda it: it.pane.page(-1)),
            _command(13, "first", ("less_than_sign",), "First row", lambda it: it.pane.jump(to_end=False)),
            _command(14, "last", ("greater_than_sign", "G"), "Last row", lambda it: it.pane.jump(to_end=True)),
        ),
    ),
)
