"""The frames that the tracer sends (lines and states), and the reader that decodes them from pieces of any size."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

from msgspec import DecodeError, Meta, Struct, ValidationError, convert
from msgspec.json import decode

from bttop.errors import TracerLost
from bttop.model.record.records import FOREVER, Stamp, StampedLine

HEADER: Final = struct.Struct(">cIQQI")
"""Kind, generation, boot_ns, wall_ns, length of the payload."""


Integer: TypeAlias = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""What a recording can hold: a tracer on another host may send any number."""
Natural: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Cpus: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 20)]
Parts: TypeAlias = Annotated[int, Meta(ge=1, le=1 << 20)]
Name: TypeAlias = Annotated[str, Meta(max_length=256)]
"""The names that a kernel has for itself have at most 65 bytes."""


class Started(Struct, frozen=True):
    """The exec succeeded; sent before the program's first line."""

    generation: int
    stamp: Stamp
    pid: Natural


class Failed(Struct, frozen=True):
    """The program could not be executed; nothing else follows."""

    generation: int
    stamp: Stamp
    reason: str


class Exited(Struct, frozen=True):
    """The program ended; sent after its last line. A negative code is the signal that ended it."""

    generation: int
    stamp: Stamp
    code: Integer


class Descriptors(Struct, frozen=True):
    """The kernel descriptors of a watched program: perf_event, bpf-prog, bpf-map, eventpoll."""

    generation: int
    stamp: Stamp
    counts: Mapping[str, Natural]


class Dropped(Struct, frozen=True):
    """Output that the tracer dropped because bttop read too slowly: totals of the program."""

    generation: int
    stamp: Stamp
    lines: Natural
    bytes: Natural


class Hello(Struct, frozen=True):
    """The tracer's first frame; its generation is 0."""

    generation: int
    stamp: Stamp
    version: Natural
    pid: Natural
    uid: Natural = 0
    """Its effective user."""
    cpus: Cpus = 1
    """Number of CPUs of its host that are online."""
    uname: tuple[Name, ...] = ()
    """System, name, release, version and machine of its host."""


class StartRefused(Struct, frozen=True):
    """A command that the tracer could not execute; generation 0 if it was not for one program."""

    generation: int
    stamp: Stamp
    reason: str


class Metering(Struct, frozen=True):
    """How the tracer switched the kernel's BPF run statistics on; generation 0."""

    generation: int
    stamp: Stamp
    by: str
    """`bpf` (on until the tracer ends), `sysctl` (on until it ends in order), or empty: they are off."""
    reason: str
    """Why they are off; empty if bttop did not ask for them."""


class CostTotals(Struct, frozen=True):
    """What a program has cost since its start. Generation 0 is the tracer itself, and the last of a round."""

    generation: int
    stamp: Stamp
    cpu_ns: Natural
    """CPU time of the process in ns."""
    rss: Natural
    """Resident memory of the process in bytes."""
    run_ns: Natural = 0
    """Run time of its BPF programs in the kernel, in ns; does not grow while the statistics are off."""
    runs: Natural = 0
    programs: Natural = 0
    map_bytes: Natural = 0
    """Kernel memory of its maps in bytes."""
    output: Natural = 0
    """Bytes that it has printed."""
    hooks: Sequence[tuple[str, str, Natural, str, Natural]] = ()
    """Runs of its BPF programs by attachment: kind, code in hex, runs, place, id (see tracer.py)."""
    pss: Natural | None = None
    """Proportional memory of the process in bytes: of a page that n processes share, 1/n. At most 10 s old; None if it
    cannot be read."""
    parts: Parts = 1
    """Number of programs that share the process; each has an equal share of its CPU time and memory."""
    hidden: bool = False
    """Whether it has more rights than the tracer, which then cannot read its kernel counters and memory."""


class BpfSurvey(Struct, frozen=True):
    """Every BPF program of the host; generation 0."""

    generation: int
    stamp: Stamp
    programs: Sequence[tuple[Natural, Natural, str, Natural, Natural, Natural, Sequence[Natural]]]
    """Id, type, name, uid of the loader, run time in ns, runs, PIDs of the processes that hold it open."""
    reason: str
    """Why the list is incomplete; empty if it is complete."""


class TimeAnswer(Struct, frozen=True):
    """The answer to a `time` command, sent before all lines that wait; generation 0."""

    generation: int
    stamp: Stamp
    token: Integer


class Content(Struct, frozen=True):
    """The answer to a `read` or `processes` command; generation 0."""

    generation: int
    stamp: Stamp
    token: Integer
    files: Mapping[str, str]
    """Path to the start of a file, in base64; without those that cannot be read."""
    links: Mapping[str, str]
    paths: Sequence[str]
    """The paths that the patterns match."""
    cut: bool
    """Whether more did not fit."""


StateFrame: TypeAlias = (
    Started
    | Failed
    | Exited
    | Descriptors
    | Dropped
    | Hello
    | StartRefused
    | Metering
    | CostTotals
    | BpfSurvey
    | TimeAnswer
    | Content
)
Frame: TypeAlias = StampedLine | StateFrame

_STATES: Final[Mapping[str, type[StateFrame]]] = {
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
    "time": TimeAnswer,
    "content": Content,
}


class FrameReader:
    """Decodes the tracer's output from pieces of any size."""

    def __init__(self, longest: int = 1 << 32) -> None:
        """`longest`: the largest payload in bytes; a tracer on another host may not fill the memory of this one."""
        self._rest = bytearray()
        self._needed = HEADER.size
        self._longest = longest

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
        frames, used, self._needed = _decode_all(data, self._longest)
        self._rest = bytearray(data[used:])
        return frames


def _decode_all(data: bytes, longest: int) -> tuple[list[Frame], int, int]:
    """Return the complete frames at the start of `data`, their length, and the bytes that the next frame needs."""
    frames: list[Frame] = []
    stamp = Stamp(0, 0)
    at, size = 0, len(data)
    while size - at >= HEADER.size:
        kind, generation, boot_ns, wall_ns, length = HEADER.unpack_from(data, at)
        end = at + HEADER.size + length
        if end > size:
            _check_kind(kind)
            _check_length(length, longest)
            return frames, at, end - at
        if boot_ns != stamp.boot_ns or wall_ns != stamp.wall_ns:
            stamp = Stamp(_checked_time(boot_ns), _checked_time(wall_ns))
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
        return _decode_state(generation, stamp, _members(payload))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TracerLost(f"it sent an invalid frame: {payload[:80]!r}") from None


def _members(payload: bytes) -> dict[str, Any]:
    try:
        return decode(payload, type=dict[str, Any])
    except DecodeError:
        return json.loads(payload)  # type: ignore[no-any-return]  # half a surrogate pair, as in the name of a file


def _decode_state(generation: int, stamp: Stamp, payload: dict[str, Any]) -> StateFrame:
    kind = _STATES[payload.pop("state")]
    try:
        return convert({**payload, "generation": generation, "stamp": stamp}, kind)
    except ValidationError as problem:
        raise ValueError(str(problem)) from None


def _check_length(length: int, longest: int) -> None:
    if length > longest:
        raise TracerLost(f"it sent a frame of {length:,} bytes; at most {longest:,} are read")


def _checked_time(nanoseconds: int) -> int:
    if nanoseconds >= FOREVER:
        raise TracerLost(f"it sent an impossible time: {nanoseconds:,} ns")
    return nanoseconds


def _check_kind(kind: bytes) -> None:
    if kind not in (b"o", b"e", b"s", b"x", b"k"):
        raise TracerLost("its output does not come from a tracer")
