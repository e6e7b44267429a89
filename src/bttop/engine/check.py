"""Ask bpftrace whether it would take a program, without attaching anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bttop.engine.errands import Errands
from bttop.engine.host import Bpftrace
from bttop.model.release import Release
from bttop.script.diagnostics import parse_diagnostics, render
from bttop.script.prepare import Prepared

TIMEOUT = 30.0


def check_options(release: Release) -> list[str]:
    """How a release is asked to compile only: the option was renamed twice."""
    if release < (0, 24):
        return ["--test", "codegen"]
    return ["--test-mode", "codegen"] if release < (0, 25) else ["--mode", "codegen"]


async def complaints(
    errands: Errands, bpftrace: Bpftrace, prepared: Prepared, name: str, *, unsafe: bool = False
) -> tuple[str, ...]:
    """What bpftrace has against a program: its message, the source line and the mark below it, or nothing.

    A check that cannot be made (no answer in 30 s, a crash) counts as nothing: running it will tell.
    """
    options = [*check_options(bpftrace.release), *(["--unsafe"] if unsafe else [])]
    command = [bpftrace.path, *options, "-e", prepared.text, *prepared.args]
    errand = errands.run(command, {"BPFTRACE_MISSING_PROBES": "warn"})
    try:
        answer = await asyncio.wait_for(asyncio.wrap_future(errand.answer), TIMEOUT)
    except (OSError, TimeoutError):
        return ()
    finally:
        errands.cancel(errand)  # leaves nothing behind, also when bttop is left while it checks
    if answer.code is None or answer.code <= 0:
        return ()
    return _errors([line.decode(errors="replace") for _, line in answer.lines], prepared, name)


def _errors(said: Sequence[str], prepared: Prepared, name: str) -> tuple[str, ...]:
    found = parse_diagnostics(said, prepared.original_position)
    errors = [one for one in found if one.is_error]
    return tuple(line for one in errors for line in render(one, name, prepared.original))
