"""A flush as lines of JSON: what `bttop stream` writes, one object per map and one per printed text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format.json_text import json_text
from bttop.model.format.names import Decoder
from bttop.model.record.keys import split_key
from bttop.model.record.records import Bucket, Stats, Value


def flush_lines(
    program: str, flush: Flush, decoders: Mapping[str, Decoder], badges: Sequence[str] = (), host: str = ""
) -> Iterator[str]:
    """Yield the lines of one flush, without line ends, with the badges of its generation. The lines are ASCII:
    process names are escaped. `host`: only where several are traced."""
    head: dict[str, Any] = {
        "time": timestamp(flush.wall_ns),
        "seconds": round(flush.seconds, 6),
        **({"host": host} if host else {}),
        "program": program,
        "generation": flush.generation,
        "flush": flush.number,
    }
    head |= {"last": True} if flush.is_last else {}
    head |= {"badges": list(badges)} if badges else {}
    for name, data in flush.maps.items():
        yield json_text(head | _map(name, data, decoders) | _caveats(flush, data))
    for record in flush.printed:
        stamp = {"time": timestamp(record.stamp.wall_ns)}
        text = record.data if isinstance(record.data, str) else json_text(plain(record.data))
        yield json_text(head | stamp | {"kind": record.kind, "text": text})


def left_out_line(flushes: int, wall_ns: int) -> str:
    """Return the line, without line end, that reports how many flushes were left out for a slow reader."""
    head = {"time": timestamp(wall_ns), "kind": "left out", "flushes": flushes}
    return json_text(head)


def lost_line(text: str, wall_ns: int, program: str = "", host: str = "") -> str:
    """Return the line, without line end, that reports what is missing from a moment on."""
    head = {"time": timestamp(wall_ns)} | ({"host": host} if host else {}) | ({"program": program} if program else {})
    return json_text(head | {"kind": "lost", "text": text})


def timestamp(wall_ns: int) -> str:
    """Return a time, in ns since 1970, as ISO 8601 in UTC with microseconds."""
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _map(name: str, data: MapData, decoders: Mapping[str, Decoder]) -> dict[str, Any]:
    columns = data.plan.columns
    return {
        "map": name.removeprefix("@"),
        "kind": data.plan.aggregation,
        **_thinned(data),
        "columns": [column.title for column in columns],
        "rows": _rows(data, decoders),
    }


def _rows(data: MapData, decoders: Mapping[str, Decoder]) -> list[dict[str, Any]]:
    keys = _keys(data, decoders)
    values = [value if type(value) is int else plain(value, data) for value in data.rows.values()]
    return [{"key": key, "value": value} for key, value in zip(keys, values, strict=True)]


def _thinned(data: MapData) -> dict[str, Any]:
    """The factor by which the values of a map are scaled, and how its events were chosen; empty if they are not."""
    plan = data.plan
    return {"one_in": plan.one_in, "chosen": "by key" if plan.by_key else "by chance"} if plan.one_in > 1 else {}


def _caveats(flush: Flush, data: MapData) -> dict[str, Any]:
    """Return the JSON keys for the caveats and skipped events of a map; empty if there are none."""
    found = flush.caveats_about(data)
    caveats = {"doubts": sorted(caveat.value for caveat in found)} if found else {}
    return caveats | ({"skipped": flush.skipped} if flush.skipped else {})


def _keys(data: MapData, decoders: Mapping[str, Decoder]) -> list[tuple[int | str, ...]]:
    """The parts of each key, decoded."""
    columns = data.plan.columns
    if not columns:
        return [(key,) if key else () for key in data.rows]
    keys = [split_key(key, columns).parts for key in data.rows]
    decode = [decoders.get(column.decoder) for column in columns]
    if not any(decode):
        return keys
    return [
        tuple([part if one is None else one(part) for part, one in zip(parts, decode, strict=True)]) for parts in keys
    ]


def plain(value: Value, data: MapData | None = None) -> Any:
    """Return a value for JSON: a bucket as [min, max, count], stats as an object, an average as a number."""
    if isinstance(value, Stats):
        if data is not None and data.plan.aggregation == "avg":
            return value.average
        return {"count": value.count, "average": value.average, "total": value.total}
    if isinstance(value, tuple):
        return [[one.low, one.high, one.count] if isinstance(one, Bucket) else plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    return value
