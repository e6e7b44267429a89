"""Decode a stamped line into a record, for every bpftrace release from 0.14 on. Never raises.

The only state is one flag per process: from 0.24 on, bpftrace prints the counts of histograms, the values of
time series and the numbers of lost events in hexadecimal after the first `\\u` escape that it printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from bttop.model.plan import HEARTBEAT_WORD, LAST_WORD, MapPlan, Numbered, Plan
from bttop.model.record import line_repairs, values
from bttop.model.record.keys import can_be_ambiguous, split_key
from bttop.model.record.lenient_json import Json, parse
from bttop.model.record.numbered import histograms
from bttop.model.record.records import (
    FOREVER,
    AttachedProbes,
    Blank,
    Detaching,
    Heartbeat,
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
from bttop.model.record.values import MapKind, MisfitError

LINE_LIMIT = 12 << 20
"""Lines above this many bytes are not decoded: parsing blocks the interpreter for about 4 ms per MiB."""

RESERVED = "@__bt_"
"""Prefix of the maps that bttop adds to a prepared script; the user's maps never have it."""

_RECORD_START = b'{"type"'
_READY = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"
_HEAD_BYTES = 200
_SIZE_DIGITS = 19
_HEARTBEAT = re.compile(rf"{HEARTBEAT_WORD} (\S+) (-?[0-9]{{1,20}}) ([0-9]{{1,20}})( {LAST_WORD})?\n?")
_SKIPPED = re.compile(rb"([0-9]{1,18})(?: ([0-9]{1,18}))?")
_NUMERIC_KINDS = frozenset({"map", "stats"})
_MESSAGES = frozenset({"errorf", "warnf"})


class _Line(NamedTuple):
    """What every reader of a record needs."""

    stamp: Stamp
    traits: Traits
    plan: Plan


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
    context = _Line(line.stamp, traits_of(release), plan)
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
    return record, after


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


def _decoded(data: bytes, line: _Line, hexadecimal_start: int) -> Record:
    try:
        if hexadecimal_start >= 0:
            data = line_repairs.to_decimal(data, hexadecimal_start)
        return _record(parse(line_repairs.to_text(data)), line)
    except ValueError as error:
        return Undecodable(line.stamp, str(error)[:_HEAD_BYTES], data[:_HEAD_BYTES])
    except RecursionError:
        return Undecodable(line.stamp, "nested too deeply", data[:_HEAD_BYTES])


def _record(parsed: Json, line: _Line) -> Record:
    if not isinstance(parsed, tuple):
        raise MisfitError("not an object")
    members = dict(parsed)
    kind = members.get("type")
    if not isinstance(kind, str):
        raise MisfitError("a type that is not text")
    reader = _READERS.get(kind)
    return reader(members, line) if reader else _other(kind, members, line)


def _other(kind: str, members: dict[str, Json], line: _Line) -> Record:
    """A type without its own reader: shown by its data or its message."""
    if "data" in members:
        return Printed(line.stamp, kind, _plain(members["data"], line))
    message = members.get("msg")
    if not isinstance(message, str):
        raise MisfitError(f"{kind} without data")
    return Printed(line.stamp, kind, message) if kind in _MESSAGES else Notice(line.stamp, message)


def _plain(parsed: Json, line: _Line) -> Value:
    return values.plain_value(parsed, large_as_text=line.traits.large_as_text)


def _printf(members: dict[str, Json], line: _Line) -> Record:
    text = members.get("data")
    if not isinstance(text, str):
        return _other("printf", members, line)
    beat = _HEARTBEAT.fullmatch(text) if text.startswith(HEARTBEAT_WORD) else None
    if beat is None or beat[1] not in line.plan.heartbeats:
        return Printed(line.stamp, "printf", text)
    if int(beat[3]) >= FOREVER:
        # The kernel's clock cannot have run this long: something else wrote this line.
        return Printed(line.stamp, "printf", text)
    return Heartbeat(line.stamp, beat[1], int(beat[2]), int(beat[3]), is_last=beat[4] is not None)


def _text(kind: str, members: dict[str, Json], line: _Line) -> Record:
    """A type whose data is always text, even if it looks like a number."""
    text = members.get("data")
    return Printed(line.stamp, kind, text) if isinstance(text, str) else _other(kind, members, line)


def _attached(members: dict[str, Json], line: _Line) -> Record:
    return AttachedProbes(line.stamp, _counted(members, "probes"))


def _lost(members: dict[str, Json], line: _Line) -> Record:
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


def _helper_error(members: dict[str, Json], line: _Line) -> Record:
    helper, message = members.get("helper"), members.get("msg")
    return HelperError(
        line.stamp,
        helper if isinstance(helper, str) else "",
        values.integer(members.get("retcode")) or 0,
        message if isinstance(message, str) else "",
        values.integer(members.get("line")) or 0,
        values.integer(members.get("col")) or 0,
    )


