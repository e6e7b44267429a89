"""Build the maps of a flush from the prints of one interval: user's names, empty maps, subtraction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.flush.scaling import scaled_rows
from bttop.model.flush.subtract import since
from bttop.model.plan import Aggregation, Column, MapPlan, Plan
from bttop.model.record.records import Bucket, MapRecord, Stats, Value
from bttop.model.record.release import Release
from bttop.model.record.releases import traits_of
from bttop.model.record.values import MapKind, histogram, merge

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


class Origin(Struct, frozen=True):
    """What is needed to decode a line: the release that printed it, and the plan of its script."""

    release: Release
    plan: Plan


class MapData(Struct, frozen=True):
    """One map in one flush."""

    plan: MapPlan
    """The script's own plan; for a map that the plan does not name, a plan derived from the print."""
    kind: MapKind
    rows: Mapping[str, Value]
    """Raw key to the value of this interval; empty if nothing was printed. The only key of a scalar is ``""``."""
    ambiguous: bool = False
    """Rows with equal keys may come from different keys, or a key could be split in several ways."""
    entries: int = 0
    """Entries of the kernel's map that are in use according to the print, including those of unchanged keys."""


def contents(
    origin: Origin,
    prints: Iterable[MapRecord],
    before: Mapping[str, MapRecord],
    names: Iterable[str],
    end_ns: int,
) -> dict[str, MapData]:
    """The maps of a flush by the user's names.

    `before` holds the previous prints of cumulative maps by the user's names. Maps of `names` that were not printed are
    added as empty maps, in the order of their names. `end_ns` is the end of the flush, on the clock of `nsecs`.
    """
    found: dict[str, MapData] = {}
    for record in prints:
        name = origin.plan.logical(record.name)
        data = _map_data(origin, name, record, before.get(name), end_ns)
        found[name] = _together(found[name], data) if name in found else data
    for name in sorted(names):
        if name not in found:
            found[name] = _unprinted(origin.plan.maps.get(name) or MapPlan(name, "value"))
    return found


def empty_map(plan: MapPlan) -> MapData:
    """A map without data."""
    return MapData(plan, _KINDS.get(plan.aggregation, "map"), _NO_ROWS)


def _unprinted(plan: MapPlan) -> MapData:
    """A map that bpftrace did not print although bttop asked for it. A sum without a key is then 0; a minimum, maximum
    or average has no value, and a count without a key is printed even if it is 0."""
    is_zero = plan.arity == 0 and plan.scheme in ("bank", "cumulative") and plan.aggregation == "sum"
    return replace(empty_map(plan), rows=_ZERO) if is_zero else empty_map(plan)


def _map_data(origin: Origin, name: str, record: MapRecord, before: MapRecord | None, end_ns: int) -> MapData:
    plan = origin.plan.maps.get(name) or likely_plan(name, record)
    rows = record.rows
    if plan.scheme == "cumulative" and before is not None:
        rows = since(rows, before.rows, plan.aggregation, keyed=record.keyed)
    rows = scaled_rows(_counted(rows, record.kind), plan)
    if plan.since:
        rows = {key: _age(value, end_ns) for key, value in rows.items()}
    return MapData(plan, record.kind, rows, record.ambiguous, entries(record, origin.release))


def _age(value: Value, end_ns: int) -> Value:
    """Nanoseconds from a moment until the end of a flush. A moment after the end is younger than the flush."""
    return max(end_ns - value, 0) if isinstance(value, int) else value


def _counted(rows: Mapping[str, Value], kind: MapKind) -> Mapping[str, Value]:
    """The rows without stats and histograms that counted no event: an average of no events is not 0."""
    if kind not in ("stats", "hist") or not any(_is_empty(value) for value in rows.values()):
        return rows
    return {key: value for key, value in rows.items() if not _is_empty(value)}


def _is_empty(value: Value) -> bool:
    """Whether stats or a histogram counted no event."""
    if isinstance(value, Stats):
        return value.count == 0
    return isinstance(value, tuple) and all(isinstance(one, Bucket) and one.count == 0 for one in value)


def _together(one: MapData, other: MapData) -> MapData:
    """Merge both banks of a map: the last flush of a run prints both, and so does a flush whose heartbeat was lost."""
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
    """A plan for a map that no plan names: derived from its print, with one column for the whole key."""
    return MapPlan(name, _likely_aggregation(record), _KEY if record.keyed else ())


def _likely_aggregation(record: MapRecord) -> Aggregation:
    if record.kind == "stats":
        return "stats" if any(isinstance(value, Stats) for value in record.rows.values()) else "avg"
    if record.kind == "map":
        return "value"
    return record.kind


def entries(record: MapRecord, release: Release) -> int:
    """How many entries of the kernel's map are in use according to a print.

    A histogram uses one per non-empty bucket; avg() and stats() use two per key up to 0.21.
    """
    if record.kind == "hist":
        counts = [bucket.count for value in record.rows.values() for bucket in histogram(value)]
        return len(counts) - counts.count(0)
    if record.kind == "stats" and traits_of(release).doubled_entries:
        return 2 * len(record.rows)
    return len(record.rows)
