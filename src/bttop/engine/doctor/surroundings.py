"""Checks the terminal and the disk for snapshots."""

from __future__ import annotations

import codecs
import locale
import os
import sys
from pathlib import Path

from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState
from bttop.engine.host.process.processes import look_up
from bttop.errors import bttop_command
from bttop.store.recording.snapshot_files import snapshot_folder
from bttop.trust import Trust, Untrusted

SMALLEST = (80, 24)
"""Columns and rows below which the five panes lose columns or rows."""
_MULTIPLEXERS = {"TMUX": "tmux", "STY": "screen", "ZELLIJ": "zellij"}
"""Variables that multiplexers set, and the beginning of their servers' names."""
LITTLE = 100 << 20
"""Bytes of free disk below which the finding is `limited`: about ten hours of the five panes."""


def terminal(patient: DoctorContext) -> Finding:
    """Size, colours, characters and multiplexer."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        return Finding("terminal", FindingState.UNKNOWN, "stdin or stdout is not a terminal")
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    environment = patient.environment
    name = environment.get("TERM", "")
    said = f"{columns}x{rows}, {name or 'TERM is not set'}, {_colours(patient)} colours, {_multiplexer(patient)}"
    if not name or name == "dumb":
        return Finding(
            "terminal", FindingState.LIMITED, said, "the screen may be garbled", "export TERM=xterm-256color"
        )
    if not _is_utf8():
        effect = "bars and trends are drawn in ASCII, other characters as escapes"
        return Finding("terminal", FindingState.LIMITED, f"{said}, no UTF-8", effect, "export LC_ALL=C.UTF-8")
    if (columns, rows) != (max(columns, SMALLEST[0]), max(rows, SMALLEST[1])):
        effect = "the five panes are drawn for 80x24 and larger; bttop NAME shows one alone"
        # A serial line does not report its size.
        fix = "enlarge the window" if columns else "stty columns 80 rows 24"
        return Finding("terminal", FindingState.LIMITED, said, effect, fix)
    return Finding("terminal", FindingState.OK, f"{said}, UTF-8")


def _colours(patient: DoctorContext) -> str:
    environment = patient.environment
    if environment.get("NO_COLOR"):
        return "no"
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    return "256" if "256" in environment.get("TERM", "") else "16"


def _multiplexer(patient: DoctorContext) -> str:
    """Find the multiplexer by its variable or, because sudo drops that, by its server among the parents."""
    seen = look_up(os.getpid(), patient.root / "proc")
    above = [parent.comm.lower() for parent in seen.parents] if seen is not None else []
    for variable, name in _MULTIPLEXERS.items():
        if patient.environment.get(variable) or any(comm.startswith(name) for comm in above):
            return f"in {name}"
    return "no tmux"


def _is_utf8() -> bool:
    try:
        return codecs.lookup(locale.getencoding()).name == "utf-8"
    except LookupError:
        return False


def disk(_patient: DoctorContext) -> Finding:
    """Free disk space for snapshots, and the right to write them."""
    folder = snapshot_folder()
    place = _nearest(folder)
    effect = "the five panes run; recordings stop, or do not start"
    try:
        facts = os.statvfs(place)
    except OSError as error:
        return Finding("snapshots", FindingState.UNKNOWN, f"{folder}: {error.strerror}")
    free = facts.f_bavail * facts.f_frsize
    said = f"{folder}: {free / 1e9:,.1f} GB free"
    try:
        trust = Trust.of_this_process()
        (trust.check if place == folder else trust.check_way)(place)
    except Untrusted as doubt:
        return Finding("snapshots", FindingState.LIMITED, f"{said}, but {doubt}", effect, doubt.command)
    if not os.access(place, os.W_OK | os.X_OK):
        fix = "start bttop in a folder that you own, with a folder `snapshots` in it"
        return Finding("snapshots", FindingState.LIMITED, f"{said}, but {place} is not writable", effect, fix)
    if free < LITTLE:
        return Finding("snapshots", FindingState.LIMITED, said, effect, bttop_command("record", "--max-size", "50M"))
    return Finding("snapshots", FindingState.OK, said)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest existing one above it."""
    return next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110 - never raises


CHECKS = (
    Check(200, terminal),
    Check(210, disk),
)
