"""The heading of a histogram: what it is about, its events, its percentiles and their error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bttop.model.format import numbers
from bttop.model.format.percentiles import Quantile, quantile, scale_of
from bttop.model.format.text import visible
from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.render.text import middle, width
from bttop.ui.views.base import mark_of

SHARES = (50, 90, 99)
LARGEST = 100
LEAST_NAME = 8
"""Cells below which a name is cut no further."""


def percentile(buckets: Sequence[Bucket], share: int, plan: MapPlan) -> Quantile | None:
    """A percentile (`share` is 0 to 100; 100 is the largest value) with the scale of the map's aggregation; None
    without events."""
    return quantile(buckets, share / 100, scale_of(plan.aggregation))


def heading(buckets: Sequence[Bucket], plan: MapPlan, cells: int) -> Line:
    """Unit, count, percentiles and error. With less room, first the error is left out, then the largest value, then
    words; at last percentiles are shown as what they are below instead of as a range."""
    name = visible(plan.unit or plan.name.lstrip("@") or "value")
    mark, total = mark_of(plan), sum(bucket.count for bucket in buckets)
    short = f"{mark}{numbers.short(total)}"
    lefts = (f"{name}  count {mark}{total:,}", "  "), (f"{name} {mark}{total:,}", " "), (short, " ")
    for figures in _figures(buckets, plan):
        for left, gap in lefts:
            for shown in figures:
                if len(left) + sum(len(gap) + len(one) for one in shown) <= cells:
                    return _titled(left, gap, shown, cells)
    return _titled(short, " ", (), cells)


def named_heading(sign: Span, name: str, buckets: Sequence[Bucket], plan: MapPlan, cells: int) -> Line:
    """The same for the histogram called `name`, after the sign with which it is drawn. The name is cut before a number
    is left out."""
    mark, total = mark_of(plan), sum(bucket.count for bucket in buckets)
    texts = [f"{mark}{total:,} {' '.join(shown)}".rstrip() for figures in _figures(buckets, plan) for shown in figures]
    rest = f"{mark}{numbers.short(total)}"
    for rest in (*texts, f"{mark}{total:,}", rest):  # noqa: B020
        if cells - width(sign.text) - len(rest) - 2 >= min(width(name), 2 * LEAST_NAME):
            break
    room = max(1, cells - width(sign.text) - len(rest) - 2)
    shown = middle(name, min(width(name), room))
    return fit((sign, Span(f" {shown} ", "heading"), Span(rest, "sorted")), cells)


def _figures(buckets: Sequence[Bucket], plan: MapPlan) -> Iterator[list[list[str]]]:
    """The percentiles as texts: as ranges, then as what they are below; each with the error, without it, and without
    the largest value."""
    if not sum(bucket.count for bucket in buckets):
        yield [[]]
        return
    found = [percentile(buckets, share, plan) for share in (*SHARES, LARGEST)]
    names = [*(f"p{share}" for share in SHARES), "max"]
    for text in (numbers.quantile_text, numbers.quantile_bound):
        figures = [f"{name} {text(one, plan.unit)}" for name, one in zip(names, found, strict=True)]
        error = error_text(found) if text is numbers.quantile_text else ""
        yield [*([[*figures, error]] if error else []), figures, figures[:-1]]


def error_text(found: Sequence[Quantile | None]) -> str:
    """The largest error of these percentiles if the middle of each range is taken, in percent; empty if one of the
    ranges has no end, or no sign of its own."""
    errors = [_error(one) for one in found if one is not None]
    known = [error for error in errors if error is not None]
    if not known or len(known) < len(errors):
        return ""
    if not max(known):
        return "exact"
    return f"{'each' if min(known) == max(known) else 'up to'} ±{100 * max(known):.2g} %"


def _error(found: Quantile) -> float | None:
    """Half the width of the range, as a share of its middle; None if that says nothing."""
    low, high = found.low, found.high
    if low is None or high is None:
        return None
    if low == high:
        return 0.0
    if low <= 0 <= high:
        return None
    return (high + 1 - low) / abs(high + 1 + low)


def _titled(left: str, gap: str, figures: Sequence[str], cells: int) -> Line:
    return fit((Span(left, "heading"), *(Span(gap + one, "sorted") for one in figures)), cells)
