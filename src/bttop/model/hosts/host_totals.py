"""One value for each host: all rows of its map together, and the figures by which hosts are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush
from bttop.model.format.floats import as_float
from bttop.model.grouping.group_rows import merged
from bttop.model.history.figures import Number, read_number
from bttop.model.hosts.host_column import HOST_COLUMN
from bttop.model.hosts.host_flush import HostFlush
from bttop.model.plan import MapPlan

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


def host_totals(flush: Flush, name: str) -> MapData | None:
    """A map with one row per host: the merged value of all its rows there, or None if they cannot be merged. None for
    a flush of one host, and without the map."""
    if not isinstance(flush, HostFlush):
        return None
    found = {host: one.maps[name] for host, one in flush.parts.items() if name in one.maps}
    if not found:
        return None
    first = next(iter(found.values()))
    rows = {host: merged(list(data.rows.values()), data.plan.aggregation) for host, data in found.items() if data.rows}
    plan = replace(first.plan, columns=(HOST_COLUMN,), pid="", tid="", sort="")
    return MapData(plan, first.kind, rows, any(one.ambiguous for one in found.values()), len(rows))


def host_figures(flush: Flush, name: str, figure: Number) -> Mapping[str, float] | None:
    """A figure of each host; NaN where it is unknown. None as `host_totals`."""
    totals = host_totals(flush, name)
    if totals is None or not isinstance(flush, HostFlush):
        return None
    return {host: _figure(totals, host, figure, one.seconds) for host, one in flush.parts.items()}


def _figure(totals: MapData, host: str, figure: Number, seconds: float) -> float:
    value = totals.rows.get(host)
    if figure == "value":
        return as_float(value) if isinstance(value, int | float) else math.nan
    return read_number(totals, host, figure, seconds).value
