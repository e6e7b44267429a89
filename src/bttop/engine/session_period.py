"""Reads periods of a session: live, or of a recording."""

from __future__ import annotations

from bttop.engine.program.past_status import NOTED_NS, PastStatus
from bttop.engine.session import AnyProgram, Session
from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.flush import Flush
from bttop.model.record.records import Stamp
from bttop.script.process.pin import Pin
from bttop.store.compare.period import Counted, Period, PeriodReading, ProgramSource, read_period


def session_period(
    session: Session, label: str, begin: Stamp, end: Stamp, namer: FrameNamer | None, file: str = ""
) -> PeriodReading:
    """Read what all programs of a session counted in (begin, end]."""
    empty = Period(label, session.host.name, file, begin, end)
    return read_period(empty, [_source(one, namer) for one in session.programs])


def _source(program: AnyProgram, namer: FrameNamer | None) -> ProgramSource:
    # Programs of several hosts have the same names.
    name = f"{program.host} {program.name}".lstrip()
    return ProgramSource(name, program.history, lambda flush: _counted(program, flush), namer)


def _counted(program: AnyProgram, flush: Flush) -> Counted:
    """What a flush of the program counts."""
    page = program.page(flush.end_ns + NOTED_NS)
    script = page.source
    return Counted("" if script is None else script.text, _pin_text(page.pin), _order(page))


def _order(page: PastStatus) -> tuple[str, ...]:
    """The maps that front matter describes, then the others of the script."""
    front = page.sources[0].front if page.sources else None
    described = [] if front is None else list(front.maps)
    return tuple(dict.fromkeys([*described, *page.plan.maps]))


def _pin_text(pin: Pin | None) -> str:
    return "" if pin is None else pin.condition
