"""A recording on a slow disk and a stream to a slow reader, each slow and quick in turn: what was kept, lost and made.

Both processes live as long as the run, and trace 2,000 keys a second. Peer of kept plus lost: the flushes that were
made, by the numbers that the kernel gave them. Peer of the memory in the last quick and the last slow stretch: that in
the second ones.
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
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from benchmarks.options import Options
from benchmarks.table import Row, compared
from bttop.store.happenings import LOST
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory

PROGRAM: Final = "profile:hz:999 { @[rand % 100000] = hist(nsecs % 1000000); }"
TURNS: Final = 12
"""Stretches of a run: quick, slow, quick and so on."""
SLOW_DISK: Final = 20_000
"""Bytes of lines a second; about 150,000 are made."""
SLOW_READER: Final = 2_000
"""Bytes a second; about 250,000 are made."""
SAMPLE: Final = 2.0
"""Seconds between two looks at the memory."""
_RECORD: Final = f"""
import sys, time
import bttop.cli
from bttop.store import happenings, writer
write = writer.SnapshotWriter.write
began, stretch = time.monotonic(), float(sys.argv.pop(1))
def slowly(self, events):
    size = sum(len(one.line.data) for one in events if isinstance(one, happenings.Came))
    end = time.monotonic() + size / {SLOW_DISK}
    while int((time.monotonic() - began) / stretch) % 2 and time.monotonic() < end:
        time.sleep(0.1)
    write(self, events)
writer.SnapshotWriter.write = slowly
sys.exit(bttop.cli.main())
"""
_STREAM: Final = "import sys, bttop.cli; sys.exit(bttop.cli.main())"


class Counted(NamedTuple):
    """Flushes of one process."""

    kept: int
    lost: int
    """What the process says."""
    made: int
    torn: int = 0
    """Lines that are not whole."""


class Reader(threading.Thread):
    """Reads a stream, slowly in every second stretch."""

    def __init__(self, stream: IO[bytes], stretch: float) -> None:
        super().__init__(daemon=True)
        self.flushes: set[int] = set()
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
            self.flushes.add(found["flush"])


def run(options: Options) -> Sequence[Row]:
    """Run for `minutes`, and stop both by SIGINT in a quick stretch."""
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
        streamed = Counted(len(numbers), reader.lost, numbers[-1] - numbers[0] + 1, reader.torn)
        rows = [*_rows("record", _recorded(file), codes[0]), *_rows("stream", streamed, codes[1])]
    return [*rows, *(_memory(name, taken) for name, taken in memory.items())]


def _start(code: str, words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    error = (folder / f"{len(list(folder.iterdir()))}.err").open("wb")
    with error:
        return subprocess.Popen(
            [sys.executable, "-c", code, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error
        )


def _watched(processes: dict[str, subprocess.Popen[bytes]], seconds: float) -> dict[str, list[float]]:
    """MiB of each process, by PSS, until the time is over."""
    memory: dict[str, list[float]] = {name: [] for name in processes}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for name, process in processes.items():
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            memory[name].append(sum(map(int, re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE))) / 1024)
        time.sleep(SAMPLE)
    return memory


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code."""
    process.send_signal(signal.SIGINT)
    return process.wait(120)


def _recorded(file: Path) -> Counted:
    with Snapshot(file) as snapshot:
        marks = [mark.note for mark in snapshot.marks() if mark.cause == LOST]
        numbers = [flush.number for flush in RecordedHistory(snapshot, 1)]
    found = [re.match(r"([\d,]+) flushes", mark) for mark in marks]
    lost = sum(int(one[1].replace(",", "")) for one in found if one)
    missing = sum(later - earlier - 1 for earlier, later in itertools.pairwise(numbers))
    return Counted(len(numbers), lost, len(numbers) + missing)


def _rows(name: str, counted: Counted, code: int) -> list[Row]:
    return [
        compared(f"{name}: kept and lost (peer: made)", counted.kept + counted.lost, counted.made),
        Row(
            f"{name}: kept, lost, torn lines, exit code", f"{counted.kept:,}, {counted.lost:,}, {counted.torn}, {code}"
        ),
    ]


def _memory(name: str, taken: Sequence[float]) -> Row:
    """A quick stretch and a slow one, since a full queue of lines to be written is memory too."""
    stretch = len(taken) * 4 // (4 * TURNS + 1)
    second, last = taken[2 * stretch : 4 * stretch], taken[(TURNS - 2) * stretch : TURNS * stretch]
    label = f"{name}: MiB in the last two stretches (peer: in the third and fourth)"
    return compared(label, statistics.mean(last), statistics.mean(second), "{:.1f}")
