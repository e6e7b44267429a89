"""The frames that the tracer sends (lines and states), and the reader that decodes them from pieces of any size."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bttop.errors import TracerLost
from bttop.model.record.records import Stamp, StampedLine

HEADER: Final = struct.Struct(">cIQQI")
"""Kind, generation, boot_ns, wall_ns, length of the payload."""


@dataclass(frozen=True, slots=True)
class Started:
    """The exec succeeded; sent before the program's first line."""

    generation: int
    stamp: Stamp
    pid: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The program could not be executed; nothing else follows."""

    generation: int
    stamp: Stamp
    reason: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended; sent after its last line. A negative code is the signal that ended it."""

    generation: int
    stamp: Stamp
    code: int


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The kernel descriptors of a watched program: perf_event, bpf-prog, bpf-map, eventpoll."""

    generation: int
    stamp: Stamp
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Output that the tracer dropped because bttop read too slowly: totals of the program."""

    generation: int
    stamp: Stamp
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Hello:
    """The tracer's first frame; its generation is 0."""

    generation: int
    stamp: Stamp
    version: int
    pid: int


@dataclass(frozen=True, slots=True)
class StartRefused:
    """A command that the tracer could not execute; generation 0 if it was not for one program."""

    generation: int
    stamp: Stamp
    reason: str


@dataclass(frozen=True, slots=True)
class Metering:
    """How the tracer switched the kernel's BPF run statistics on; generation 0."""

    generation: int
    stamp: Stamp
    by: str
    """`bpf` (on until the tracer ends), `sysctl` (on until it ends in order), or empty: they are off."""
    reason: str
    """Why they are off; empty if bttop did not ask for them."""


@dataclass(frozen=True, slots=True)
class CostTotals:
    """What a program has cost since its start. Generation 0 is the tracer itself, and the last of a round."""

    generation: int
    stamp: Stamp
    cpu_ns: int
    """CPU time of the process in ns."""
    rss: int
    """Resident memory of the process in bytes."""
    run_ns: int = 0
    """Run time of its BPF programs in the kernel, in ns; does not grow while the statistics are off."""
    runs: int = 0
    programs: int = 0
    map_bytes: int = 0
    """Kernel memory of its maps in bytes."""
    output: int = 0
    """Bytes that it has printed."""
    hooks: Sequence[Sequence[Any]] = ()
    """Runs of its BPF programs by attachment: kind, code in hex, runs, place, id (see tracer.py)."""
    hidden: bool = False
    """Whether it has more rights than the tracer, which then cannot read its kernel counters and memory."""


@dataclass(frozen=True, slots=True)
class BpfSurvey:
    """Every BPF program of the host; generation 0."""

    generation: int
    stamp: Stamp
    programs: Sequence[Sequence[Any]]
    """Id, type, name, uid of the loader, run time in ns, runs, PIDs of the processes that hold it open."""
    reason: str
    """Why the list is incomplete; empty if it is complete."""


StateFrame: TypeAlias = (
    Started | Failed | Exited | Descriptors | Dropped | Hello | StartRefused | Metering | CostTotals | BpfSurvey
)
Frame: TypeAlias = StampedLine | StateFrame

_STATES: Final[Mapping[str, Callable[..., StateFrame]]] = {
    "started": Started,
    "failed": Failed,
    "exited": Exited,
    "fds": Descriptors,
    "dropped": Dropped,
    "hello": Hello,
    "refused": StartRefused,
    "metering": Metering,
    "cost": CostTotals,
    "survey": BpfSurvey,
}


class FrameReader:
    """Decodes the tracer's output from pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = HEADER.size

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes, in order.

        Raises TracerLost if the bytes are not frames; do not use the reader after that.
        """
        if self._rest:
            self._rest += data
            # Decode a long frame only when it can be complete: linear time, not quadratic.
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
        frames, used, self._needed = _decode_all(data)
        self._rest = bytearray(data[used:])
        return frames


def _decode_all(data: bytes) -> tuple[list[Frame], int, int]:
    """Return the complete frames at the start of `data`, their length, and the bytes that the next frame needs."""
    frames: list[Frame] = []
    stamp = Stamp(0, 0)
    at, size = 0, len(data)
    while size - at >= HEADER.size:
        kind, generation, boot_ns, wall_ns, length = HEADER.unpack_from(data, at)
        end = at + HEADER.size + length
        if end > size:
            _check_kind(kind)
            return frames, at, end - at
        if boot_ns != stamp.boot_ns or wall_ns != stamp.wall_ns:
            stamp = Stamp(boot_ns, wall_ns)
        frames.append(_decode(kind, generation, stamp, data[at + HEADER.size : end]))
        at = end
    return frames, at, HEADER.size


def _decode(kind: bytes, generation: int, stamp: Stamp, payload: bytes) -> Frame:
    if kind == b"o":
        return StampedLine(generation, "stdout", stamp, payload)
    if kind == b"e":
        return StampedLine(generation, "stderr", stamp, payload)
    _check_kind(kind)
    try:
        if kind == b"x":
            return StampedLine(generation, "oversized", stamp, b"%d" % int(payload))
        if kind == b"k":
            return StampedLine(generation, "skipped", stamp, b" ".join([b"%d" % int(one) for one in payload.split()]))
        return _decode_state(generation, stamp, json.loads(payload))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TracerLost(f"it sent an invalid frame: {payload[:80]!r}") from None


def _decode_state(generation: int, stamp: Stamp, payload: dict[str, Any]) -> StateFrame:
    make = _STATES[payload.pop("state")]
    return make(generation, stamp, **payload)


def _check_kind(kind: bytes) -> None:
    if kind not in (b"o", b"e", b"s", b"x", b"k"):
        raise TracerLost("its output does not come from a tracer")
