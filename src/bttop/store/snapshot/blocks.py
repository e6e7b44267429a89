"""A block: the lines of one generation in one compressed piece.

A decompressed block is plain text: a first line of JSON with the arrival stamps, then the lines as they came. `boot_ns`
and `wall_ns` hold one integer per line: the first value, then the difference to the previous value. `wall_ns` is how
far the wall clock was ahead of the boot clock. Four optional lists name lines by their index from 0: `stderr` for lines
from standard error, `oversized` for lines that were too long to keep (only their sizes are stored), `skipped` for
reports of events that the kernel skipped, and `detaching` for reports that a program is being detached.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from msgspec import Struct

from bttop.model.format.json_text import json_text
from bttop.model.format.zstd import zstd
from bttop.model.record.records import FOREVER, Stamp, StampedLine, Stream
from bttop.store.snapshot.facts import HostClock

CODEC = "zstd"
NAMED: tuple[Stream, ...] = ("stderr", "oversized", "skipped", "detaching")
"""Streams whose lines are listed in the first line of a block; all other lines are from standard output."""
LEVEL = 11
"""zstd level for blocks of 240 lines: 1.10 times the size of one piece at -19, for 0.17 % of a core at 40 KB of lines
per second. Level 9 is 3 % larger in half of the time, level 15 is 3 % smaller in four times the time."""
QUICK_LEVEL = 6
"""zstd level for blocks that are sealed because of their bytes: those of programs that print megabytes per minute. They
are 11 % larger than at level 11, in a quarter of the time."""
TEXT_LEVEL = 19
"""zstd level for a text of a few kilobytes that is written once."""
LARGEST = 64 << 20
"""Most bytes of anything once decompressed. A file may state any size."""
FREE_BYTES = 2 << 20
RATIO = 512
"""A frame may hold `FREE_BYTES` plus `RATIO` times its compressed size. Output of bpftrace compresses to a fiftieth at
best, and six thousand copies of the same line of 2 KB to a four-hundredth."""
FREE_VALUES = 50_000
VALUES_PER_BYTE = 16
"""A block may have `FREE_VALUES` JSON values plus `VALUES_PER_BYTE` per byte of its frame: an empty list is 3 bytes of
text and 64 bytes of memory, and compresses to nothing. A map printed eight times unchanged has eight per byte."""
MOST_LINES = 100_000
"""Most lines of a block; bttop seals a block at 6,000."""
_OWN_CLOCK = HostClock()
_HEAD_BYTES = 64
"""Most bytes of the first line of a block per further line: two stamps of 20 digits and two numbers of 6."""


class BadBlock(ValueError):
    """A block cannot be read; the message says why."""


def pack(lines: Sequence[StampedLine], level: int = LEVEL) -> tuple[bytes, int]:
    """Return the block of some lines, and its size before compression in bytes."""
    named = {name: [at for at, line in enumerate(lines) if line.stream == name] for name in NAMED}
    head: dict[str, list[int]] = {
        "boot_ns": _steps([line.stamp.boot_ns for line in lines]),
        "wall_ns": _steps([line.stamp.wall_ns - line.stamp.boot_ns for line in lines]),
        **{name: places for name, places in named.items() if places},
    }
    text = b"\n".join([json_text(head).encode(), *(line.data for line in lines)])
    return zstd.compress(text, level), len(text)


class Stated(Struct, frozen=True):
    """What a file states about a block, outside the block."""

    codec: str
    size: int
    """Bytes before compression."""
    lines: int


def unpack(data: bytes, stated: Stated, generation: int, clock: HostClock = _OWN_CLOCK) -> tuple[StampedLine, ...]:
    """Return the lines of a block; `clock`: the clocks of their host. Checks everything against `stated` before it
    creates lines. Raises BadBlock."""
    if stated.codec != CODEC:
        raise BadBlock(f"it is compressed by {stated.codec!r}, which this bttop does not know")
    head, *lines = _whole(data, stated).split(b"\n")
    try:
        found: dict[str, Any] = json.loads(head)
        boot = _sums(found["boot_ns"])
        ahead = _sums(found["wall_ns"])
        streams = {at: name for name in NAMED for at in found.get(name, [])}
        return tuple(
            [
                StampedLine(generation, streams.get(at, "stdout"), clock.aligned(_stamp(boot_ns, more)), line)
                for at, (boot_ns, more, line) in enumerate(zip(boot, ahead, lines, strict=True))
            ]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBlock(f"its stamps cannot be read: {error}") from None


def compressed(text: str) -> bytes:
    """Compress a text, such as a script, into one frame."""
    return zstd.compress(text.encode(), TEXT_LEVEL)


def decompressed(data: bytes, most: int = LARGEST) -> bytes:
    """Decompress one frame to at most `most` bytes, and no more than `RATIO` allows. Raises BadBlock."""
    most = min(most, LARGEST, FREE_BYTES + RATIO * len(data))
    try:
        reader = zstd.ZstdDecompressor()
        text = reader.decompress(data, max_length=most + 1)
    except (zstd.ZstdError, EOFError) as error:
        raise BadBlock(f"it cannot be decompressed: {error}") from None
    if len(text) > most:
        raise BadBlock(f"it unpacks to more than {most:,} bytes")
    if not reader.eof:
        raise BadBlock("it ends too early")
    return text


def _whole(data: bytes, stated: Stated) -> bytes:
    """Return the text of a block. Raises BadBlock unless it has the stated size and number of lines."""
    if stated.lines > MOST_LINES:
        raise BadBlock(f"it states {stated.lines:,} lines, and {MOST_LINES:,} are the most")
    text = decompressed(data, stated.size)
    lines = text.count(b"\n")
    if len(text) != stated.size or lines != stated.lines:
        raise BadBlock(
            f"it has {lines:,} lines and {len(text):,} bytes, and {stated.lines:,} and {stated.size:,} are stated"
        )
    values = sum(map(text.count, (b",", b"[", b"{")))
    if values > FREE_VALUES + VALUES_PER_BYTE * len(data):
        raise BadBlock(f"it has {values:,} values, too many for a block of its size")
    if text.find(b"\n") > _HEAD_BYTES * (lines + 2):
        raise BadBlock(f"its stamps are longer than those of {lines:,} lines")
    return text


def _steps(values: Sequence[int]) -> list[int]:
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def _sums(steps: Iterable[object]) -> list[int]:
    if not all(type(step) is int for step in steps):
        raise ValueError("a stamp is not an integer")
    return list(accumulate(steps))  # type: ignore[arg-type]


def _stamp(boot_ns: int, ahead: int) -> Stamp:
    stamp = Stamp(boot_ns, boot_ns + ahead)
    if not (0 <= stamp.boot_ns < FOREVER and 0 <= stamp.wall_ns < FOREVER):
        raise ValueError("a stamp is out of range")
    return stamp
