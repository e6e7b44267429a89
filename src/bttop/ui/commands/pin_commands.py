"""Commands for pins: restrict one pane or all to a process, a name or a cgroup."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.engine.host.cgroup import group_of
from bttop.engine.host.cgroup_tree import pin_to_cgroup
from bttop.engine.host.processes import is_alive
from bttop.engine.program.program import Program
from bttop.engine.request.pinning import pin_of
from bttop.script.process.pin import Pin
from bttop.ui.board.pin_text import pin_text
from bttop.ui.board.row_facts import row_pid
from bttop.ui.commands.command import Command, Hint, TracingGroup
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.services.collaborators import Collaborators
from bttop.ui.services.tracing import Tracing


def _but(programs: Sequence[Program]) -> str:
    """Text about programs that are not attached: the pin has no effect on them yet."""
    idle = [program.name for program in programs if not program.status.running]
    if not idle:
        return ""
    if len(programs) == 1:
        return " once it is attached (x)"
    return f", {', '.join(idle)} once attached again (x)"


class PinCommands:
    """The pin commands."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    @property
    def _running(self) -> Program:
        return self._tracing.programs.running(self._around.pane.program)

    def pin_pane(self) -> None:
        """Pin the pane to its row's process."""
        self._pin_row([self._running])

    def pin_all(self) -> None:
        """Pin every pane to the row's process."""
        self._pin_row(self._tracing.engine.programs)

    def _pin_row(self, programs: Sequence[Program]) -> None:
        pid = row_pid(self._around.pane)
        if pid is None:
            self.ask(programs)
        elif not is_alive(pid):
            self._around.screen.tell(f"pid {pid} has ended: a pin to it would show nothing", "warn")
        else:
            self._set(Pin(pids=(pid,)), programs)

    def pin_group(self) -> None:
        """Pin the pane to the unit, container or other cgroup of its row's process."""
        self._pin_group_of_row([self._running])

    def pin_group_all(self) -> None:
        """Pin every pane to the unit, container or other cgroup of the row's process."""
        self._pin_group_of_row(self._tracing.engine.programs)

    def _pin_group_of_row(self, programs: Sequence[Program]) -> None:
        pid = row_pid(self._around.pane)
        process = self._around.processes.look(pid) if pid is not None else None
        if process is None:
            self.ask(programs)
            return
        self._take(pin_to_cgroup(group_of(process.cgroup) or "/"), programs)

    def ask(self, programs: Sequence[Program]) -> None:
        """Ask for a PID, a name or a cgroup, if the row has no process."""

        def done(text: str | None) -> None:
            if text is not None:
                self._take(pin_of(text), programs)

        self._around.screen.ask(InputQuestion("pin to PID, name, unit, container or cgroup: ", done))

    def _take(self, pin: Pin | str, programs: Sequence[Program]) -> None:
        """Pin the programs, or show why that is not possible (`pin` is a text then)."""
        if isinstance(pin, str):
            self._around.screen.tell(pin, "warn")
        else:
            self._set(pin, programs)

    def _set(self, pin: Pin, programs: Sequence[Program]) -> None:
        self._tracing.engine.pin(pin, programs)
        what = "all panes" if len(programs) > 1 else programs[0].name
        self._around.screen.tell(f"{what} pinned to {pin_text(pin)} in the kernel{_but(programs)}; u unpins")

    def unpin(self) -> None:
        """Remove the pane's pin; if it has none, the pins of all panes."""
        program = self._running
        programs = [program] if program.settings.pin is not None else list(self._tracing.engine.programs)
        self._tracing.engine.pin(None, programs)
        self._around.screen.tell("unpinned")


GROUPS = (
    TracingGroup(
        PinCommands,
        (
            Command(
                "pin",
                ("p",),
                "Pin the pane to the row's process",
                "Programs",
                4,
                PinCommands.pin_pane,
                hint=Hint("pin", live=5),
            ),
            Command("pin-all", ("P",), "Pin every pane to the row's process", "Programs", 5, PinCommands.pin_all),
            Command(
                "pin-group", ("n",), "Pin the pane to the row's unit or container", "Programs", 6, PinCommands.pin_group
            ),
            Command(
                "pin-group-all",
                ("N",),
                "Pin every pane to the row's unit or container",
                "Programs",
                7,
                PinCommands.pin_group_all,
            ),
            Command("unpin", ("u",), "Remove the pin", "Programs", 8, PinCommands.unpin),
        ),
    ),
)
