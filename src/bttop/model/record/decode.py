"""Decode a stamped line into a record, for every bpftrace release from 0.14 on. Never raises.

The only state is one flag per process: from 0.24 on, bpftrace prints the counts of histograms, the values of
time series and the numbers of lost events in hexadecimal after the first `\\u` escape that it printed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bttop.model.plan import Plan
from bttop.model.record import line_repairs, values
from bttop.model.record.heartbeats import read_heartbeat
from bttop.model.record.lenient_json import Json, parse
from bttop.model.record.maps import LineContext, read_map
from bttop.model.record.records import (
    AttachedProbes,
    Blank,
    Detaching,
    HelperError,
    LostEvents,
    MapRecord,
    Notice,
    Oversized,
    Printed,
    Ready,
    Record,
    Skipped,
    Stamp,
    StampedLine,
    Undecodable,
    Value,
)
from bttop.model.record.release import Release
from bttop.model.record.releases import Traits, traits_of
from bttop.model.record.usual_lines import read_usual
from bttop.model.record.values import MisfitError
from bttop.patterns import pattern

LINE_LIMIT = 12 << 20
"""Lines above this many bytes are not decoded: parsing blocks the interpreter for about 4 ms per MiB."""

RESERVED = "@__bt_"
"""Prefix of the maps that bttop adds to a prepared script; the user's maps never have it."""

_RECORD_START = b'{"type"'
_READY = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"
_HEAD_BYTES = 200
_SIZE_DIGITS = 19
_SKIPPED = pattern(rb"([0-9]{1,18})(?: ([0-9]{1,18}))?")
_MESSAGES = frozenset({"errorf", "warnf"})


class DecodedLine(NamedTuple):
    """One line of bpftrace with what it says."""

    line: StampedLine
    record: Record
    hexadecimal: bool
    """Whether streamed numbers were hexadecimal from the start of the line: the decoder's flag before it."""


class Decoder:
    """Decodes the lines of one bpftrace process in order of arrival."""

    def __init__(self, release: Release, plan: Plan, *, hexadecimal: bool = False) -> None:
        self._release = release
        self._plan = plan
        self._hexadecimal = hexadecimal
        self._helper_data = b""
        self._helper_error: HelperError | None = None

    def decode(self, line: StampedLine) -> DecodedLine:
        """Decode the next line."""
        before = self._hexadecimal
        if line.data == self._helper_data and self._helper_error is not None:
            return DecodedLine(line, _again(self._helper_error, line.stamp), before)
        record, self._hexadecimal = decode_line(line, self._release, self._plan, before)
        # A full map repeats one and the same helper error up to 70,000 times a second.
        if isinstance(record, HelperError):
            self._helper_data, self._helper_error = line.data, record
        return DecodedLine(line, record, before)


def _again(error: HelperError, stamp: Stamp) -> HelperError:
    return HelperError(stamp, error.helper, error.retcode, error.message, error.line, error.column)


def decode_line(line: StampedLine, release: Release, plan: Plan, hexadecimal: bool) -> tuple[Record, bool]:
    """Return the record of one line and the hexadecimal flag after it; `hexadecimal` is the flag before it."""
    if line.stream == "oversized":
        return _oversized(line), hexadecimal
    if line.stream == "skipped":
        return _skipped(line), hexadecimal
    if line.stream == "detaching":
        return Detaching(line.stamp), hexadecimal
    if line.stream == "stderr" or not line.data.startswith(_RECORD_START):
        return _plain_line(line, is_text=plan.raw and line.stream == "stdout"), hexadecimal
    context = LineContext(line.stamp, traits_of(release), plan)
    start = _hexadecimal_start(line.data, context.traits, hexadecimal)
    after = hexadecimal or start >= 0
    if len(line.data) > LINE_LIMIT:
        return Oversized(line.stamp, len(line.data)), after
    record = _decoded(line.data, context, start)
    # A lost line may have contained the escape: letters among the digits show that.
    if (
        isinstance(record, Undecodable)
        and context.traits.hexadecimal_after_escape
        and line_repairs.has_hexadecimal(line.data)
    ):
        record, after = _decoded(line.data, context, 0), True
    if plan.raw and not _is_from_bpftrace(record, plan):
        return _plain_line(line, is_text=True), hexadecimal
    return record, after


def _is_from_bpftrace(record: Record, plan: Plan) -> bool:
    """Whether a record among plain text is bpftrace's: its number of probes, or a map of the script. Everything else
    that looks like a record is text, which may be that of a traced process."""
    return isinstance(record, AttachedProbes) or (isinstance(record, MapRecord) and record.name in plan.maps)


def _hexadecimal_start(data: bytes, traits: Traits, hexadecimal: bool) -> int:
    """Index in the line from which streamed numbers are hexadecimal, or -1."""
    if not traits.hexadecimal_after_escape:
        return -1
    return 0 if hexadecimal else line_repairs.escape_end(data)


