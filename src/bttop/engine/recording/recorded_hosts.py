"""A recording of several hosts as a review shows it: each program with the rows of all its hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bttop.engine.hosts.merged_program import MergedProgram
from bttop.engine.program.past_status import PastStatus
from bttop.engine.recording.recorded_program import RecordedProgram
from bttop.engine.session import HostAbout
from bttop.model.hosts.aligned_flushes import HostTimeline
from bttop.model.hosts.host_flush import ClockOffset


class RecordedPart:
    """A recorded program of one host. Its times are on the clock of the recording already."""

    is_out = False

    def __init__(self, program: RecordedProgram) -> None:
        self.host = program.host
        self._program = program

    def about(self) -> HostAbout:
        """The host at the end of the recording."""
        return HostAbout(self.host, None, self._program.page().status, is_out=False)

    def page(self, boot_ns: int | None) -> PastStatus:
        """See `ProgramPart.page`."""
        return self._program.page(boot_ns)

    def timeline(self) -> HostTimeline:
        """See `ProgramPart.timeline`. No further flush is to be expected."""
        history = self._program.history
        return HostTimeline(self.host, history, ClockOffset, is_lost=lambda: True, recorded=history.numbered)


def merged_programs(programs: Sequence[RecordedProgram]) -> tuple[MergedProgram[RecordedPart], ...]:
    """The programs of all hosts, those of one name as one. If a host has several of that name, the first of each host
    are one, then the second ones."""
    found: dict[tuple[str, int], list[RecordedPart]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for program in programs:
        key = (program.host, program.name)
        found.setdefault((program.name, seen[key]), []).append(RecordedPart(program))
        seen[key] += 1
    return tuple([MergedProgram(name, parts) for (name, _), parts in found.items()])
