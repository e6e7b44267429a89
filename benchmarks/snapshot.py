"""Snapshots: size against one compressed piece, what recording costs, and how fast a long file opens and seeks.

Peers: the same stamped lines in one piece by zstd -19 --long=27; one core; a file of one hour for that of a day.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from backports import zstd

from benchmarks.options import Options
from benchmarks.soak import endless_load
from benchmarks.table import Row, compared
from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.engine.host import Host, find_bpftrace
from bttop.engine.questions import questions
from bttop.engine.recorder import Recorder, facts_of
from bttop.model.records import Stamp, StampedLine
from bttop.paths import shipped
from bttop.script.library import Library
from bttop.store.blocks import pack, unpack
from bttop.store.happenings import Added, Begun, Came, Happening
from bttop.store.journal import Sealed
from bttop.store.places import claim
from bttop.store.snapshot import Snapshot
from bttop.store.writer import SnapshotWriter

SECOND = 1_000_000_000
SEEKS = 200
WARM = 5.0
_BEAT = re.compile(rb"(bttop-hb \w+) (\d+) (\d+)")


class _Timed(Recorder):
    """Notes how long each line took from its arrival at the tracer to the end of its transaction."""

    def __init__(self, host: Host) -> None:
        self.delays: list[float] = []
        super().__init__(facts_of(host, find_bpftrace(None)))

    def _write(self, happenings: list[Happening]) -> None:
        super()._write(happenings)
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.delays += [(now - one.line.stamp.boot_ns) / 1e6 for one in happenings if isinstance(one, Came)]

    @property
    def cpu_seconds(self) -> float:
        """What the recorder's thread has used."""
        assert self._thread is not None
        stat = Path(f"/proc/self/task/{self._thread.native_id}/schedstat").read_text()
        return int(stat.split()[0]) / 1e9


