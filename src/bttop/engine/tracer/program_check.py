"""Checks whether bpftrace accepts a program, without attaching anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bttop.engine.host.host import Bpftrace
from bttop.engine.tracer.bpftrace_queries import BpftraceQueries
from bttop.engine.tracer.given_settings import Settings, renamed
from bttop.engine.tracer.launch import parameters
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.script.language.reader import Script, read
from bttop.script.messages.diagnostics import explained, parse_diagnostics
from bttop.script.messages.requirements import with_requirements
from bttop.script.rewrite.prepare import Prepared

TIMEOUT = 30.0


def check_options(release: Release) -> list[str]:
    """The options to compile only, by release: the option was renamed twice."""
    traits = traits_of(release)
    option = "--mode" if traits.mode else "--test-mode" if traits.test_mode else "--test"
    return [option, "codegen"]


async def complaints(
    queries: BpftraceQueries,
    bpftrace: Bpftrace,
    prepared: Prepared,
    name: str,
    *,
    unsafe: bool = False,
    options: Sequence[str] = (),
    given: Settings = (),
    folder: Path | None = None,
) -> tuple[str, ...]:
    """The errors that bpftrace reports for a program: message, source line and the mark below it; empty if none.

    It is compiled in `folder`, by default in that of the tracer. Also empty if the check fails (no answer in 30 s, a
    crash): the real start will report the problem.
    """
    words = [*check_options(bpftrace.release), *(["--unsafe"] if unsafe else []), *options]
    command = [bpftrace.path, *words, "-e", prepared.text, *parameters(prepared)]
    tolerant = {} if "missing_probes" in prepared.settings else {"BPFTRACE_MISSING_PROBES": "warn"}
    query = queries.run(command, {**renamed(given, bpftrace.release), **tolerant}, folder=folder)
    try:
        answer = await asyncio.wait_for(asyncio.wrap_future(query.answer), TIMEOUT)
    except (OSError, TimeoutError):
        return ()
    finally:
        queries.cancel(query)  # ends the command also if bttop ends during the check
    if answer.code is None or answer.code <= 0:
        return ()
    return _errors([line.decode(errors="replace") for _, line in answer.lines], prepared, name, bpftrace.release)


def _errors(said: Sequence[str], prepared: Prepared, name: str, release: Release) -> tuple[str, ...]:
    found = [one for one in parse_diagnostics(said, prepared.original_position) if one.is_error]
    script = read(prepared.original)
    if found and isinstance(script, Script):
        found = with_requirements(found, script, release)
    return tuple(explained(found, name, prepared.original))
