"""Checks whether bpftrace accepts a program, without attaching anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.diagnostics import parse_diagnostics, render
from bttop.script.rewrite.prepare import Prepared

TIMEOUT = 30.0


def check_options(release: Release) -> list[str]:
    """The options to compile only, by release: the option was renamed twice."""
    traits = traits_of(release)
    option = "--mode" if traits.mode else "--test-mode" if traits.test_mode else "--test"
    return [option, "codegen"]


async def complaints(
    queries: BpftraceQueries, bpftrace: Bpftrace, prepared: Prepared, name: str, *, unsafe: bool = False
) -> tuple[str, ...]:
    """The errors that bpftrace reports for a program: message, source line and the mark below it; empty if none.

    Also empty if the check fails (no answer in 30 s, a crash): the real start will report the problem.
    """
    options = [*check_options(bpftrace.release), *(["--unsafe"] if unsafe else [])]
    command = [bpftrace.path, *options, "-e", prepared.text, *prepared.args]
    query = queries.run(command, {"BPFTRACE_MISSING_PROBES": "warn"})
    try:
        answer = await asyncio.wait_for(asyncio.wrap_future(query.answer), TIMEOUT)
    except (OSError, TimeoutError):
        return ()
    finally:
        queries.cancel(query)  # ends the command also if bttop ends during the check
    if answer.code is None or answer.code <= 0:
        return ()
    return _errors([line.decode(errors="replace") for _, line in answer.lines], prepared, name)


def _errors(said: Sequence[str], prepared: Prepared, name: str) -> tuple[str, ...]:
    found = parse_diagnostics(said, prepared.original_position)
    errors = [one for one in found if one.is_error]
    return tuple(line for one in errors for line in render(one, name, prepared.original))
