"""The changes to programs that the user asks for. All run on the engine's thread; `now` is in CLOCK_BOOTTIME ns."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from bttop.engine.generation.source import Source
from bttop.engine.program.program import Program
from bttop.engine.program_runner import ProgramRunner
from bttop.script.process.pin import Pin


def toggle(program: Program, runner: ProgramRunner, now: int) -> None:
    """Stop a program that runs or waits for its next start; start one that does not run."""
    if program.status.running or program.status.retry_at_ns is not None:
        program.stop(now)
        runner.replace_merged(now)
    else:
        program.start(now)


def approve(program: Program, now: int) -> None:
    """Run a program that was held back, or let a thinned one take all events."""
    thinned = program.status.thinned
    if program.permission.approve():
        program.go_on(now)
    elif thinned is not None:
        program.permission.allow(thinned.allowed)
        program.thinning.thin(None, now)


def set_interval(programs: Sequence[Program], interval_ms: int, now: int) -> None:
    """Restart the programs whose interval differs."""
    for program in programs:
        if program.settings.interval_ms != interval_ms:
            program.change(replace(program.settings, interval_ms=interval_ms), now)


def pin_programs(programs: Sequence[Program], pin: Pin | None, now: int) -> None:
    """Restart the programs whose pin differs."""
    for program in programs:
        if program.settings.pin != pin:
            program.change(replace(program.settings, pin=pin), now)


def reload(program: Program, sources: tuple[Source, ...], now: int) -> None:
    """Replace the script, unless it is the present one: the end of an editor and the file watch may both report the
    same save."""
    if [(one.texts, one.path) for one in sources] == [(one.texts, one.path) for one in program.sources]:
        return
    program.permission.edited()
    program.reload(sources, now)
