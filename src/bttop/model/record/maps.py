"""Map records: the rows of a printed map, from its parsed JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

from bttop.model.plan import MapPlan, Numbered, Plan
from bttop.model.record import line_repairs, values
from bttop.model.record.keys import can_be_ambiguous, split_key
from bttop.model.record.lenient_json import Json
from bttop.model.record.numbered import histograms
from bttop.model.record.records import MapRecord, Record, Stamp, Value
from bttop.model.record.releases import Traits
from bttop.model.record.stacks import with_blanks
from bttop.model.record.values import MapKind, MisfitError

_NUMERIC_KINDS = frozenset({"map", "stats"})


class LineContext(Struct, frozen=True):
    """What every reader of a record needs."""

    stamp: Stamp
    traits: Traits
    plan: Plan


def read_map(kind: MapKind, members: dict[str, Json], line: LineContext) -> Record:
    data = members.get("data")
    if not isinstance(data, tuple) or len(data) != 1:
        raise MisfitError("not one map")
    name, parsed = data[0]
    if not name.startswith("@"):
        raise MisfitError("a map without a name")
    plan = _plan_of(name, line)
    if (numbered := _numbered(kind, name, plan, line)) is not None:
        return _read_numbered(name, parsed, numbered, line)
    convert = _converter(kind, plan, line.traits)
    if plan is not None and plan.under_key and isinstance(parsed, tuple) and not values.is_stats(parsed):
        return MapRecord(line.stamp, name, kind, keyed=False, rows=_only_value(parsed, convert))
    if not isinstance(parsed, tuple) or _is_scalar(kind, parsed, plan):
        return MapRecord(line.stamp, name, kind, keyed=False, rows={"": convert(parsed)})
    rows, ambiguous = _rows(kind, parsed, plan, line.traits, convert)
    return MapRecord(line.stamp, name, kind, keyed=True, rows=rows, ambiguous=ambiguous)


def map_of_rows(kind: MapKind, name: str, rows: dict[str, Value], line: LineContext) -> MapRecord | None:
    """The record of a map from rows with different keys and converted values; None if only `read_map` can tell."""
    plan = _plan_of(name, line)
    if not name.startswith("@") or _keys(keys := list(rows), plan, line.traits) is not keys:
        return None
    if plan is None:
        return MapRecord(line.stamp, name, kind, keyed=True, rows=rows)
    if (numbered := _numbered(kind, name, plan, line)) is not None:
        counts = [value for value in rows.values() if type(value) is int]
        return _numbered_map(name, keys, counts, plan, numbered, line) if len(counts) == len(keys) else None
    if plan.under_key or (plan.arity == 0 and plan.aggregation == "value"):
        return None
    return MapRecord(line.stamp, name, kind, keyed=True, rows=rows, ambiguous=_has_doubtful_key(rows, plan))


def map_of_value(kind: MapKind, name: str, value: Value, line: LineContext) -> MapRecord | None:
    """The record of a map without a key from its converted value; None if only `read_map` can tell."""
    if not name.startswith("@") or _numbered(kind, name, _plan_of(name, line), line) is not None:
        return None
    return MapRecord(line.stamp, name, kind, keyed=False, rows={"": value})


def _plan_of(name: str, line: LineContext) -> MapPlan | None:
    return line.plan.maps.get(line.plan.logical(name))


def _only_value(parsed: tuple[tuple[str, Json], ...], convert: Callable[[Json], Value]) -> dict[str, Value]:
    """The row of a map without a key that is stored under a key; no row if the map is empty."""
    return {"": convert(parsed[0][1])} if parsed else {}


def _numbered(kind: MapKind, name: str, plan: MapPlan | None, line: LineContext) -> Numbered | None:
    """How to build the histogram that a print of bucket numbers is; None for any other print."""
    return plan.numbered if plan is not None and kind == "map" and name in line.plan.aliases else None


def _read_numbered(name: str, parsed: Json, numbered: Numbered, line: LineContext) -> Record:
    """A histogram that is printed as one row per bucket."""
    if not isinstance(parsed, tuple):
        raise MisfitError("no bucket numbers")
    counts = [values.integer(value) for _, value in parsed]
    if None in counts:
        raise MisfitError("a bucket without a count")
    plan = line.plan.maps[line.plan.logical(name)]
    keys = _keys([key for key, _ in parsed], plan, line.traits)
    return _numbered_map(name, keys, [count or 0 for count in counts], plan, numbered, line)


def _numbered_map(
    name: str, keys: Sequence[str], counts: Sequence[int], plan: MapPlan, numbered: Numbered, line: LineContext
) -> MapRecord:
    rows: dict[str, Value] = dict(histograms(zip(keys, counts, strict=True), numbered))
    explained = len(set(keys)) == len(keys) or _has_stacks(plan)
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
    keys = _keys([key for key, _ in parsed], plan, traits)
    # Most maps hold only integers, which need no conversion.
    integers = [value for _, value in parsed if type(value) is int] if kind in _NUMERIC_KINDS else []
    converted = integers if len(integers) == len(keys) else [convert(value) for _, value in parsed]
    rows: dict[str, Value] = dict(zip(keys, converted, strict=True))
    doubtful = plan is not None and _has_doubtful_key(rows, plan)
    if len(rows) == len(keys):
        return rows, doubtful
    merged, exact = _merged(keys, converted, plan.aggregation if plan else _likely_aggregation(kind))
    explained = plan is not None and _has_stacks(plan)
    return merged, doubtful or not (exact and explained)


def _keys(keys: list[str], plan: MapPlan | None, traits: Traits) -> list[str]:
    """The keys of a map as text: what the release did to them is undone where possible. The same list if it did
    nothing."""
    if traits.keys_escaped_twice:
        return [line_repairs.unescape_key(key) for key in keys] if "\\" in "".join(keys) else keys
    if traits.blanks_deleted and plan is not None and _has_stacks(plan) and "\n\t" in "".join(keys):
        return [with_blanks(key) for key in keys]
    return keys


def _has_stacks(plan: MapPlan) -> bool:
    return "stack" in [column.kind for column in plan.columns]


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
