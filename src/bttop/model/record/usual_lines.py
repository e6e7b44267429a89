"""Read the lines of the usual shapes with typed decoders: maps of integers, histograms, stats, text and heartbeats.

A typed decoder takes a third of the time of a parser that makes pairs, and refuses every other shape. `decode` reads
what is refused here in the slower way, which gives the same record for the lines of both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import chain
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from bttop.model.record.heartbeats import heartbeat_of
from bttop.model.record.maps import LineContext, map_of_rows, map_of_value
from bttop.model.record.records import NO_COUNT, Bucket, Printed, Record, Stats, Value, Word
from bttop.model.record.values import STATS_NAMES, folded_buckets


class _Map(Struct, tag_field="type", tag="map", gc=False):
    data: dict[str, dict[str, int] | int]


class _Hist(Struct, tag_field="type", tag="hist", gc=False):
    data: dict[str, dict[str, tuple[Bucket, ...]] | tuple[Bucket, ...]]


class _Stats(Struct, tag_field="type", tag="stats", gc=False):
    data: dict[str, dict[str, dict[str, Word] | Word]]


class _HeartbeatJson(Struct, tag_field="type", tag="value", gc=False):
    data: tuple[int, list[Word]]


class _Printf(Struct, tag_field="type", tag="printf", gc=False):
    data: str


class _Time(Struct, tag_field="type", tag="time", gc=False):
    data: str


_Usual: TypeAlias = _Map | _Hist | _Stats | _HeartbeatJson | _Printf | _Time

_DECODER: Final = msgspec.json.Decoder(_Usual)
_HEAD_MEMBERS: Final = 3
"""The members of a line that are not rows: `type`, `data` and the map."""
_NEW_STATS: Final[Callable[[object], Stats]] = partial(tuple.__new__, Stats)


def read_usual(data: bytes, line: LineContext) -> Record | None:
    """The record of a repaired line; None if it is not of a usual shape. Raises ValueError like `decode.read_any`."""
    try:
        found: _Usual = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return _READERS[type(found)](found, data, line)


def has_members(data: bytes, count: int) -> bool:
    """Whether the objects of a line have this number of members, which a decoder has found in it. If a name is
    repeated, they have more: the decoder keeps only the last one. False if a text hides the answer."""
    # Each member has a colon, so there are as many only if no member was lost and no text has one.
    if data.count(b":") == count:
        return True
    return data.count(b'":') == count and not any(blank in data for blank in (b" :", b"\t:", b"\r:"))


def _map(found: _Map, data: bytes, line: LineContext) -> Record | None:
    (name, parsed), *others = found.data.items() or [("", 0)]
    count = 0 if isinstance(parsed, int) else len(parsed)
    if others or not has_members(data, _HEAD_MEMBERS + count):
        return None
    if isinstance(parsed, int):
        return map_of_value("map", name, parsed, line)
    return map_of_rows("map", name, parsed, line)  # type: ignore[arg-type]  # a dict of int, which nothing changes


def _hist(found: _Hist, data: bytes, line: LineContext) -> Record | None:
    (name, parsed), *others = found.data.items() or [("", ())]
    by_key = {"": parsed} if isinstance(parsed, tuple) else parsed
    if others or (members := _bucket_members(by_key.values())) is None:
        return None
    members += 0 if isinstance(parsed, tuple) else len(parsed)
    if not has_members(data, _HEAD_MEMBERS + members):
        return None
    rows: Any = {key: folded_buckets(one) for key, one in by_key.items()} if line.traits.folds_large else by_key
    if isinstance(parsed, tuple):
        return map_of_value("hist", name, rows[""], line)
    return map_of_rows("hist", name, rows, line)


def _bucket_members(histograms: Collection[tuple[Bucket, ...]]) -> int | None:
    """The number of members that the buckets have in the line; None if one has no count."""
    buckets = chain.from_iterable(histograms)
    incomplete = [one for one in buckets if one.low is None or one.high is None or one.count == NO_COUNT]
    if any(one.count == NO_COUNT for one in incomplete):
        return None
    return 3 * sum(map(len, histograms)) - sum([(one.low is None) + (one.high is None) for one in incomplete])


def _stats(found: _Stats, data: bytes, line: LineContext) -> Record | None:
    (name, parsed), *others = found.data.items() or [("", {})]
    rows: dict[str, Value] = {}
    count = 0
    for key, value in parsed.items():
        if isinstance(value, int):
            rows[key] = value
        elif tuple(value) == STATS_NAMES:
            rows[key] = _NEW_STATS(value.values())
            count += len(STATS_NAMES)
        else:
            return None
    is_stats = tuple(parsed) == STATS_NAMES
    if others or is_stats or not has_members(data, _HEAD_MEMBERS + len(parsed) + count):
        return None
    return map_of_rows("stats", name, rows, line)


def _heartbeat(found: _HeartbeatJson, data: bytes, line: LineContext) -> Record | None:
    nonce, numbers = found.data
    return heartbeat_of(nonce, numbers, line.stamp, line.plan) if has_members(data, 2) else None


def _text(kind: str, found: _Printf | _Time, data: bytes, line: LineContext) -> Record | None:
    return Printed(line.stamp, kind, found.data) if has_members(data, 2) else None


_READERS: Final[Mapping[type[_Usual], Callable[[Any, bytes, LineContext], Record | None]]] = {
    _Map: _map,
    _Hist: _hist,
    _Stats: _stats,
    _HeartbeatJson: _heartbeat,
    _Printf: partial(_text, "printf"),
    _Time: partial(_text, "time"),
}
