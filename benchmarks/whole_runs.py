"""Whole runs of `bttop stream` and `bttop record` with their ends: events in all flushes divided by events made.

The load ends shortly before the run, so that the last flush holds a part of its events, or all of them if the interval
is as long as the run. Peer: the number of system calls made. Runs on the installed bpftrace and on each of
$BTTOP_TEST_BPFTRACE (colon-separated).
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import writers
from benchmarks.exactness import AGGREGATIONS, PROBE
from benchmarks.options import Options
from benchmarks.table import Row
from bttop.engine.host.host import find_bpftrace

EVENTS = 800_000
FULL_EVENTS = 8_000_000
KEYS = 8
INTERVALS = ("0.1", "1", "10", "30")
ENDS = ("--for", "SIGINT", "exit()")
ATTACH_SECONDS = 5.0
"""Seconds after which the load begins. If a probe is not attached by then, the figures show it."""
RUN_SECONDS = 30
"""Length of a run in seconds; longer than the load takes."""
HARMLESS = frozenset({"lost ticks"})


class Cell(NamedTuple):
    """One run: bpftrace, command, interval and way of ending."""

    bpftrace: str
    command: str
    interval: str
    end: str

    @property
    def title(self) -> str:
        release = find_bpftrace(self.bpftrace or None).release
        return f"{release.major}.{release.minor}, {self.command}, {self.interval} s, ended by {self.end}"


def run(options: Options) -> Sequence[Row]:
    """Do all runs, up to 40 s each; `full` makes 8,000,000 events in each."""
    more = [path for path in os.environ.get("BTTOP_TEST_BPFTRACE", "").split(":") if path]
    rounds = (FULL_EVENTS if options.full else EVENTS) // (2 * KEYS)
    with writers.command() as writer:
        cells = itertools.starmap(Cell, itertools.product(("", *more), ("stream", "record"), INTERVALS, ENDS))
        return [_row(cell, writer, rounds) for cell in cells]


def _row(cell: Cell, writer: list[str], rounds: int) -> Row:
    with tempfile.TemporaryDirectory() as folder, writers.writers(writer, KEYS, rounds) as load:
        process = _start(cell, Path(folder), load.pids)
        time.sleep(ATTACH_SECONDS)
        load.write()
        if cell.end == "SIGINT":
            process.send_signal(signal.SIGINT)
        text, _ = process.communicate()
        if cell.command == "record":
            text = _exported(Path(folder))
    lines = [json.loads(line) for line in text.splitlines()]
    made = 2 * KEYS * rounds
    counted = {name: _events(lines, name, rounds) for name in ("count", "sum", "stats", "hist", "lhist")}
    worst = min(counted.values(), key=lambda found: -abs(found - made))
    caveats = {caveat for line in lines for caveat in line.get("doubts", ())} - HARMLESS
    notes = [*sorted(caveats), *([] if _has_extremes(lines, rounds) else ["min or max missing"])]
    return Row(
        cell.title, f"{worst:,}", f"{made:,}", f"{worst / made:.6f}{'  (' + ', '.join(notes) + ')' if notes else ''}"
    )


def _start(cell: Cell, folder: Path, pids: Sequence[int]) -> subprocess.Popen[str]:
    statements = " ".join(f"@{name}[args->count] = {how};" for name, how in AGGREGATIONS.items())
    wanted = " || ".join(f"pid == {pid}" for pid in pids)
    script = folder / "whole.bt"
    ending = f" interval:s:{RUN_SECONDS} {{ exit(); }}" if cell.end == "exit()" else ""
    script.write_text(f"{PROBE} /{wanted}/ {{ {statements} }}{ending}\n")
    words = [
        sys.executable,
        "-m",
        "bttop",
        cell.command,
        str(script),
        "-i",
        cell.interval,
        "--force",
        "--budget",
        "100",
    ]
    words += ["--bpftrace", cell.bpftrace] if cell.bpftrace else []
    words += ["--for", f"{RUN_SECONDS}s"] if cell.end == "--for" else []
    words += ["-o", str(folder / "whole.bttop")] if cell.command == "record" else []
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(words, stdin=null, stdout=pipe, stderr=null, text=True)


def _exported(folder: Path) -> str:
    words = [sys.executable, "-m", "bttop", "export", str(folder / "whole.bttop"), "--format", "jsonl"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def _values(lines: Sequence[Mapping[str, Any]], name: str) -> Iterator[Any]:
    for line in lines:
        if line.get("map") == name:
            yield from (row["value"] for row in line["rows"])


def _events(lines: Sequence[Mapping[str, Any]], name: str, rounds: int) -> int:
    """Return the events of a map over all flushes; for the sum, divided by the average of the added values."""
    total = 0
    for value in _values(lines, name):
        if isinstance(value, list):
            total += sum(count for _, _, count in value)
        else:
            total += value["count"] if isinstance(value, dict) else value
    return round(total * 2 / (2 * rounds - 1)) if name == "sum" else total


def _has_extremes(lines: Sequence[Mapping[str, Any]], rounds: int) -> bool:
    least, most = min(_values(lines, "min"), default=None), max(_values(lines, "max"), default=None)
    return (least, most) == (0, 2 * rounds - 1)
