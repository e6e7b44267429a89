"""Commands for pins: restrict one pane or all to a process, a name or a cgroup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bttop.engine.session import RunningProgram
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.commands.command import Command, Hint, TracingGroup
from bttop.ui.dialogs.input_bar import InputQuestion
from bttop.ui.render.spans import Span
from bttop.ui.services.collaborators import Collaborators

if TYPE_CHECKING:
    from bttop.script.process.pin import Pin
    from bttop.ui.services.tracing import Tracing


NO_PROCESS = "no row with a process is selected"
"""Why a pin is asked for."""


def _but(programs: Sequence[RunningProgram]) -> str:
    """Text about programs that are not attached: the pin has no effect on them yet."""
    idle = [program.name for program in programs if not program.status.running]
    if not idle:
        return ""
    if len(programs) == 1:
        return " once it is attached (x)"
    return f", {', '.join(idle)} once attached again (x)"


def _pid_word(around: Collaborators) -> str:
    return "PID" if around.pane.model.host_views is None else "HOST:PID"


class PinCommands:
    """The pin commands."""

    def __init__(self, around: Collaborators, tracing: Tracing) -> None:
        self._around = around
        self._tracing = tracing

    @property
    def _running(self) -> RunningProgram:
        return self._tracing.programs.running(self._around.pane.program)

    def pin_pane(self) -> None:
        """Pin the pane to its row's process."""
        self._pin_row([self._running])

    def pin_all(self) -> None:
        """Pin every pane to the row's process."""
        self._pin_row(self._tracing.engine.programs)

    def _pin_row(self, programs: Sequence[RunningProgram]) -> None:
        from bttop.script.process.pin import Pin
        from bttop.ui.board.row_facts import row_pid

        pid = row_pid(self._around.pane, self._around.pane.cursor, self._around.processes)
        if pid is None:
            self._ask_or_refuse(programs)
        elif self._around.row_processes.has_ended(pid):
            self._around.screen.tell(f"pid {pid} has ended: a pin to it would show nothing", "warn")
        else:
            self._set(Pin(pids=(pid,), host=self._around.host), programs)

    def pin_group(self) -> None:
        """Pin the pane to the unit, container or other cgroup of its row's process."""
        self._pin_group_of_row([self._running])

    def pin_group_all(self) -> None:
        """Pin every pane to the unit, container or other cgroup of the row's process."""
        self._pin_group_of_row(self._tracing.engine.programs)

    def _pin_group_of_row(self, programs: Sequence[RunningProgram]) -> None:
        from bttop.engine.host.cgroup import group_of
        from bttop.ui.board.row_facts import row_pid

        pid = row_pid(self._around.pane, self._around.pane.cursor, self._around.processes)
        process = self._around.row_processes.look(pid) if pid is not None else None
        if pid is None:
            self._ask_or_refuse(programs)
            return
        if process is None:
            self.ask(programs, f"pid {pid} has ended")
            return
        self._take(self._tracing.engine.pin_of(group_of(process.cgroup) or "/"), programs)

    def _ask_or_refuse(self, programs: Sequence[RunningProgram]) -> None:
        """Say why the group under the cursor cannot be pinned to; without a group, ask for a process."""
        from bttop.ui.board.groups.row_groups import group_reason

        if why := group_reason(self._around.pane):
            self._around.screen.tell(why, "warn")
        else:
            self.ask(programs, NO_PROCESS)

    def ask(self, programs: Sequence[RunningProgram], why: str) -> None:
        """Ask for a PID, a name or a cgroup; `why` says why the row has none."""

        def done(text: str | None) -> None:
            if text is not None:
                self._take(self._tracing.engine.pin_of(text), programs)

        note = (Span(f" {why}", "hint"),)
        self._around.screen.ask(
            InputQuestion(f"pin to {_pid_word(self._around)}, name, unit, container or cgroup: ", done), notes=(note,)
        )

    def _take(self, pin: Pin | str, programs: Sequence[RunningProgram]) -> None:
        """Pin the programs, or show why that is not possible (`pin` is a text then)."""
        if isinstance(pin, str):
            self._around.screen.tell(pin, "warn")
        else:
            self._set(pin, programs)

    def _set(self, pin: Pin, programs: Sequence[RunningProgram]) -> None:
        from bttop.ui.services.programs.complaints import no_complaint_since

        still_so = no_complaint_since(programs)
        self._tracing.engine.pin(pin, programs)
        if len(programs) > 1:
            text = f"each pane will count only {pin_text(pin)}{_but(programs)}; U unpins all"
        else:
            name = programs[0].name
            text = f"{name} will count only {pin_text(pin)}{_but(programs)}; u unpins"
        self._around.screen.tell(f"{text}{self._left_out(pin)}", still_so=still_so)

    def _left_out(self, pin: Pin) -> str:
        """What a pin to a name leaves out, to be added to a sentence; empty for other pins, and for another host."""
        if not pin.comm or self._tracing.engine.links:
            return ""
        from bttop.engine.request.pinning import left_out_by_name

        left_out = left_out_by_name(pin)
        return f"; {left_out}" if left_out else ""

    def unpin(self) -> None:
        """Remove the pane's pin."""
        program = self._running
        if program.settings.pin is None:
            others = any(one.settings.pin is not None for one in self._tracing.engine.programs)
            self._around.screen.tell(f"{program.name} has no pin{'; U unpins all panes' if others else ''}", "warn")
        else:
            self._remove_pins([program], program.name)

    def unpin_all(self) -> None:
        """Remove the pins of all panes."""
        pinned = [one for one in self._tracing.engine.programs if one.settings.pin is not None]
        if pinned:
            self._remove_pins(pinned, "each pane" if len(pinned) > 1 else pinned[0].name)
        else:
            self._around.screen.tell("no pane has a pin", "warn")

    def _remove_pins(self, programs: Sequence[RunningProgram], what: str) -> None:
        from bttop.ui.services.programs.complaints import no_complaint_since

        still_so = no_complaint_since(programs)
        self._tracing.engine.pin(None, programs)
        text = f"{what} will count every process{_but(programs)}"
        self._around.screen.tell(text, still_so=still_so)


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
            Command("unpin", ("u",), "Unpin the pane", "Programs", 8, PinCommands.unpin),
            Command("unpin-all", ("U",), "Unpin every pane", "Programs", 9, PinCommands.unpin_all),
        ),
    ),
)
