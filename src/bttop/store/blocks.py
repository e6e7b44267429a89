"""A block: the lines of one generation in one compressed piece.

Decompressed it is text that anybody can read: a first line of JSON with the arrival stamps, then the lines as they
came. `boot_ns` and `wall_ns` hold one integer a line, the first as it is and each further one as the difference to
the one before; `wall_ns` is what the wall clock was ahead of the boot clock. `stderr` names the lines, from 0, that
came from standard error, `oversized` those that were too long to keep: only their sizes stand there, and `skipped`
those that say what the kernel skipped; each where there are any.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from bttop.model.jsontext import json_text
from bttop.model.records import FOREVER, Stamp, StampedLine, Stream

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODEC = "zstd"
NAMED: tuple[Stream, ...] = ("stderr", "oversized", "skipped", "detaching")
"""The streams that are named beside the lines; all others are from standard output."""
LEVEL = 11
"""Of zstd, for blocks of 240 lines: 1.10 times what one piece at -19 takes, at 0.17 % of a core for 40 KB of lines a
second. Level 9 takes 3 % more in half of the time, level 15 takes 3 % less in four times the time."""
TEXT_LEVEL = 19
"""Of a text that is written once, of some kilobytes."""
LARGEST = 64 << 20
"""Bytes that anything may have once decompressed: a file may claim anything."""
FREE_BYTES = 2 << 20
RATIO = 512
"""A frame may hold `FREE_BYTES`, and `RATIO` times its own size on top. What bpftrace prints takes at least a fiftieth
of its size, and six thousand times the same line of 2 KB a four-hundredth."""
FREE_VALUES = 50_000
VALUES_PER_BYTE = 16
"""Values of JSON that a block may have, and as many more for each byte of its frame: an empty list is three bytes of
text, 64 bytes of memory, and nothing once compressed. A map that is printed eight times unchanged has eight a byte."""
MOST_LINES = 100_000
"""Of a block; bttop seals one at 6,000."""
_HEAD_BYTES = 64
"""Of the first line of a block for each further one: two stamps of 20 digits and two numbers of 6."""


class BadBlock(ValueError):
    """A block that cannot be read; its text says why."""


def pack(lines: Sequence[StampedLine], level: int = LEVEL) -> tuple[bytes, int]:
    """The block of some lines, and its size before compression in bytes."""
    named = {name: [at for at, line in enumerate(lines) if line.stream == name] for name in NAMED}
    head: dict[str, list[int]] = {
        "boot_ns": _steps([line.stamp.boot_ns for line in lines]),
        "wall_ns": _steps([line.stamp.wall_ns - line.stamp.boot_ns for line in lines]),
        **{name: places for name, places in named.items() if places},
    }
    text = b"\n".join([json_text(head).encode(), *(line.data for line in lines)])
    return zstd.compress(text, level), len(text)


class Stated(NamedTuple):
    """What a file says of a block without unpacking it."""

    codec: str
    size: int
    """Bytes before compression."""
    lines: int


def unpack(data: bytes, stated: Stated, generation: int) -> tuple[StampedLine, ...]:
    """The lines of a block. Everything is held against what is stated before any line is made. Raises BadBlock."""
    if stated.codec != CODEC:
        raise BadBlock(f"it is packed by {stated.codec!r}, which this bttop does not know")
    head, *lines = _whole(data, stated).split(b"\n")
    try:
        found: dict[str, Any] = json.loads(head)
        boot = _sums(found["boot_ns"])
        ahead = _sums(found["wall_ns"])
        streams = {at: name for name in NAMED for at in found.get(name, [])}
        return tuple(
            [
                StampedLine(generation, streams.get(at, "stdout"), _stamp(boot_ns, more), line)
                for at, (boot_ns, more, line) in enumerate(zip(boot, ahead, lines, strict=True))
            ]
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadBlock(f"its stamps cannot be read: {error}") from None


def compressed(text: str) -> bytes:
    """A text, such as a script, in one frame."""
    return zstd.compress(text.encode(), TEXT_LEVEL)


def decompressed(data: bytes, most: int = LARGEST) -> bytes:
    """What is in one frame: at most so many bytes, and no more than `RATIO` allows. Raises BadBlock."""
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
    """The text of a block, which is as long and has as many lines as is stated."""
    if stated.lines > MOST_LINES:
        raise BadBlock(f"it is said to have {stated.lines:,} lines, and {MOST_LINES:,} are the most")
    text = decompressed(data, stated.size)
    lines = text.count(b"\n")
    if len(text) != stated.size or lines != stated.lines:
        raise BadBlock(
            f"it has {lines:,} lines and {len(text):,} bytes, and {stated.lines:,} and {stated.size:,} are stated"
        )
    values = sum(map(text.count, (b",", b"[", b"{")))
    if values > FREE_VALUES + VALUES_PER_BYTE * len(data):
        raise BadBlock(f"it has {values:,} values, more than so small a block can hold")
    if text.find(b"\n") > _HEAD_BYTES * (lines + 2):
        raise BadBlock(f"its stamps are longer than those of {lines:,} lines")
    return text


def _steps(values: Sequence[int]) -> list[int]:
    return [*values[:1], *(after - before for before, after in pairwise(values))]


def _sums(steps: Iterable[object]) -> list[int]:
    if not all(type(step) is int for step in steps):
        raise ValueError("a stamp is no integer")
    return list(accumulate(steps))  # type: ignore[arg-type]


def _stamp(boot_ns: int, ahead: int) -> Stamp:
    stamp = Stamp(boot_ns, boot_ns + ahead)
    if not (0 <= stamp.boot_ns < FOREVER and 0 <= stamp.wall_ns < FOREVER):
        raise ValueError("a stamp is out of range")
    return stamp
