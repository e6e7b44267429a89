"""A recording on a slow disk and a stream to a slow reader, slow and quick in turn: flushes kept, lost and made.

Both processes run for the whole time and trace 4,000 keys per second. Peer of kept plus lost: the flushes made, by the
numbers that the kernel gave them. Peer of the memory late in the last quick stretch: the memory late in the second one.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from benchmarks.options import Options
from benchmarks.table import Row, compared
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import LOST
from bttop.store.snapshot.snapshot import Snapshot

PROGRAM: Final = "profile:hz:1999 { @[rand % 100000] = hist(nsecs % 1000000); }"
TURNS: Final = 12
"""Number of stretches of a run: quick, slow, quick and so on."""
SLOW_DISK: Final = 5_000
"""Bytes of lines per second; about 200,000 are made, which fills the recorder's queue of 32 MiB in three minutes."""
SLOW_READER: Final = 2_000
"""Bytes per second; about 400,000 are made."""
SAMPLE: Final = 2.0
"""Seconds between two memory samples."""
_RECORD: Final = f"""
import sys, time
import bttop.cli
from bttop.store.snapshot import recording_events
from bttop.store.recording import writer
write = writer.SnapshotWriter.write
began, stretch = time.monotonic(), float(sys.argv.pop(1))
def slowly(self, events):
    size = sum(len(one.line.data) for one in events if isinstance(one, recording_events.LineReceived))
    end = time.monotonic() + size / {SLOW_DISK}
    while int((time.monotonic() - began) / stretch) % 2 and time.monotonic() < end:
        time.sleep(0.1)
    write(self, events)
writer.SnapshotWriter.write = slowly
sys.exit(bttop.cli.main())
"""
_STREAM: Final = "import sys, bttop.cli; sys.exit(bttop.cli.main())"


class Counted(NamedTuple):
    """Numbers of flushes of one process."""

    kept: int
    lost: int
    """As the process reports them."""
    made: int
    torn: int = 0
    """Number of incomplete lines."""


class Reader(threading.Thread):
    """Reads a stream; slowly in every second stretch."""

    def __init__(self, stream: IO[bytes], stretch: float) -> None:
        super().__init__(daemon=True)
        self.flushes: set[tuple[int, int]] = set()
        """Generation and number of each flush."""
        self.lost = 0
        self.torn = 0
        self._stream = stream
        self._stretch = stretch

    def run(self) -> None:
        began = time.monotonic()
        rest = b""
        while data := os.read(self._stream.fileno(), 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(line)
            if int((time.monotonic() - began) / self._stretch) % 2:
                time.sleep(len(data) / SLOW_READER)
        self.torn += bool(rest)

    def _take(self, line: bytes) -> None:
        try:
            found = json.loads(line)
        except ValueError:
            self.torn += 1
            return
        if found.get("kind") == "left out":
            self.lost += found["flushes"]
        elif "flush" in found:
            self.flushes.add((found["generation"], found["flush"]))


def run(options: Options) -> Sequence[Row]:
    """Run for `minutes`, and stop both processes with SIGINT in a quick stretch."""
    seconds = options.minutes * 60
    stretch = seconds / TURNS
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o700)
        file = folder / "losses.bttop"
        common = ["--budget", "100", "--force", "-i", "1", "-e", PROGRAM]
        record = _start(_RECORD, [str(stretch), "record", "-o", str(file), *common], folder)
        stream = _start(_STREAM, ["stream", *common], folder)
        assert stream.stdout is not None
        reader = Reader(stream.stdout, stretch)
        reader.start()
        memory = _watched({"record": record, "stream": stream}, seconds + stretch / 4)
        codes = [_ended(one) for one in (record, stream)]
        reader.join(60)
        numbers = sorted(reader.flushes)
        streamed = Counted(len(numbers), reader.lost, sum(map(_made, _by_generation(numbers))), reader.torn)
        rows = [*_rows("record", _recorded(file), codes[0]), *_rows("stream", streamed, codes[1])]
    return [*rows, *(_memory(name, taken) for name, taken in memory.items())]


def _start(code: str, words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    error = (folder / f"{len(list(folder.iterdir()))}.err").open("wb")
    with error:
        return subprocess.Popen(
            [sys.executable, "-c", code, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error
        )


def _watched(processes: dict[str, subprocess.Popen[bytes]], seconds: float) -> dict[str, list[float]]:
    """Sample the PSS of each process, in MiB, until the time is over."""
    memory: dict[str, list[float]] = {name: [] for name in processes}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, process in processes.items():
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            memory[name].append(sum(map(int, re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE))) / 1024)
        time.sleep(SAMPLE)
    return memory


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Stop a process with SIGINT; return its exit code."""
    process.send_signal(signal.SIGINT)
    return process.wait(120)


def _recorded(file: Path) -> Counted:
    with Snapshot(file) as snapshot:
        marks = [mark.note for mark in snapshot.marks() if mark.cause == LOST]
        numbers = [(flush.generation, flush.number) for flush in RecordedHistory(snapshot, 1)]
    found = [re.match(r"([\d,]+) flushes", mark) for mark in marks]
    lost = sum(int(one[1].replace(",", "")) for one in found if one)
    return Counted(len(numbers), lost, sum(map(_made, _by_generation(numbers))))


def _by_generation(numbers: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """The numbers of each generation: a restarted program counts from 1 again."""
    for _, flushes in itertools.groupby(numbers, lambda one: one[0]):
        yield [number for _, number in flushes]


def _made(numbers: Sequence[int]) -> int:
    return numbers[-1] - numbers[0] + 1


def _rows(name: str, counted: Counted, code: int) -> list[Row]:
    return [
        compared(f"{name}: kept and lost (peer: made)", counted.kept + counted.lost, counted.made),
        Row(
            f"{name}: kept, lost, torn lines, exit code", f"{counted.kept:,}, {counted.lost:,}, {counted.torn}, {code}"
        ),
    ]


def _memory(name: str, taken: Sequence[float]) -> Row:
    """Compare the second halves of two quick stretches: the queues are empty then."""
    stretch = len(taken) * 4 // (4 * TURNS + 1)
    early, late = (
        statistics.mean(taken[turn * stretch + stretch // 2 : (turn + 1) * stretch]) for turn in (2, TURNS - 2)
    )
    return compared(f"{name}: MiB late in the last quick stretch (peer: in the second)", late, early, "{:.1f}")
