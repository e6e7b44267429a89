"""Commands for programs: start, stop, approve and close one, open one more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bttop.engine.session import RunningProgram
from bttop.model.format.text import visible_name
from bttop.ui.commands.command import Command, Hint, TracingGroup
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.ui.services.tracing import Tracing


class ProgramCommands:
    """The commands for the pane's program and for new ones."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    @property
    def _running(self) -> RunningProgram:
        return self._tracing.programs.running(self._around.pane.program)

    def toggle(self) -> None:
        """Stop or start the pane's program."""
        self._tracing.engine.toggle(self._running)

    def change_parameters(self) -> None:
        """Ask for the parameters of the pane's program and run it with them."""
        self._tracing.parameters.change(self._running)

    def close(self) -> None:
        """Detach the pane's program and close the pane; of several panes of a program only this one."""
        program = self._running
        if self._around.board.close_view():
            self._around.screen.tell(f"this view of {program.name} is closed; its other pane stays")
            return
        self._tracing.engine.remove(program)
        self._around.screen.tell(f"{program.name} is closed")

    def open_prompt(self) -> None:
        """Open the prompt to type or paste a program."""
        self._tracing.prompt.open()

    def open_new(self) -> None:
        """Open the newest probe file as a pane."""
        path = self._tracing.probes.take_new()
        if path is None:
            self._around.screen.tell("no new probe file has appeared", "warn")
        else:
            self._tracing.parameters.open(self._tracing.programs.question_from_file(str(path)))


class HostCommands:
    """The command that shows all BPF programs of this host."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._engine = tracing.engine

    def show_programs(self) -> None:
        """Show all BPF programs of the host and their cost."""
        from bttop.ui.dialogs.host_programs_sheet import host_lines
        from bttop.ui.dialogs.sheet import Sheet

        engine = self._engine.engine_of(self._around.host)
        where = visible_name(engine.host.name) if len(self._engine.links) > 1 else "this host"
        title, theme = f"BPF programs of {where}", self._around.themes.theme
        self._around.screen.show(Sheet(title, lambda width: host_lines(engine, width), theme))


GROUPS = (
    TracingGroup(
        ProgramCommands,
        (
            Command("toggle", ("x",), "Stop or start the pane's program", "Programs", 1, ProgramCommands.toggle),
            Command("close", ("X",), "Close the pane; its program is detached", "Programs", 3, ProgramCommands.close),
            Command(
                "parameters",
                ("dollar_sign",),
                "Run the pane's script with other parameters",
                "Programs",
                12,
                ProgramCommands.change_parameters,
            ),
            Command(
                "prompt",
                ("colon",),
                "Type or paste a program",
                "Screen",
                1,
                ProgramCommands.open_prompt,
                needs_no_pane=True,
                hint=Hint("ask", live=6),
            ),
            Command(
                "open-new",
                ("o",),
                "Open the newest probe file",
                "Screen",
                3,
                ProgramCommands.open_new,
                needs_no_pane=True,
            ),
        ),
    ),
    TracingGroup(
        HostCommands,
        (
            Command(
                "host",
                ("T",),
                "Every BPF program of this host, and its cost",
                "Screen",
                4,
                HostCommands.show_programs,
                needs_no_pane=True,
            ),
        ),
    ),
)
