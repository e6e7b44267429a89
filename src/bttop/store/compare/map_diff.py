"""Compares the totals of one map in two periods, row by row: what changed by more than chance, largest first."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bttop.model.flush.rates import amount
from bttop.model.plan import MapPlan
from bttop.model.record.keys import key_order
from bttop.model.record.records import Bucket
from bttop.model.record.values import histogram
from bttop.store.compare.significance import Count, dispersion, least_score, rate_score, shift
from bttop.store.compare.totals import MapTotals

Kind = Literal["rates", "shares", "values"]
"""How a map is compared: keys by their amount per second, functions by their share of all stacks, or plain values."""


class RowChange(Struct, frozen=True):
    """One key before and after."""

    key: str
    before: float | None
    """An amount per second, a share from 0 to 1, or the value itself (see `Kind`); None for a missing value."""
    after: float | None
    score: float
    """The difference in standard deviations; 0 for plain values, whose variation is unknown."""
    weight: float
    """The difference divided by the larger total, 0 to 1. Changes are ranked by it."""
    is_new: bool
    is_gone: bool
    buckets_before: tuple[Bucket, ...] = ()
    buckets_after: tuple[Bucket, ...] = ()
    shift: float = 0.0
    """Distance of the histograms, 0 to 1; 0 if the difference may be chance."""


class MapDiff(Struct, frozen=True):
    """One map before and after."""

    program: str
    map: str
    kind: Kind
    plan: MapPlan
    before: float
    """Amount of all keys per second; for shares and values, the number of keys."""
    after: float
    changes: tuple[RowChange, ...]
    """Changes that are more than chance, largest weight first."""
    within_noise: int
    """Number of keys whose difference may be chance."""

    @property
    def weight(self) -> float:
        """Weight of its largest change; 0 without changes."""
        return self.changes[0].weight if self.changes else 0.0


def compare_maps(program: str, name: str, before: MapTotals, after: MapTotals, *, shares: bool = False) -> MapDiff:
    """Compare one map. With `shares` its rows are functions with their share of all samples."""
    keys = list(dict.fromkeys([*before.rows, *after.rows]))
    kind: Kind = "values" if not before.is_additive else "shares" if shares else "rates"
    if kind == "values":
        found = [change for key in keys if (change := _value_change(key, before, after)) is not None]
    else:
        larger = 1.0 if kind == "shares" else max(rate_of(before), rate_of(after))
        found = [_change(key, before, after, larger) for key in keys]
    least = least_score(len(keys))
    real = [one for one in found if kind == "values" or abs(one.score) >= least or one.shift]
    real.sort(key=lambda one: (-one.weight, key_order(one.key)))
    totals = (rate_of(before), rate_of(after)) if kind == "rates" else (float(len(before.rows)), float(len(after.rows)))
    return MapDiff(program, name, kind, after.plan, *totals, tuple(real), len(keys) - len(real))


def rate_of(totals: MapTotals) -> float:
    """The amount of all rows per second."""
    return totals.amount / totals.seconds if totals.seconds > 0 else 0.0


def _count(totals: MapTotals, key: str) -> Count:
    row = totals.rows.get(key)
    if row is None:
        return Count(0.0, totals.seconds, 0.0, totals.flushes)
    return Count(abs(amount(row.value) or 0.0), totals.seconds, row.squares, totals.flushes)


def _change(key: str, before: MapTotals, after: MapTotals, larger: float) -> RowChange:
    first, last = _count(before, key), _count(after, key)
    buckets = _buckets(before, key), _buckets(after, key)
    apart = shift(*buckets, dispersion(first, last))
    distance = apart.distance if apart.is_real else 0.0
    part = max(first.rate, last.rate) / larger if larger else 0.0
    return RowChange(
        key,
        first.rate,
        last.rate,
        rate_score(first, last),
        min(1.0, max(abs(last.rate - first.rate) / larger if larger else 0.0, distance * part)),
        is_new=key not in before.rows,
        is_gone=key not in after.rows,
        buckets_before=buckets[0],
        buckets_after=buckets[1],
        shift=distance,
    )


def _buckets(totals: MapTotals, key: str) -> tuple[Bucket, ...]:
    row = totals.rows.get(key)
    return () if row is None or not totals.is_histogram else histogram(row.value)


def _value_change(key: str, before: MapTotals, after: MapTotals) -> RowChange | None:
    """Return the change of a value that is not a count, such as a maximum; None if it is equal or missing."""
    first, last = before.rows.get(key), after.rows.get(key)
    low, high = (None if row is None else amount(row.value) for row in (first, last))
    if low == high or (low is None and high is None):
        return None
    # The variation of such values is unknown, so they rank below all changes that are known to be real.
    changed = 1.0 if low is None or high is None else abs(high - low) / max(abs(high), abs(low))
    return RowChange(key, low, high, 0.0, 0.001 * changed, is_new=first is None, is_gone=last is None)
