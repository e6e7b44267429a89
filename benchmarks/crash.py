"""Kills a recording of five programs with SIGKILL at random moments: which files open, and which flushes are missing.

Each program flushes every 50 ms, twenty times as often as usual, so that twenty times as much can be lost. Peer: the
flushes that were passed to the recorder.
"""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.options import Options
from benchmarks.table import Row, compared
from bttop.engine.recording.recorder import Recorder
from bttop.errors import BttopError
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Column, MapPlan, Plan
from bttop.model.record.records import Stamp, StampedLine
from bttop.model.record.release import Release
from bttop.store.recording.snapshot_files import claim
from bttop.store.snapshot.facts import HostFacts, RecordedHost, SessionFacts
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
)
from bttop.store.snapshot.snapshot import Snapshot

PROGRAMS = 5
STEP = 0.05
LONGEST = 1.5
"""Seconds after the first flush within which the process is killed."""
START = 60.0
"""Timeout for the first flush, in seconds: Python and SQLite are imported while other load runs."""
_FACTS = HostFacts("host", "6.18", "x86_64", 2, Release(0, 17), 4096)
_PLAN = Plan({"@x": MapPlan("@x", "count", (Column("comm", "text"),), "bank")}, {}, ("a",), round(STEP * 1e9))


def run(options: Options) -> Sequence[Row]:
    """Kill `runs` recordings."""
    dice = random.Random(1)
    opened, told_all, read_all, most = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.runs):
            path = Path(folder, f"{number}.bttop")
            told = _crash(path, dice.uniform(0, LONGEST))
            try:
                found = _flushes(path)
            except BttopError as error:
                print(error, file=sys.stderr)
                continue
            opened += 1
            told_all, read_all = told_all + told.total(), read_all + found.total()
            most = max([most, *(told[program] - found[program] for program in told)])
            print(f"\r{number + 1} of {options.runs}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return [
        compared("files that open (peer: kills)", opened, options.runs),
        compared("flushes in them (peer: passed to the recorder)", read_all, told_all),
        Row("most missing flushes of one program", f"{most}"),
    ]


def _crash(path: Path, seconds: float) -> Counter[int]:
    """Record until the process is killed; return the number of flushes of each program that the recorder got."""
    command = [sys.executable, "-m", "benchmarks.crash", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        has_begun = bool(select.select([process.stdout], [], [], START)[0])
        time.sleep(seconds if has_begun else 0)
        process.kill()
        told = Counter(process.stdout.read())
    if not told:
        print(f"{path}: no flush within {START:.0f} s", file=sys.stderr)
    return told


def _flushes(path: Path) -> Counter[int]:
    with Snapshot(path) as snapshot:
        return Counter({one.id: len(list(RecordedHistory(snapshot, one.id))) for one in snapshot.programs})


def record_for_ever(path: Path) -> None:
    """Record five programs. For each flush passed to the recorder, write its program's number as a byte to stdout."""
    claim(path, replace=True)
    recorder = Recorder(SessionFacts(), "host")
    recorder.tell(HostKnown(RecordedHost(1, _FACTS)))
    recorder.start(path)
    recorder.wait()
    readers = {}
    for program in range(1, PROGRAMS + 1):
        recorder.tell(ProgramAdded(program, f"p{program}"))
        recorder.tell(GenerationStarted(program, program, 1, "p.bt", "", "", (), _PLAN, "", (), Stamp(0, 0)))
        readers[program] = FlushReader(_FACTS.release, _PLAN, 1)
    number = 0
    while True:
        number += 1
        for program, reader in readers.items():
            _flush(recorder, reader, program, number)
        time.sleep(STEP)


def _flush(recorder: Recorder, reader: FlushReader, program: int, number: int) -> None:
    stamp = Stamp(time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns())
    for text in (
        f'{{"type": "map", "data": {{"@x": {{"dd": {number}}}}}}}',
        f'{{"type": "value", "data": [0,[0,{number},{stamp.boot_ns}]]}}',
    ):
        line = StampedLine(program, "stdout", stamp, text.encode())
        recorder.tell(LineReceived(line, hexadecimal=False))
        flush = reader.feed(line)
        if flush is not None:
            recorder.tell(FlushCompleted(program, Stamp(flush.end_ns, flush.wall_ns), stamp))
            os.write(1, bytes([program]))


if __name__ == "__main__":
    record_for_ever(Path(sys.argv[1]))
