"""From the printed maps of one interval to the maps of a flush: user's names, empty maps, subtraction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from bttop.model.dialect import dialect
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.records import Bucket, MapRecord, Stats, Value
from bttop.model.release import Release
from bttop.model.subtract import since
from bttop.model.values import MapKind, histogram, merge

_NO_ROWS: Mapping[str, Value] = {}
_ZERO: Mapping[str, Value] = {"": 0}
_KEY = (Column("key"),)
_KINDS: dict[Aggregation, MapKind] = {
    "hist": "hist",
    "lhist": "hist",
    "stats": "stats",
    "avg": "stats",
    "tseries": "tseries",
}


class Origin(NamedTuple):
    """What a line must be read with: the release that printed it, and the plan of its script."""

    release: Release
    plan: Plan


@dataclass(frozen=True, slots=True)
class MapData:
    """One map in one flush."""

    plan: MapPlan
    """The script's own plan; for a map that the plan does not name, one that its print suggests."""
    kind: MapKind
    rows: Mapping[str, Value]
    """Raw key to value of this interval; empty when nothing was printed. A scalar's only key is ``""``."""
    ambiguous: bool = False
    """Equal keys may be of different origin, or a key could be split in several ways."""
    entries: int = 0
    """Entries of the kernel's map that the print shows to be in use, those of unchanged keys included."""


def contents(
    origin: Origin,
    prints: Iterable[MapRecord],
    before: Mapping[str, MapRecord],
    names: Iterable[str],
) -> dict[str, MapData]:
    """The maps of a flush by the user's names.

    `before` holds the previous prints of cumulative maps by the user's names; maps of `names` that were not
    printed are there and empty.
    """
    found: dict[str, MapData] = {}
    for record in prints:
        name = origin.plan.logical(record.name)
        data = _map_data(origin, name, record, before.get(name))
        found[name] = _together(found[name], data) if name in found else data
    for name in names:
        if name not in found:
            found[name] = _unprinted(origin.plan.maps.get(name) or MapPlan(name, "value"))
    return found


def empty_map(plan: MapPlan) -> MapData:
    """A map of which nothing is known."""
    return MapData(plan, _KINDS.get(plan.aggregation, "map"), _NO_ROWS)


def _unprinted(plan: MapPlan) -> MapData:
    """A map of which nothing was printed though bttop asked for it. A sum without a key is 0 then; a minimum, a maximum
    or an average of nothing does not exist, and a count without a key is printed even when it is 0."""
    is_zero = plan.arity == 0 and plan.scheme in ("bank", "cumulative") and plan.aggregation == "sum"
    return replace(empty_map(plan), rows=_ZERO) if is_zero else empty_map(plan)


def _map_data(origin: Origin, name: str, record: MapRecord, before: MapRecord | None) -> MapData:
    plan = origin.plan.maps.get(name) or likely_plan(name, record)
    rows = record.rows
    if plan.scheme == "cumulative" and before is not None:
        rows = since(rows, before.rows, plan.aggregation, keyed=record.keyed)
    return MapData(plan, record.kind, _counted(rows, record.kind), record.ambiguous, entries(record, origin.release))


def _counted(rows: Mapping[str, Value], kind: MapKind) -> Mapping[str, Value]:
    """The rows without stats and histograms of no event: an average of nothing is no 0."""
    if kind not in ("stats", "hist") or not any(_is_empty(value) for value in rows.values()):
        return rows
    return {key: value for key, value in rows.items() if not _is_empty(value)}


def _is_empty(value: Value) -> bool:
    """Whether stats or a histogram hold no event."""
    if isinstance(value, Stats):
        return value.count == 0
    return isinstance(value, tuple) and all(isinstance(one, Bucket) and one.count == 0 for one in value)


def _together(one: MapData, other: MapData) -> MapData:
    """Both banks of a map as one: the last flush of a run prints both, and so does one whose heartbeat was lost."""
    rows = dict(one.rows)
    exact = True
    for key, value in other.rows.items():
        if key in rows:
            value, is_exact = merge([rows[key], value], one.plan.aggregation)
            exact = exact and is_exact
        rows[key] = value
    ambiguous = one.ambiguous or other.ambiguous or not exact
    return MapData(one.plan, one.kind, rows, ambiguous, max(one.entries, other.entries))


def likely_plan(name: str, record: MapRecord) -> MapPlan:
    """A plan for a map that no plan names: what its print says, and one column for its whole key."""
    return MapPlan(name, _likely_aggregation(record), _KEY if record.keyed else ())


def _likely_aggregation(record: MapRecord) -> Aggregation:
    if record.kind == "stats":
        return "stats" if any(isinstance(value, Stats) for value in record.rows.values()) else "avg"
    if record.kind == "map":
        return "value"
    return record.kind


def entries(record: MapRecord, release: Release) -> int:
    """How many entries of the kernel's map a print shows to be in use.

    A histogram uses one per non-empty bucket; avg() and stats() use two per key up to 0.21.
    """
    if record.kind == "hist":
        return sum(1 for value in record.rows.values() for bucket in histogram(value) if bucket.count)
    if record.kind == "stats" and dialect(release).doubled_entries:
        return 2 * len(record.rows)
    return len(record.rows)
