"""Ask bpftrace whether it would take a program, without attaching anything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

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


async def complaints(bpftrace: Bpftrace, prepared: Prepared, name: str, *, unsafe: bool = False) -> tuple[str, ...]:
    """What bpftrace has against a program: its message, the source line and the mark below it, or nothing.

    A check that cannot be made (no answer in 30 s, a crash) counts as nothing: running it will tell.
    """
    options = [*check_options(bpftrace.release), *(["--unsafe"] if unsafe else [])]
    command = [bpftrace.path, *options, "-e", prepared.text, *prepared.args]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "BPFTRACE_MISSING_PROBES": "warn"},
        )
    except OSError:
        return ()
    try:
        said, _ = await asyncio.wait_for(process.communicate(), TIMEOUT)
    except TimeoutError:
        return ()
    finally:
        await _end(process)
    if process.returncode is None or process.returncode <= 0:
        return ()
    return _errors(said.decode(errors="replace").splitlines(), prepared, name)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing behind, also when bttop is left while it checks."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _errors(said: Sequence[str], prepared: Prepared, name: str) -> tuple[str, ...]:
    found = parse_diagnostics(said, prepared.original_position)
    errors = [one for one in found if one.is_error]
    return tuple(line for one in errors for line in render(one, name, prepared.original))
