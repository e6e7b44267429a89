"""The services that every group of commands gets. No service depends on the application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from bttop.engine.session import ProcessSource, Session
from bttop.ui.board.board import Board
from bttop.ui.board.pane import Pane
from bttop.ui.render.spans import Line
from bttop.ui.services.baselines import Baselines
from bttop.ui.services.recordings import Recordings
from bttop.ui.services.theme_manager import ThemeManager
from bttop.ui.services.time_control import TimeControl

if TYPE_CHECKING:
    from bttop.ui.services.screen_access import ScreenAccess
    from bttop.ui.services.tracing import Tracing


class Collaborators(Struct, frozen=True):
    """The services that commands use."""

    session: Session
    tracing: Tracing | None
    """The services for running programs; None in a recording."""
    board: Board
    time: TimeControl
    recordings: Recordings
    baselines: Baselines
    themes: ThemeManager
    processes: ProcessSource
    screen: ScreenAccess
    help_lines: Callable[[int], Sequence[Line]]
    """Returns the lines of the help page for a width in cells."""

    @property
    def host(self) -> str:
        """The host of the row under the cursor; empty if it is of several, and if there is only one host."""
        from bttop.ui.board.row_facts import row_host

        return row_host(self.pane, self.pane.cursor) if self.board.panes else ""

    @property
    def row_processes(self) -> ProcessSource:
        """The processes of that host."""
        return self.processes.on(self.host)

    @property
    def pane(self) -> Pane:
        """The focused pane, on which commands act."""
        return self.board.focused_pane
