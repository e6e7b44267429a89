"""One map of several hosts as one map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.grouping.group_rows import merged
from bttop.model.hosts.host_column import host_key, local_columns, with_host
from bttop.model.plan import MapPlan
from bttop.model.record.keys import split_key
from bttop.model.record.records import Value

How: TypeAlias = Literal["usual", "sum", "each", "one"]
"""How the rows of several hosts are put together.

usual: `each` for a map whose keys mean something on one host only (processes, threads, CPUs, devices), for a number
without a key, and for values that cannot be added up; `sum` for all others.
sum: rows with equal keys are added up; key columns that mean something on one host only are left out.
each: one row per host and key, with the host as the first key column.
one: the rows of a single host, as they are.
"""

_HISTOGRAMS: Final = frozenset({"hist", "lhist"})
_NOT_ADDED: Final = frozenset({"value", "tseries"})
_WITH_COUNTS: Final = frozenset({"bank", "cumulative"})


def can_add(plan: MapPlan) -> bool:
    """Whether the values of several hosts can be merged: an average needs its counts, and assigned values have no
    sum."""
    if plan.aggregation == "avg":
        return plan.scheme in _WITH_COUNTS
    return plan.aggregation not in _NOT_ADDED


def is_by_host(plan: MapPlan, how: How) -> bool:
    """Whether the merged map of this plan has the host as a key column."""
    if how == "one":
        return False
    if how == "each" or not can_add(plan):
        return True
    is_number = not plan.columns and plan.aggregation not in _HISTOGRAMS
    return how == "usual" and (is_number or bool(local_columns(plan)))


def merged_plan(plan: MapPlan, how: How) -> MapPlan:
    """The plan of the merged map."""
    if how == "one":
        return plan
    if is_by_host(plan, how):
        return with_host(plan)
    left_out = local_columns(plan)
    columns = tuple([column for at, column in enumerate(plan.columns) if at not in left_out])
    return replace(plan, columns=columns, pid="", tid="") if left_out else plan


def merged_map(parts: Mapping[str, MapData], how: How) -> MapData:
    """The maps of some hosts as one; all have the same aggregation and key columns, and there is at least one."""
    first = next(iter(parts.values()))
    rows = _rows_by_host(parts) if is_by_host(first.plan, how) else _added_rows(list(parts.values()), how)
    plan = replace(merged_plan(first.plan, how), one_in=max(one.plan.one_in for one in parts.values()))
    is_ambiguous = any(one.ambiguous for one in parts.values())
    return MapData(plan, first.kind, rows, is_ambiguous, max(one.entries for one in parts.values()))


def joined_map(parts: Sequence[MapData]) -> MapData:
    """A map of consecutive flushes of one host as one; of values that cannot be added up the last one."""
    last = parts[-1]
    if len(parts) == 1 or last.plan.is_state or not can_add(last.plan):
        return last
    found: dict[str, list[Value]] = {}
    for data in parts:
        for key, value in data.rows.items():
            found.setdefault(key, []).append(value)
    rows = {key: merged(values, last.plan.aggregation) for key, values in found.items()}
    return replace(last, rows=rows, ambiguous=any(one.ambiguous for one in parts))


def _rows_by_host(parts: Mapping[str, MapData]) -> dict[str, Value]:
    return {host_key(host, key): value for host, data in parts.items() for key, value in data.rows.items()}


def _added_rows(parts: Sequence[MapData], how: How) -> Mapping[str, Value]:
    if how == "one":
        return parts[0].rows
    plan = parts[0].plan
    key_of = _common_key(plan)
    found: dict[str, list[Value]] = {}
    for data in parts:
        for key, value in data.rows.items():
            found.setdefault(key_of(key), []).append(value)
    return {key: merged(values, plan.aggregation) for key, values in found.items()}


def _common_key(plan: MapPlan) -> Callable[[str], str]:
    """Returns the parts of a raw key that mean the same on every host, as a raw key."""
    left_out = set(local_columns(plan))
    if not left_out:
        return lambda key: key
    kept = [at for at in range(plan.arity) if at not in left_out]

    def common(key: str) -> str:
        found = split_key(key, plan.columns).parts
        return ",".join(str(found[at]) for at in kept)

    return common
