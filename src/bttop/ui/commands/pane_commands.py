"""Commands for panes: which are on show, and their state page."""

from __future__ import annotations

from bttop.ui.commands.command import Command, CommandGroup, Hint
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.next_steps import NextSteps


class PaneCommands:
    """Focus, zoom and pages of panes."""

    def __init__(self, around: Collaborators) -> None:
        self._around = around
        self.board = around.board

    def next_subject(self) -> None:
        """Show the next map or view of the pane."""
        self._around.pane.next_subject()

    def zoom(self) -> None:
        """Zoom the pane or show all panes."""
        self.board.toggle_zoom()

    def next_page(self) -> None:
        """Show the next page of panes."""
        if not self.board.next_page():
            self._around.screen.tell("there is only one page of panes")

    def back(self) -> None:
        """One step back: remove the filter, the trend, the groups, the span, the zoom, fold rows, go live, or return to
        the first rows."""
        around = self._around
        step = NextSteps(around.board, around.time, around.tracing is not None).back()
        if step is not None:
            step.run()
        elif not around.pane.to_top():
            around.screen.tell("nothing to go back from: no filter, no groups, no zoom, the first rows are on screen")

    def arrange(self) -> None:
        """Turn the layout mode on; all panes are shown."""
        self.board.toggle_zoom(False)
        self.board.is_arranged = True

    def explain(self) -> None:
        """Show the state page: what the pane's program runs, its state, and what its badges mean."""
        from bttop.ui.dialogs.sheet import Sheet
        from bttop.ui.dialogs.state_page import state_lines

        pane = self._around.pane
        model = pane.model
        title = f"{pane.program.name}: state"
        self._around.screen.show(
            Sheet(title, lambda width: state_lines(model, width, pane.ended), self._around.themes.theme)
        )


def _focus(number: int) -> Command[PaneCommands]:
    name, title = f"pane-{number}", f"Focus pane {number}"
    return Command(name, (str(number),), title, "Panes", 5 + number, lambda it: it.board.focus_pane(number - 1))


GROUPS = (
    CommandGroup(
        PaneCommands,
        (
            Command(
                "zoom",
                ("z",),
                "Zoom the pane, or show all again",
                "Panes",
                1,
                PaneCommands.zoom,
                hint=Hint("zoom", live=2, past=8),
            ),
            Command("view", ("v",), "Next map or view of the pane", "Panes", 2, PaneCommands.next_subject),
            Command("next", ("tab",), "Next pane", "Panes", 4, lambda it: it.board.focus_step(1)),
            Command("previous", ("shift+tab",), "Previous pane", "Panes", 5, lambda it: it.board.focus_step(-1)),
            *(_focus(number) for number in range(1, 10)),
            Command("page", ("0",), "Next page of panes", "Panes", 15, PaneCommands.next_page),
            Command(
                "back",
                ("escape",),
                "Back: no filter, trend, groups, span or zoom, live, first rows",
                "Panes",
                16,
                PaneCommands.back,
            ),
            Command("badges", ("B",), "Explain the pane's badges and state", "Panes", 17, PaneCommands.explain),
            Command(
                "layout",
                ("W",),
                "Layout: move, resize and stack panes; another view beside",
                "Panes",
                18,
                PaneCommands.arrange,
            ),
        ),
    ),
)