def _map(kind: MapKind, members: dict[str, Json], line: _Line) -> Record:
    data = members.get("data")
    if not isinstance(data, tuple) or len(data) != 1:
        raise MisfitError("not one map")
    name, parsed = data[0]
    if not name.startswith("@"):
        raise MisfitError("a map without a name")
    plan = line.plan.maps.get(line.plan.logical(name))
    if plan is not None and plan.numbered is not None and kind == "map" and name in line.plan.aliases:
        return _numbered(name, parsed, plan, plan.numbered, line)
    convert = _converter(kind, plan, line.traits)
    if plan is not None and plan.under_key and isinstance(parsed, tuple) and not values.is_stats(parsed):
        return MapRecord(line.stamp, name, kind, keyed=False, rows=_only_value(parsed, convert))
    if not isinstance(parsed, tuple) or _is_scalar(kind, parsed, plan):
        return MapRecord(line.stamp, name, kind, keyed=False, rows={"": convert(parsed)})
    rows, ambiguous = _rows(kind, parsed, plan, line.traits, convert)
    return MapRecord(line.stamp, name, kind, keyed=True, rows=rows, ambiguous=ambiguous)


def _only_value(parsed: tuple[tuple[str, Json], ...], convert: Callable[[Json], Value]) -> dict[str, Value]:
    """The row of a map without a key that is stored under a key; no row if the map is empty."""
    return {"": convert(parsed[0][1])} if parsed else {}


def _numbered(name: str, parsed: Json, plan: MapPlan, numbered: Numbered, line: _Line) -> Record:
    """A histogram that is printed as one row per bucket."""
    if not isinstance(parsed, tuple):
        raise MisfitError("no bucket numbers")
    keys = [line_repairs.unescape_key(key) if line.traits.keys_escaped_twice else key for key, _ in parsed]
    counts = [values.integer(value) for _, value in parsed]
    if None in counts:
        raise MisfitError("a bucket without a count")
    found = histograms(((key, count or 0) for key, count in zip(keys, counts, strict=True)), numbered)
    rows: dict[str, Value] = dict(found)
    explained = len(set(keys)) == len(keys) or any(column.kind == "stack" for column in plan.columns)
    doubtful = _has_doubtful_key(rows, plan) or not explained
    return MapRecord(line.stamp, name, "hist", keyed=plan.arity > 0, rows=rows, ambiguous=doubtful)


def _is_scalar(kind: MapKind, parsed: Json, plan: MapPlan | None) -> bool:
    """Whether an object is one value (a struct, a stats) instead of the keys of a map."""
    if kind == "stats":
        return values.is_stats(parsed) and (plan is None or plan.arity == 0)
    is_struct = plan is not None and plan.arity == 0 and plan.aggregation == "value"
    return kind == "map" and is_struct and parsed != ()


def _converter(kind: MapKind, plan: MapPlan | None, traits: Traits) -> Callable[[Json], Value]:
    if kind == "hist":
        return partial(values.buckets, folded=traits.folds_large)
    if kind == "stats":
        return values.stats
    if kind == "tseries":
        return values.points
    if plan is not None and plan.aggregation != "value":
        return values.number
    return partial(values.plain_value, large_as_text=traits.large_as_text)


def _rows(
    kind: MapKind,
    parsed: tuple[tuple[str, Json], ...],
    plan: MapPlan | None,
    traits: Traits,
    convert: Callable[[Json], Value],
) -> tuple[dict[str, Value], bool]:
    """The rows of a keyed map with equal keys merged, and whether a key or the merging is ambiguous."""
    keys = [key for key, _ in parsed]
    if traits.keys_escaped_twice:
        keys = [line_repairs.unescape_key(key) for key in keys]
    # Most maps hold only integers, which need no conversion.
    integers = [value for _, value in parsed if type(value) is int] if kind in _NUMERIC_KINDS else []
    converted = integers if len(integers) == len(keys) else [convert(value) for _, value in parsed]
    rows: dict[str, Value] = dict(zip(keys, converted, strict=True))
    doubtful = plan is not None and _has_doubtful_key(rows, plan)
    if len(rows) == len(keys):
        return rows, doubtful
    merged, exact = _merged(keys, converted, plan.aggregation if plan else _likely_aggregation(kind))
    explained = plan is not None and any(column.kind == "stack" for column in plan.columns)
    return merged, doubtful or not (exact and explained)


def _merged(keys: list[str], found: Sequence[Value], aggregation: str) -> tuple[dict[str, Value], bool]:
    members: dict[str, list[Value]] = {}
    for key, value in zip(keys, found, strict=True):
        members.setdefault(key, []).append(value)
    rows: dict[str, Value] = {}
    all_exact = True
    for key, same in members.items():
        rows[key], exact = values.merge(same, aggregation) if len(same) > 1 else (same[0], True)
        all_exact = all_exact and exact
    return rows, all_exact


def _likely_aggregation(kind: MapKind) -> str:
    """The aggregation to assume for a map that the plan does not name."""
    return {"map": "sum", "hist": "hist", "stats": "avg", "tseries": "value"}[kind]


def _has_doubtful_key(rows: dict[str, Value], plan: MapPlan) -> bool:
    if not can_be_ambiguous(plan.columns):
        return False
    commas = plan.arity - 1
    return any(key.count(",") != commas and split_key(key, plan.columns).ambiguous for key in rows)


_READERS: dict[str, Callable[[dict[str, Json], _Line], Record]] = {
    "map": partial(_map, "map"),
    "hist": partial(_map, "hist"),
    "stats": partial(_map, "stats"),
    "tseries": partial(_map, "tseries"),
    "printf": _printf,
    "time": partial(_text, "time"),
    "cat": partial(_text, "cat"),
    "join": partial(_text, "join"),
    "syscall": partial(_text, "syscall"),
    "attached_probes": _attached,
    "lost_events": _lost,
    "helper_error": _helper_error,
}
