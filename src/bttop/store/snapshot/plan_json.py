"""A plan as JSON. It is needed to read the lines of a recording."""

from __future__ import annotations

from typing import Any, get_args

from msgspec.structs import asdict

from bttop.model.plan import MOST_THINNED, Aggregation, Column, MapPlan, Numbered, PartKind, Plan, Scheme
from bttop.model.record.heartbeats import MOST_NONCES
from bttop.model.record.records import FOREVER


def plan_object(plan: Plan) -> dict[str, Any]:
    """Return a plan as a JSON object."""
    return {
        "maps": [_map_object(one) for one in plan.maps.values()],
        "aliases": dict(plan.aliases),
        "heartbeats": list(plan.heartbeats),
        "nonce": plan.nonce,
        "interval_ns": plan.interval_ns,
        "periods": dict(plan.periods),
        "raw": plan.raw,
        "one_in": plan.one_in,
    }


def read_plan(found: Any) -> Plan:
    """Return the plan of a JSON object. Raises ValueError if it is not a plan."""
    try:
        maps = [_map(one) for one in found["maps"]]
        aliases = {str(printed): str(name) for printed, name in found["aliases"].items()}
        beats = tuple(map(str, found["heartbeats"]))
        return Plan(
            {one.name: one for one in maps},
            aliases,
            beats,
            _length(found["interval_ns"]),
            _nonce(found),
            {str(mark): _length(length) if length else 0 for mark, length in found.get("periods", {}).items()},
            raw=found.get("raw") is True,
            one_in=_one_in(found),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a plan: {error}") from None


def _map(found: dict[str, Any]) -> MapPlan:
    words = {name: str(found.get(name, "")) for name in ("name", "unit", "title", "view", "sort", "pid", "tid", "mark")}
    if found["aggregation"] not in get_args(Aggregation) or found["scheme"] not in get_args(Scheme):
        raise ValueError(f"unknown aggregation or scheme: {found['aggregation']!r}, {found['scheme']!r}")
    columns = tuple(_column(*one) for one in found["columns"])
    numbered = found.get("numbered")
    return MapPlan(
        aggregation=found["aggregation"],
        scheme=found["scheme"],
        columns=columns,
        under_key=found.get("under_key") is True,
        kept=found.get("kept") is True,
        occasional=found.get("occasional") is True,
        numbered=None if numbered is None else _numbered(numbered),
        limit=_limit(found, "limit"),
        longest_text=_limit(found, "longest_text"),
        one_in=_one_in(found),
        by_key=found.get("by_key") is True,
        since=found.get("since") is True,
        stack=_column(*found["stack"]) if found.get("stack") else None,
        **words,
    )


def _map_object(plan: MapPlan) -> dict[str, Any]:
    columns = [_column_object(column) for column in plan.columns]
    return asdict(plan) | {"columns": columns, "stack": None if plan.stack is None else _column_object(plan.stack)}


def _column_object(column: Column) -> list[str | int]:
    """A column as a list: title, kind and decoder, and the depth of a stack if the script sets it."""
    return list(column) if column.depth else [column.title, column.kind, column.decoder]


def _column(title: object, kind: object, decoder: object, depth: Any = 0) -> Column:
    known: PartKind = next((one for one in get_args(PartKind) if one == kind), "any")
    return Column(str(title), known, str(decoder), min(max(0, int(depth)), FOREVER))


def _numbered(found: Any) -> Numbered:
    numbers = Numbered(*map(int, found))
    if max(map(abs, numbers)) > FOREVER or numbers.step < 0 or numbers.high < numbers.low:
        raise ValueError(f"invalid buckets: {numbers}")
    return numbers


def _nonce(found: dict[str, Any]) -> int:
    nonce = int(found.get("nonce", 0))
    if not 0 <= nonce < MOST_NONCES:
        raise ValueError(f"invalid nonce: {nonce}")
    return nonce


def _limit(found: dict[str, Any], name: str) -> int:
    """A limit, 0 if the file has none: it is from before the field."""
    return min(max(0, int(found.get(name, 0))), FOREVER)


def _one_in(found: dict[str, Any]) -> int:
    """The factor of a thinned plan or map; 1 if the file has none."""
    one_in = int(found.get("one_in", 1))
    if not 1 <= one_in <= MOST_THINNED:
        raise ValueError(f"invalid factor: {one_in}")
    return one_in


def _length(found: Any) -> int:
    return min(max(1, int(found)), FOREVER)
