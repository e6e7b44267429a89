"""Kill -9 at random moments of a recording of five programs: which files open, and what is missing from them.

Each program flushes every 50 ms, twenty times as often as usual, so that there is twenty times as much to lose. Peer:
what was told to the recorder.
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
from bttop.engine.recorder import Recorder
from bttop.errors import BttopError
from bttop.model.assembler import FlushReader
from bttop.model.plan import Column, MapPlan, Plan
from bttop.model.records import Stamp, StampedLine
from bttop.model.release import Release
from bttop.store.facts import Facts
from bttop.store.happenings import Added, Begun, Came, Shown
from bttop.store.places import claim
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory

PROGRAMS = 5
STEP = 0.05
LONGEST = 1.5
"""Seconds after the first flush, within which the process is killed."""
START = 60.0
"""Seconds that a process gets to its first flush: Python and SQLite have to be imported beside other load."""
_FACTS = Facts("host", "6.18", "x86_64", 2, Release(0, 17), "0", 4096)
_PLAN = Plan({"@x": MapPlan("@x", "count", (Column("comm", "text"),), "bank")}, {}, ("a",), round(STEP * 1e9))


def run(options: Options) -> Sequence[Row]:
    """Crash `runs` times."""
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
        compared("files that open (peer: crashes)", opened, options.runs),
        compared("flushes in them (peer: told)", read_all, told_all),
        Row("most that one program misses", f"{most}"),
    ]


def _crash(path: Path, seconds: float) -> Counter[int]:
    """Record until the process is killed; what each program's recorder was told."""
    command = [sys.executable, "-m", "benchmarks.crash", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        has_begun = bool(select.select([process.stdout], [], [], START)[0])
        time.sleep(seconds if has_begun else 0)
        process.kill()
        told = Counter(process.stdout.read())
    if not told:
        print(f"{path}: no flush was told within {START:.0f} s", file=sys.stderr)
    return told


def _flushes(path: Path) -> Counter[int]:
    with Snapshot(path) as snapshot:
        return Counter({one.id: len(list(RecordedHistory(snapshot, one.id))) for one in snapshot.programs})


def record_for_ever(path: Path) -> None:
    """Tell a recorder of five programs; each flush that was told is a byte on standard output: its program's number."""
    claim(path, replace=True)
    recorder = Recorder(_FACTS)
    recorder.start(path)
    recorder.wait()
    readers = {}
    for program in range(1, PROGRAMS + 1):
        recorder.tell(Added(program, f"p{program}"))
        recorder.tell(Begun(program, program, 1, "p.bt", "", "", (), _PLAN, "", (), Stamp(0, 0)))
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
        f'{{"type": "printf", "data": "bttop-hb a {number} {stamp.boot_ns}\\n"}}',
    ):
        line = StampedLine(program, "stdout", stamp, text.encode())
        recorder.tell(Came(line, hexadecimal=False))
        flush = reader.feed(line)[1]
        if flush is not None:
            recorder.tell(Shown(program, Stamp(flush.end_ns, flush.wall_ns), stamp))
            os.write(1, bytes([program]))


if __name__ == "__main__":
    record_for_ever(Path(sys.argv[1]))
