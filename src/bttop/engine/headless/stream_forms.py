"""The forms in which `bttop stream` writes flushes: lines of JSON as they come, or one table at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec.structs import replace

from bttop.engine.headless.problem_reporter import USELESS
from bttop.engine.headless.waiting_flushes import MissingFlush, Waiting, WaitingFlush
from bttop.engine.program.program import Program
from bttop.engine.recording.losses import cut_text
from bttop.model.format.names import Decoder
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.output import printable
from bttop.store.compare.total_text import RunTotal, total_lines
from bttop.store.flush_json import flush_lines, left_out_line, lost_line


class StreamForm(Protocol):
    """Converts flushes to lines without line ends."""

    def lines(self, waiting: Waiting) -> Iterable[str]:
        """The lines to write now for a flush, or for a missing one."""

    def end(self, programs: Iterable[Program], left_out: int, wall_ns: int) -> Iterable[str]:
        """The lines to write at the end of the run. `left_out`: the number of flushes that were not written."""


class JsonLines:
    """One JSON object per map of a flush, with the host where several are traced."""

    def __init__(self, decoders: Mapping[str, Mapping[str, Decoder]]) -> None:
        """`decoders`: by the names of the hosts; of a single host the name is empty."""
        self._decoders = decoders

    def lines(self, waiting: Waiting) -> Iterable[str]:
        name, host = waiting.program.name, waiting.program.host
        if isinstance(waiting, MissingFlush):
            return [lost_line(cut_text(name, waiting.why), waiting.wall_ns, name, host)]
        return flush_lines(name, waiting.flush, self._decoders[host], waiting.badges, host)

    def end(self, programs: Iterable[Program], left_out: int, wall_ns: int) -> Iterable[str]:  # noqa: ARG002
        return [left_out_line(left_out, wall_ns)] if left_out else []


class GroupedForm:
    """Another form, with the rows of each map added up by one column."""

    def __init__(self, form: StreamForm, grouper: FlushGrouper) -> None:
        self._form = form
        self._grouper = grouper

    def lines(self, waiting: Waiting) -> Iterable[str]:
        if isinstance(waiting, WaitingFlush):
            waiting = replace(waiting, flush=self._grouper.flush(waiting.flush))
        return self._form.lines(waiting)

    def end(self, programs: Iterable[Program], left_out: int, wall_ns: int) -> Iterable[str]:
        return self._form.end(programs, left_out, wall_ns)


class TotalTable:
    """Nothing while the run lasts, then one table of the whole run."""

    def __init__(self, most: int, width: int, decoders: Mapping[str, Decoder]) -> None:
        """`most`: rows of each map; `width`: columns of the terminal."""
        self._most = most
        self._width = width
        self._decoders = decoders
        self._runs: dict[Program, RunTotal] = {}

    def lines(self, waiting: Waiting) -> Iterable[str]:
        run = self._run(waiting.program)
        match waiting:
            case MissingFlush(program=program, why=why):
                run.missing.append(cut_text(program.name, why))
            case WaitingFlush(flush=flush, badges=badges):
                run.add(flush, badges)
        return ()

    def end(self, programs: Iterable[Program], left_out: int, wall_ns: int) -> Iterator[str]:  # noqa: ARG002
        for index, program in enumerate(programs):
            if index:
                yield ""
            run = self._run(program)
            run.missing += _missing_of(program, run)
            lines = total_lines(run, program.tally, self._most, self._width, self._decoders)
            yield from (printable(line) for line in lines)
        if left_out:
            yield f"! {left_out:,} flushes were left out: bttop could not add them up in time"

    def _run(self, program: Program) -> RunTotal:
        if program not in self._runs:
            self._runs[program] = RunTotal(program.name)
        return self._runs[program]


def _missing_of(program: Program, run: RunTotal) -> list[str]:
    """What is missing because the program did not run, or not until the end."""
    status = program.status
    reason = status.reason or str(status.state)
    if not run.totals.flushes:
        return [f"there is no flush: {reason}"]
    return [f"it did not run until the end: {reason}"] if status.state in USELESS else []