def run(options: Options) -> Sequence[Row]:
    """Record for `seconds` under load, then make a day of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "s.bttop"
        rows = [*_record(file, max(options.seconds, 60.0)), *_sizes(file)]
        hour, day = Path(folder) / "hour.bttop", Path(folder) / "day.bttop"
        _stretch(file, hour, 3_600)
        _stretch(file, day, 86_400)
        return [*rows, *_long(hour, day)]


def _record(file: Path, seconds: float) -> Iterator[Row]:
    host = Host.read()
    engine = Engine(host, find_bpftrace(None))
    for question in questions(Library.load([shipped("probes")]), (), ()):
        engine.add(question.name, question.sources, Settings(), failure=question.failure)
    recorder = _Timed(host)
    engine.observe(recorder)
    claim(file, replace=True)
    recorder.start(file)
    engine.start()
    try:
        engine.at_full_speed()
        with endless_load():
            time.sleep(WARM)
            recorder.delays.clear()
            before, began = recorder.cpu_seconds, time.monotonic()
            time.sleep(seconds)
            used, took = recorder.cpu_seconds - before, time.monotonic() - began
    finally:
        engine.close()
        recorder.close()
    p99 = statistics.quantiles(recorder.delays, n=100)[98]
    yield Row("recording, % of a core (wanted: 0.5)", f"{100 * used / took:.2f}")
    yield Row("line to recorded, p99 ms (wanted: 100)", f"{p99:.1f}")
    yield Row("size of an hour, MB (wanted: 10)", f"{file.stat().st_size / took * 3600 / 1e6:.2f}")


def _sizes(file: Path) -> Iterator[Row]:
    with Snapshot(file) as snapshot:
        lines = [line for block in snapshot.blocks() for line in unpack(block.data, block.codec, block.generation)]
    lines.sort(key=lambda line: line.stamp)
    raw = b"".join(b"%d %d %s\n" % (*line.stamp, line.data) for line in lines)
    best: Mapping[int, int] = {
        zstd.CompressionParameter.compression_level: 19,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
        zstd.CompressionParameter.window_log: 27,
    }
    piece = len(zstd.compress(raw, options=best))
    yield compared(f"bytes of {len(raw):,} (wanted: 1.30)", file.stat().st_size, piece)


def _stretch(source: Path, target: Path, seconds: int) -> None:
    """A file as long as told, of the blocks of a short one over and over, each time later."""
    claim(target, replace=True)
    with Snapshot(source) as snapshot:
        writer = SnapshotWriter(target, snapshot.facts.as_text())
        writer.write([(one, None) for one in _heads(snapshot)])
        for program in snapshot.programs:
            blocks = [one for one in snapshot.blocks() if snapshot.generations[one.generation].program == program.id]
            whole = [(one.generation, unpack(one.data, one.codec, one.generation)) for one in blocks if one.flushes]
            writer.write_blocks(list(_later(program.id, whole, seconds)))
        writer.close()


def _heads(snapshot: Snapshot) -> Iterator[Happening]:
    for program in snapshot.programs:
        yield Added(program.id, program.name)
    for one in snapshot.generations.values():
        yield Begun(one.id, one.program, 1, one.source, one.text, one.prepared, one.args, one.plan, "", (), one.begun)


def _later(program: int, blocks: Sequence[tuple[int, tuple[StampedLine, ...]]], seconds: int) -> Iterator[Sealed]:
    first = blocks[0][1][0].stamp
    length = blocks[-1][1][-1].stamp.boot_ns - first.boot_ns + SECOND
    beats = sum(_BEAT.search(line.data) is not None for _, lines in blocks for line in lines)
    flushes = 0
    for turn in range(seconds * SECOND // length + 1):
        for generation, lines in blocks:
            moved = [_moved(line, turn * length, turn * beats) for line in lines]
            ends = [int(found[3]) for line in moved if (found := _BEAT.search(line.data))]
            data, size = pack(moved)
            begin, end = moved[0].stamp, moved[-1].stamp
            yield Sealed(
                generation, program, flushes, len(ends), ends[0], ends[-1], begin.wall_ns, end.wall_ns, len(moved),
                False, size, data,
            )  # fmt: skip
            flushes += len(ends)


def _moved(line: StampedLine, nanoseconds: int, beats: int) -> StampedLine:
    def later(found: re.Match[bytes]) -> bytes:
        return b"%s %d %d" % (found[1], int(found[2]) + beats, int(found[3]) + nanoseconds)

    stamp = Stamp(line.stamp.boot_ns + nanoseconds, line.stamp.wall_ns + nanoseconds)
    return StampedLine(line.generation, line.stream, stamp, _BEAT.sub(later, line.data))


SEEK = """
import json, random, resource, sys, time
from pathlib import Path
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory
began = time.perf_counter()
snapshot = Snapshot(Path(sys.argv[1]))
histories = [RecordedHistory(snapshot, program.id) for program in snapshot.programs]
newest = [history.latest for history in histories]
opened = (time.perf_counter() - began) * 1000
begin, end = snapshot.span()
dice, took = random.Random(3), []
for _ in range(int(sys.argv[2])):
    moment = dice.randrange(begin.boot_ns + 2_000_000_000, end.boot_ns)
    began = time.perf_counter()
    for history in histories:
        index = history.index_at(moment)
        if index is not None:
            assert history.at(index).end_ns <= moment
    took.append((time.perf_counter() - began) * 1000)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([opened, sorted(took)[len(took) // 2], max(took), rss, sum(map(len, histories))]))
"""


def _long(hour: Path, day: Path) -> Iterator[Row]:
    short, long = (_seek(path) for path in (hour, day))
    yield compared("five panes, flushes in the file (peer: an hour)", long[4], short[4])
    yield compared("open and show the newest, ms (wanted: 300)", long[0], short[0], "{:.1f}")
    yield compared("seek all five panes, median ms", long[1], short[1], "{:.1f}")
    yield compared("seek all five panes, longest of 200, ms (wanted: 50)", long[2], short[2], "{:.1f}")
    yield compared("peak memory, MiB", long[3], short[3], "{:.1f}")


def _seek(path: Path) -> list[float]:
    answer = subprocess.run([sys.executable, "-c", SEEK, path, str(SEEKS)], capture_output=True, check=True)
    found: list[float] = json.loads(answer.stdout)
    return found
