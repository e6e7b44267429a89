"""Snapshots: size, cost and delay of recording the five questions, and the time to open a day of them and to seek.

The load is that of the soak. Peers: for the size, the same stamped lines compressed in one piece by zstd -19 --long=27;
for the day, a file of one hour.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.options import Options
from benchmarks.soak import endless_load, five_questions
from benchmarks.table import Row, compared
from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.session_facts import facts_of, session_facts
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.recording.lookback_buffer import Sealed
from bttop.store.recording.snapshot_files import claim
from bttop.store.recording.writer import SnapshotWriter
from bttop.store.snapshot.block_replay import block_lines
from bttop.store.snapshot.blocks import pack
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import (
    FlushCompleted,
    GenerationStarted,
    HostKnown,
    LineReceived,
    ProgramAdded,
    RecordingEvent,
)
from bttop.store.snapshot.snapshot import BlockRow, Snapshot

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HOUR = 3600.0
SEEKS = 100
_HEARTBEAT = re.compile(rb'(\{"type": "value", "data": \[\d+,\[\d+),(\d+),(\d+)')


class _Timed(Recorder):
    """A recorder that measures its CPU time and how long each line waits, in ms."""

    def __init__(self) -> None:
        self.lags: list[float] = []
        self.cpu = 0.0
        super().__init__(session_facts(), "host")

    def _write(self, events: list[RecordingEvent]) -> None:
        super()._write(events)
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.lags += [(now - one.line.stamp.boot_ns) / 1e6 for one in events if isinstance(one, LineReceived)]
        self.cpu = time.thread_time()


def run(options: Options) -> Sequence[Row]:
    """Record for `seconds`, then repeat the recording to fill `hours`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "busy.bttop")
        rows = list(_recorded(path, options.seconds))
        rows += _day(path, Path(folder), options.hours)
    return rows


def _recorded(path: Path, seconds: float) -> Iterator[Row]:
    engine = five_questions()
    recorder = _Timed()
    engine.observe(HostRecorder(recorder, facts_of(engine.host, engine.bpftrace)))
    engine.start()
    try:
        engine.at_full_speed()
        with endless_load():
            time.sleep(5.0)
            claim(path, replace=True)
            recorder.start(path)
            recorder.wait()
            recorder.lags.clear()
            before = time.monotonic(), recorder.cpu
            time.sleep(seconds)
            took, cpu = time.monotonic() - before[0], recorder.cpu - before[1]
    finally:
        engine.close()
        recorder.close()
    yield Row("recorder's thread, % of a core", f"{100 * cpu / took:.2f}")
    lags = statistics.quantiles(recorder.lags, n=100)
    yield Row(
        "line's arrival to recorded, p50, p99, max, ms", f"{lags[49]:.1f}, {lags[98]:.1f}, {max(recorder.lags):.1f}"
    )
    with Snapshot(path) as snapshot:
        blocks = list(snapshot.blocks())
        lines = [line for block in blocks for line in block_lines(snapshot, block)]
    one_piece = _one_piece(lines)
    yield compared("blocks, bytes (peer: one piece at -19 --long=27)", sum(len(one.data) for one in blocks), one_piece)
    yield compared("the file, bytes (peer: the same)", path.stat().st_size, one_piece)
    yield Row(
        "lines before compression", f"{sum(len(line.data) for line in lines) * HOUR / took / 1e6:,.0f} MB an hour"
    )
    yield Row("the file", f"{path.stat().st_size * HOUR / took / 1e6:,.1f} MB an hour")


def _one_piece(lines: Sequence[StampedLine]) -> int:
    stamped = [b"%d %d %d %s" % (one.generation, *one.stamp, one.data) for one in sorted(lines, key=lambda x: x.stamp)]
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: 19,
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    return len(zstd.compress(b"\n".join(stamped), options=options))


def _day(path: Path, folder: Path, hours: float) -> Iterator[Row]:
    with Snapshot(path) as snapshot:
        parts = [_Part.read(snapshot, one.id) for one in snapshot.programs]
        long, short = (_spread(snapshot, parts, folder / f"{length:g}.bttop", length) for length in (hours, 1.0))
    yield compared(f"{hours:g} h: bytes (peer: 1 h)", long.stat().st_size, short.stat().st_size)
    yield _both("open, ms", long, short, lambda one: statistics.median(_opening(one) for _ in range(5)))
    yield _both("seek of five panes to an instant, median, ms", long, short, lambda one: statistics.median(_seeks(one)))
    yield _both("seek of five panes to an instant, slowest, ms", long, short, lambda one: max(_seeks(one)))
    yield _both("memory of opening and seeking, MiB", long, short, _memory)


