"""`bttop verify`: checks that everything in a snapshot can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bttop.commands.options.arguments import Parser, add_recorded_hosts
from bttop.output import say
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.recording_events import LOST
from bttop.store.snapshot.snapshot import Snapshot


def run(arguments: Sequence[str]) -> int:
    """Read everything and report faults; return 0 if there are none, else 1."""
    parser = Parser(prog="bttop verify", description="read every page, line and flush of a snapshot")
    parser.add_argument("file", metavar="FILE", type=Path)
    add_recorded_hosts(parser)
    options = parser.parse_args(arguments)
    with Snapshot(options.file, options.hosts) as snapshot:
        found = checkup(snapshot)
        lost = [snapshot.told(mark) for mark in snapshot.marks() if mark.cause == LOST]
    verdict = "everything else can be read" if found.faults else "everything can be read"
    counts = f"{found.blocks:,} blocks, {found.lines:,} lines, {found.flushes:,} flushes"
    say([*found.faults, *lost, f"{options.file}: {counts}: {verdict}"])
    return 1 if found.faults else 0
