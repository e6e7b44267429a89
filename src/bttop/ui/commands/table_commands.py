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
        """Filter the pane while the user types, which replaces the old filter; Esc restores it."""
        pane = self.pane
        before = pane.choice.needle

        def done(text: str | None) -> None:
            pane.filter(before if text is None else text)

        question = InputQuestion("filter: ", done, pane.filter, accepts="keep", proposes=True)
        self._around.screen.ask(question, before)

    def use_next_form(self) -> None:
        """Draw the histograms of the map in the next form."""
        from bttop.ui.board.histogram_choices import use_next_form

        self._around.screen.tell(use_next_form(self.pane))

    def toggle_second_row(self) -> None:
        """Draw the histogram of the row under the cursor over those of the other rows, or no longer."""
        from bttop.ui.board.histogram_choices import toggle_second_row

        self._around.screen.tell(toggle_second_row(self.pane))

    def group_by_next(self) -> None:
        """Group the rows by the next column; after the last one show all rows."""
        from bttop.ui.board.groups.row_groups import group_by_next  # needed once rows are grouped

        self._around.screen.tell(group_by_next(self.pane))

    def step_hosts(self) -> None:
        """Put the rows of several hosts together in the next way."""
        from bttop.ui.board.host_rows import step_hosts

        self._around.screen.tell(step_hosts(self.pane))

    def step_trend(self) -> None:
        """Show the next number of the row under the cursor as a line over time."""
        from bttop.ui.board.trend.choices import step_trend

        self._around.screen.tell(step_trend(self.pane))


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
            _command(13, "first", ("home", "less_than_sign"), "First row", lambda it: it.pane.jump(to_end=False)),
            _command(14, "last", ("end", "greater_than_sign"), "Last row", lambda it: it.pane.jump(to_end=True)),
            _command(15, "group", ("G",), "Group the rows by the next column", TableCommands.group_by_next),
            _command(16, "hosts", ("H",), "Hosts: added up, one row each, or one alone", TableCommands.step_hosts),
            _command(40, "trend", ("d",), "The row over time, as a line", TableCommands.step_trend),
            _command(41, "form", ("A",), "Histograms: counts, logarithms or cumulative", TableCommands.use_next_form),
            _command(42, "second", ("V",), "Draw the row's histogram over the others", TableCommands.toggle_second_row),
        ),
    ),
)
