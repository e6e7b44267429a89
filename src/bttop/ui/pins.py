"""The pin as keys: restrict a pane, or all, to the process of a row, a name or a cgroup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bttop.engine.cgroup import group_of
from bttop.engine.cgrouptree import pin_to_cgroup
from bttop.engine.pinning import pin_of
from bttop.engine.process import is_alive
from bttop.engine.program import Program
from bttop.script.pin import Pin
from bttop.ui.ask import Question
from bttop.ui.facts import row_pid
from bttop.ui.pintext import pin_text

if TYPE_CHECKING:
    from bttop.ui.app import BttopApp


def _but(programs: Sequence[Program]) -> str:
    """That a pin does nothing yet to programs that are not attached."""
    idle = [program.name for program in programs if not program.status.running]
    if not idle:
        return ""
    if len(programs) == 1:
        return " once it is attached: it is not now (x)"
    return f", {', '.join(idle)} once attached again (x)"


class Pins:
    """The pin commands."""

    def __init__(self, app: BttopApp) -> None:
        self._app = app

    def pin_pane(self) -> None:
        """The pane to its row's process."""
        self._pin_row([self._app.running])

    def pin_all(self) -> None:
        """Every pane to the row's process."""
        self._pin_row(self._app.engine.programs)

    def _pin_row(self, programs: Sequence[Program]) -> None:
        pid = row_pid(self._app.pane)
        if pid is None:
            self.ask(programs)
        elif not is_alive(pid):
            self._app.tell(f"pid {pid} has ended: a pin to it would show nothing", "warn")
        else:
            self._set(Pin(pids=(pid,)), programs)

    def pin_group(self) -> None:
        """The pane to the unit or container, or other cgroup, of its row's process."""
        self._pin_group_of_row([self._app.running])

    def pin_group_all(self) -> None:
        """Every pane to the unit or container of the row's process."""
        self._pin_group_of_row(self._app.engine.programs)

    def _pin_group_of_row(self, programs: Sequence[Program]) -> None:
        pid = row_pid(self._app.pane)
        process = self._app.explorer.identities.look(pid) if pid is not None else None
        if process is None:
            self.ask(programs)
            return
        self._take(pin_to_cgroup(group_of(process.cgroup) or "/"), programs)

    def ask(self, programs: Sequence[Program]) -> None:
        """Ask for a PID, a name or a cgroup: the row has no process."""

        def done(text: str | None) -> None:
            if text is not None:
                self._take(pin_of(text), programs)

        self._app.ask(Question("pin to PID, name, unit, container or cgroup: ", done))

    def _take(self, pin: Pin | str, programs: Sequence[Program]) -> None:
        """Pin, or say why that is not possible."""
        if isinstance(pin, str):
            self._app.tell(pin, "warn")
        else:
            self._set(pin, programs)

    def _set(self, pin: Pin, programs: Sequence[Program]) -> None:
        self._app.engine.pin(pin, programs)
        what = "all panes" if len(programs) > 1 else programs[0].name
        self._app.tell(f"{what} pinned to {pin_text(pin)} in the kernel{_but(programs)}; u lifts it")

    def check(self) -> None:
        """Say when a pinned process has ended: its panes keep what they showed last."""
        now = datetime.now().astimezone()
        for pane in self._app.board.panes:
            pin = pane.program.page().pin
            if pin is None or not pin.pids or any(is_alive(pid) for pid in pin.pids):
                pane.set_ended("")
            elif not pane.ended:
                pane.set_ended(f"{pin_text(pin)} ended {now:%H:%M:%S}")
                self._app.tell(f"{pane.program.name}: {pane.ended}; u unpins", "warn")

    def unpin(self) -> None:
        """Lift the pane's pin; of a pane without one, all pins."""
        program = self._app.running
        programs = [program] if program.settings.pin is not None else list(self._app.engine.programs)
        self._app.engine.pin(None, programs)
        self._app.tell("unpinned")
