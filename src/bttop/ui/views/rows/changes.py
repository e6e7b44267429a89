"""The change of a row against the baseline, and the rows that are new or gone."""

from __future__ import annotations

from typing import Final

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount
from bttop.model.format.floats import as_float
from bttop.model.record.records import Stats, Value
from bttop.ui.views.base import Scene
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.rows import RowCell

EXPECTED: Final = 3.0
"""Events that the baseline expects in a flush, from which on a row without any is gone and not only rare."""
_NEW, _RARE, _UNKNOWN = "new", "rare", ""
_TIMES: Final = 1.95
"""Ratio from which on a change is a factor; below it is in percent."""
_MOST: Final = 9_999.0


def change_cell(scene: Scene, baseline: MapData) -> RowCell:
    """The column `Δ`: the ratio to the baseline, such as `x14`, `+40%` or `/3`; of averages, that of the average."""
    title = f"{scene.glyphs.change}avg" if scene.data.plan.aggregation in ("avg", "stats") else scene.glyphs.change

    def before(row: Row) -> float | None:
        return None if row.key not in baseline.rows else _number(baseline.rows[row.key])

    return RowCell(
        title,
        lambda row: change_text(before(row), _number(row.value)),
        lambda row: change_order(before(row), _number(row.value)),
        "rate",
        "right",
        least=5,
        most=6,
        falls=True,
        rigid=True,
    )


def change_text(before: float | None, after: float | None) -> str:
    """A change in at most six characters; `new` for a row that the baseline does not have,
    `rare` for one that it has less than once in a flush."""
    if before is None:
        return _NEW if after else _UNKNOWN
    if after is None or before < 0 or after < 0:
        return _UNKNOWN
    if before == 0:
        return _RARE if after else "="
    ratio = after / before
    if ratio >= _TIMES:
        return f"x{_factor(ratio)}"
    if ratio <= 1 / _TIMES:
        return f"/{_factor(1 / ratio)}" if ratio else "-100%"
    percent = round(100 * (ratio - 1))
    return f"{percent:+d}%" if percent else "="


def _factor(ratio: float) -> str:
    if ratio > _MOST:
        return f">{_MOST:.0f}"
    return f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def change_order(before: float | None, after: float | None) -> float:
    """Sort key: new rows first, then by ratio."""
    if not before:
        return float("inf") if after else -1.0
    return -1.0 if after is None else after / before


def _number(value: Value) -> float | None:
    """The number whose change is shown: the average of stats, the events of a histogram."""
    return as_float(value.average) if isinstance(value, Stats) else amount(value)


def new_and_gone(scene: Scene, baseline: MapData) -> str:
    """How many rows the baseline does not have, and how many it has that should be here and are not."""
    rows = scene.data.rows
    new = sum(1 for key in rows if key not in baseline.rows)
    gone = sum(1 for key, value in baseline.rows.items() if key not in rows and abs(amount(value) or 0.0) >= EXPECTED)
    found = [f"{new:,} new" if new else "", f"{gone:,} gone" if gone else ""]
    return ", ".join(filter(None, found))