def _both(what: str, long: Path, short: Path, measure: Callable[[Path], float]) -> Row:
    return compared(what, measure(long), measure(short), "{:,.1f}")


class _Part(NamedTuple):
    """The recorded blocks of one program's first generation."""

    begun: GenerationStarted
    name: str
    blocks: tuple[BlockRow, ...]
    lines: tuple[tuple[StampedLine, ...], ...]

    @classmethod
    def read(cls, snapshot: Snapshot, program: int) -> _Part:
        one = next(one for one in snapshot.generations.values() if one.program == program)
        found = tuple(block for block in snapshot.blocks() if block.generation == one.id)
        blocks = found[: max(1, len(found) - 1)]  # the last block ends with bpftrace's output at its exit
        begun = GenerationStarted(
            one.id, program, 1, one.source, one.text, one.prepared, one.args, one.plan, one.pin, one.badges, one.begun
        )
        name = next(found.name for found in snapshot.programs if found.id == program)
        return cls(begun, name, blocks, tuple(block_lines(snapshot, block) for block in blocks))

    def span_ns(self) -> int:
        return self.lines[-1][-1].stamp.boot_ns - self.lines[0][0].stamp.boot_ns + 10**9

    def again(self, turn: int, count: int) -> Iterator[Sealed]:
        """Yield the blocks again, `turn` spans later and after `count` flushes."""
        later = turn * self.span_ns()
        for block, lines in zip(self.blocks, self.lines, strict=True):
            shifted = [_later(line, later, count) for line in lines]
            data, size = pack(shifted, level=1)  # the size was already measured
            begin, end = block.begin_ns + later, block.end_ns + later
            ahead = lines[0].stamp.wall_ns - lines[0].stamp.boot_ns
            stamps = (begin, end, begin + ahead, end + ahead)
            head = (block.generation, self.begun.program, block.first_flush + count, block.flushes)
            yield Sealed(*head, *stamps, turn, len(lines), block.hexadecimal, 0, size, data)


def _later(line: StampedLine, later: int, count: int) -> StampedLine:
    def beat(found: re.Match[bytes]) -> bytes:
        return b"%s,%d,%d" % (found[1], int(found[2]) + count, int(found[3]) + later)

    stamp = Stamp(line.stamp.boot_ns + later, line.stamp.wall_ns + later)
    data = _HEARTBEAT.sub(beat, line.data, count=1) if _HEARTBEAT.match(line.data) else line.data
    return StampedLine(line.generation, line.stream, stamp, data)


def _spread(snapshot: Snapshot, parts: Sequence[_Part], path: Path, hours: float) -> Path:
    """Write a file that repeats the recording, later each time; return its path."""
    claim(path, replace=True)
    writer = SnapshotWriter(path, snapshot.session)
    writer.write([HostKnown(host) for host in snapshot.hosts])
    for part in parts:
        first = part.lines[0][0].stamp
        shown = FlushCompleted(part.begun.generation, first, first)
        writer.write([ProgramAdded(part.begun.program, part.name), part.begun, shown])
        flushes = sum(block.flushes for block in part.blocks)
        for turn in range(max(1, round(hours * HOUR * 1e9 / part.span_ns()))):
            writer.write_blocks(list(part.again(turn, turn * flushes)))
    writer.close()
    return path


def _histories(path: Path) -> tuple[Snapshot, list[RecordedHistory]]:
    snapshot = Snapshot(path)
    return snapshot, [RecordedHistory(snapshot, program.id) for program in snapshot.programs]


def _opening(path: Path) -> float:
    began = time.perf_counter()
    snapshot, _ = _histories(path)
    took = (time.perf_counter() - began) * 1000
    snapshot.close()
    return took


def _seeks(path: Path, count: int = SEEKS) -> list[float]:
    """Return the milliseconds of seeks to random instants, each of all panes."""
    snapshot, histories = _histories(path)
    span = snapshot.span()
    assert span is not None
    dice = random.Random(1)
    found = []
    for _ in range(count):
        moment = dice.randrange(span[0].boot_ns + 10**10, span[1].boot_ns)
        began = time.perf_counter()
        for history in histories:
            index = history.index_at(moment)
            assert index is not None
            assert history.at(index) is not None
        found.append((time.perf_counter() - began) * 1000)
    snapshot.close()
    return found


def _memory(path: Path) -> float:
    tracemalloc.start()
    _seeks(path, 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (1 << 20)
