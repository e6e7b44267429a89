"""One value for each host: all rows of its map together, and the figures by which hosts are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format.floats import as_float
from bttop.model.grouping.group_rows import merged
from bttop.model.history.figures import Number, read_number
from bttop.model.hosts.host_column import HOST_COLUMN, has_host, host_of
from bttop.model.hosts.host_flush import HostFlush
from bttop.model.plan import MapPlan
from bttop.model.record.records import Value

_FIGURES: Final[Mapping[str, tuple[Number, ...]]] = {
    "count": ("rate",),
    "sum": ("rate",),
    "hist": ("p99", "rate"),
    "lhist": ("p99", "rate"),
    "stats": ("average", "rate"),
    "avg": ("average", "rate"),
}


def figures_of(plan: MapPlan) -> tuple[Number, ...]:
    """The figures by which hosts are compared for a map, the most telling first."""
    if plan.is_state:
        return ("value",)
    return _FIGURES.get(plan.aggregation, ("value",))


def host_totals(flush: Flush, name: str, shown: MapData | None = None) -> MapData | None:
    """A map with one row per host: the merged value of all its rows there, or None if they cannot be merged. `shown`:
    the map on show, for the merged flush of a span, which has the hosts only in the keys of its rows. Returns None if
    the hosts are not known apart."""
    if isinstance(flush, HostFlush):
        found = {host: one.maps[name] for host, one in flush.parts.items() if name in one.maps}
        return _totals(
            {host: list(data.rows.values()) for host, data in found.items()}, next(iter(found.values()), None)
        )
    if shown is None or not has_host(shown.plan.columns):
        return None
    by_key: dict[str, list[Value]] = {}
    for key, value in shown.rows.items():
        by_key.setdefault(host_of(key), []).append(value)
    return _totals(by_key, shown)


def _totals(values: Mapping[str, Sequence[Value]], like: MapData | None) -> MapData | None:
    """The merged values of each host; None without a map."""
    if like is None:
        return None
    rows = {host: merged(found, like.plan.aggregation) for host, found in values.items() if found}
    plan = replace(like.plan, columns=(HOST_COLUMN,), pid="", tid="", sort="")
    return MapData(plan, like.kind, rows, like.ambiguous, len(rows))


def host_figures(flush: Flush, name: str, figure: Number, shown: MapData | None = None) -> Mapping[str, float] | None:
    """A figure of each host; NaN where it is unknown. The arguments and None as for `host_totals`."""
    totals = host_totals(flush, name, shown)
    if totals is None:
        return None
    if isinstance(flush, HostFlush):
        return {host: _figure(totals, host, figure, one.seconds) for host, one in flush.parts.items()}
    return {host: _figure(totals, host, figure, flush.seconds) for host in totals.rows}


def _figure(totals: MapData, host: str, figure: Number, seconds: float) -> float:
    value = totals.rows.get(host)
    if figure == "value":
        return as_float(value) if isinstance(value, int | float) else math.nan
    return read_number(totals, host, figure, seconds).value
