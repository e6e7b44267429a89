"""A plan as JSON. It is needed to read the lines of a recording."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, get_args

from bttop.model.plan import Aggregation, Column, MapPlan, Numbered, PartKind, Plan, Scheme
from bttop.model.record.records import FOREVER


def plan_object(plan: Plan) -> dict[str, Any]:
    """Return a plan as a JSON object."""
    maps = [asdict(one) | {"columns": [list(column) for column in one.columns]} for one in plan.maps.values()]
    return {
        "maps": maps,
        "aliases": dict(plan.aliases),
        "heartbeats": list(plan.heartbeats),
        "interval_ns": plan.interval_ns,
        "raw": plan.raw,
    }


def read_plan(found: Any) -> Plan:
    """Return the plan of a JSON object. Raises ValueError if it is not a plan."""
    try:
        maps = [_map(one) for one in found["maps"]]
        aliases = {str(printed): str(name) for printed, name in found["aliases"].items()}
        beats = tuple(map(str, found["heartbeats"]))
        return Plan({one.name: one for one in maps}, aliases, beats, _length(found), raw=found.get("raw") is True)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"not a plan: {error}") from None


def _map(found: dict[str, Any]) -> MapPlan:
    words = {name: str(found.get(name, "")) for name in ("name", "unit", "title", "view", "sort", "pid", "tid")}
    if found["aggregation"] not in get_args(Aggregation) or found["scheme"] not in get_args(Scheme):
        raise ValueError(f"unknown aggregation or scheme: {found['aggregation']!r}, {found['scheme']!r}")
    columns = tuple(_column(*map(str, one)) for one in found["columns"])
    numbered = found.get("numbered")
    return MapPlan(
        aggregation=found["aggregation"],
        scheme=found["scheme"],
        columns=columns,
        under_key=found.get("under_key") is True,
        kept=found.get("kept") is True,
        at_end=found.get("at_end") is True,
        numbered=None if numbered is None else _numbered(numbered),
        **words,
    )


def _column(title: str, kind: str, decoder: str) -> Column:
    return Column(title, next((one for one in get_args(PartKind) if one == kind), "any"), decoder)


def _numbered(found: Any) -> Numbered:
    numbers = Numbered(*map(int, found))
    if max(map(abs, numbers)) > FOREVER or numbers.step < 0 or numbers.high < numbers.low:
        raise ValueError(f"invalid buckets: {numbers}")
    return numbers


def _length(found: dict[str, Any]) -> int:
    return min(max(1, int(found["interval_ns"])), FOREVER)
