"""What the screen shows: programs that run here, or the recording of some that did. It never asks which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bttop.engine.cost import Bill
from bttop.engine.door import Door
from bttop.engine.host import Bpftrace, Host
from bttop.engine.page import Page
from bttop.engine.process import Process
from bttop.model.flush import Tally
from bttop.model.records import Stamp
from bttop.model.timeline import Timeline


class AnyProgram(Protocol):
    """One program, running or recorded."""

    @property
    def name(self) -> str: ...

    @property
    def history(self) -> Timeline: ...

    @property
    def tally(self) -> Tally:
        """What was lost or could not be done since the program was made, as far as that is known."""

    def page(self, boot_ns: int | None = None) -> Page:
        """What it was at a moment of CLOCK_BOOTTIME; without one, what it is now."""


class Session(Protocol):
    """Some programs and where they run or ran."""

    @property
    def host(self) -> Host: ...

    @property
    def bpftrace(self) -> Bpftrace: ...

    @property
    def programs(self) -> Sequence[AnyProgram]: ...

    @property
    def door(self) -> Door: ...

    @property
    def error(self) -> BaseException | None:
        """What ended the session against its will."""

    @property
    def end(self) -> Stamp | None:
        """The last moment there is; None while it goes on."""

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all of it cost at a moment of CLOCK_BOOTTIME; without one, what it costs now. None where nobody
        knows."""

    @property
    def problems(self) -> Sequence[str]:
        """What could not be read so far, in sentences."""

    def touch(self) -> None:
        """Somebody is there: a key, or the mouse."""

    def at_full_speed(self) -> None:
        """The dashboard is on screen."""

    def close(self) -> None:
        """End everything; may be repeated."""

    def kill(self) -> None:
        """The same at once, from a thread of the last resort."""


class People(Protocol):
    """Who the processes on the screen are, or were."""

    def note(self, pids: Sequence[int]) -> None:
        """These are on the screen."""

    def get(self, pid: int) -> Process | None:
        """What is known of an id, without waiting."""

    def look(self, pid: int) -> Process | None:
        """What can be found out about an id."""

    def close(self) -> None:
        """End what runs in the background."""