def _oversized(line: StampedLine) -> Record:
    """The record of a line that was too long to be passed on: `data` is its size."""
    digits = line.data[:_SIZE_DIGITS]
    return Oversized(line.stamp, int(digits) if digits.isdigit() else 0)


def _skipped(line: StampedLine) -> Record:
    """The record of skipped events, which the tracer read from the kernel."""
    found = _SKIPPED.fullmatch(line.data)
    if found is None:
        return Undecodable(line.stamp, "not a count of skipped events", line.data[:_HEAD_BYTES])
    return Skipped(line.stamp, int(found[1]), None if found[2] is None else int(found[2]))


def _plain_line(line: StampedLine, *, is_text: bool) -> Record:
    """A line that is not a record: text of the script, or a message of bpftrace."""
    data = line.data.strip()
    if not data:
        return Blank(line.stamp)
    if data == _READY:
        return Ready(line.stamp)
    if is_text:
        return Printed(line.stamp, "printf", f"{line.data.decode('utf-8', 'replace')}\n")
    return Notice(line.stamp, line.data.decode("utf-8", "replace").rstrip())


def _decoded(data: bytes, line: LineContext, hexadecimal_start: int) -> Record:
    try:
        if hexadecimal_start >= 0:
            data = line_repairs.to_decimal(data, hexadecimal_start)
        data = line_repairs.repaired(data)
        return read_usual(data, line) or read_any(data, line)
    except ValueError as error:
        return Undecodable(line.stamp, str(error)[:_HEAD_BYTES], data[:_HEAD_BYTES])
    except RecursionError:
        return Undecodable(line.stamp, "nested too deeply", data[:_HEAD_BYTES])


def read_any(data: bytes, line: LineContext) -> Record:
    """The record of a repaired line of any shape. Raises ValueError, or RecursionError."""
    parsed = parse(line_repairs.to_text(data))
    if not isinstance(parsed, tuple):
        raise MisfitError("not an object")
    members = dict(parsed)
    kind = members.get("type")
    if not isinstance(kind, str):
        raise MisfitError("a type that is not text")
    reader = _READERS.get(kind)
    return reader(members, line) if reader else _other(kind, members, line)


def _other(kind: str, members: dict[str, Json], line: LineContext) -> Record:
    """A type without its own reader: shown by its data or its message."""
    if "data" in members:
        return Printed(line.stamp, kind, _plain(members["data"], line))
    message = members.get("msg")
    if not isinstance(message, str):
        raise MisfitError(f"{kind} without data")
    return Printed(line.stamp, kind, message) if kind in _MESSAGES else Notice(line.stamp, message)


def _plain(parsed: Json, line: LineContext) -> Value:
    return values.plain_value(parsed, large_as_text=line.traits.large_as_text)


def _value(members: dict[str, Json], line: LineContext) -> Record:
    return read_heartbeat(members.get("data"), line.stamp, line.plan) or _other("value", members, line)


def _text(kind: str, members: dict[str, Json], line: LineContext) -> Record:
    """A type whose data is always text, even if it looks like a number."""
    text = members.get("data")
    return Printed(line.stamp, kind, text) if isinstance(text, str) else _other(kind, members, line)


def _attached(members: dict[str, Json], line: LineContext) -> Record:
    return AttachedProbes(line.stamp, _counted(members, "probes"))


def _lost(members: dict[str, Json], line: LineContext) -> Record:
    # One message about watchpoint registers uses this type with text as its data.
    text = members.get("data")
    if isinstance(text, str):
        return Notice(line.stamp, text)
    return LostEvents(line.stamp, _counted(members, "events"))


def _counted(members: dict[str, Json], name: str) -> int:
    data = members.get("data")
    found = values.integer(dict(data).get(name)) if isinstance(data, tuple) else None
    if found is None:
        raise MisfitError(f"no number of {name}")
    return found


def _helper_error(members: dict[str, Json], line: LineContext) -> Record:
    helper, message = members.get("helper"), members.get("msg")
    return HelperError(
        line.stamp,
        helper if isinstance(helper, str) else "",
        values.integer(members.get("retcode")) or 0,
        message if isinstance(message, str) else "",
        values.integer(members.get("line")) or 0,
        values.integer(members.get("col")) or 0,
    )


_READERS: dict[str, Callable[[dict[str, Json], LineContext], Record]] = {
    "map": partial(read_map, "map"),
    "hist": partial(read_map, "hist"),
    "stats": partial(read_map, "stats"),
    "tseries": partial(read_map, "tseries"),
    "value": _value,
    "printf": partial(_text, "printf"),
    "time": partial(_text, "time"),
    "cat": partial(_text, "cat"),
    "join": partial(_text, "join"),
    "syscall": partial(_text, "syscall"),
    "attached_probes": _attached,
    "lost_events": _lost,
    "helper_error": _helper_error,
}
