"""A histogram: a heading with count and percentiles, and one line per bucket or per merged buckets. In a map with keys
it is that of the row under the cursor, or the sum of all rows. A second row can be drawn over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.text import counted
from bttop.model.plan import MapPlan
from bttop.model.record.buckets import BucketPair, paired
from bttop.model.record.records import Bucket
from bttop.model.record.values import added_buckets, histogram
from bttop.ui.render.bucket_rows import (
    BarLengths,
    BucketRow,
    bucket_lines,
    cumulative,
    logarithms,
    shares,
    texts_width,
)
from bttop.ui.render.spans import Glyphs, Line, Span
from bttop.ui.views.base import Drawing, Form, Scene, ViewChoice, about, mark_of, per
from bttop.ui.views.histogram_heading import heading, named_heading
from bttop.ui.views.rows.row_names import row_name
from bttop.ui.views.rows.rows import passing
from bttop.ui.views.table import key_lines

NOTES: Final[Mapping[Form, str]] = {"linear": "", "log": "log counts", "cumulative": "cumulative"}


class Shown(NamedTuple):
    """A histogram with its name."""

    name: str
    buckets: Sequence[Bucket]


class Histogram:
    """`hist()` and `lhist()` maps."""

    name = "histogram"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:
        if plan.aggregation not in ("hist", "lhist"):
            return 0
        return 5 if has_keys else 9

    def draw(self, scene: Scene) -> Drawing:
        order = _order(scene)
        choice = _with_row(scene, order)
        key = choice.selected if order or choice.moved else None
        first, second = _first(scene, order, key), _second(scene, order, key)
        has_rows = bool(order) or key is not None
        headings = _headings(scene, first, second, has_rows=has_rows)[: max(1, scene.height)]
        room = scene.height - len(headings)
        ranges = paired(first.buckets, second.buckets if second is not None else ())
        pairs, factor = merged_pairs(ranges, max(1, room))
        lines = _drawn(scene, pairs, is_overlaid=second is not None) if room > 0 and pairs else []
        note = _note(scene, len(ranges) if room < 1 else 0, factor, second)
        keys = (key, *[None] * (len(headings) + len(lines) - 1))
        return Drawing((*headings, *lines), keys, order, _rate(scene, first.buckets), 0, (), choice, note)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        first, second = Shown(row_name(scene, key), buckets_of(scene, key)), _second(scene, [key] if key else [], key)
        headings = _headings(scene, first, second, has_rows=False)
        pairs = paired(first.buckets, second.buckets if second is not None else ())
        lines = _drawn(scene, pairs, is_overlaid=second is not None) if pairs else []
        return (*(key_lines(scene, key) if key else ()), *headings, *lines)


VIEW = Histogram()


def buckets_of(scene: Scene, key: str) -> tuple[Bucket, ...]:
    """The buckets of a key; empty if the key has none in this flush."""
    return _buckets(scene.data, key)


def _buckets(data: MapData, key: str) -> tuple[Bucket, ...]:
    return histogram(data.rows.get(key, ()))


def merged_pairs(pairs: Sequence[BucketPair], rows: int) -> tuple[list[BucketPair], int]:
    """The ranges merged into at most `rows` rows, and the number of ranges per row. Counts are summed."""
    factor = -(-len(pairs) // rows) if pairs else 1
    groups = [pairs[at : at + factor] for at in range(0, len(pairs), factor)]
    return [
        BucketPair(group[0].low, group[-1].high, sum(one.first for one in group), sum(one.second for one in group))
        for group in groups
    ], factor


# Which histograms.


def _order(scene: Scene) -> list[str]:
    """The keys that pass the filter, those with the most events first; none for a map without keys."""
    if not scene.data.plan.columns and not any(scene.data.rows):
        return []
    counts = {row.key: sum(bucket.count for bucket in histogram(row.value)) for row in passing(scene)}
    return sorted(counts, key=lambda key: (-counts[key], key))


def _with_row(scene: Scene, order: Sequence[str]) -> ViewChoice:
    """The choice with the place of its row; without a row, the next key down chooses the first one."""
    choice = scene.choice
    if choice.selected is None or not (order or choice.moved):
        return replace(choice, at=-1)
    at = order.index(choice.selected) if choice.selected in order else choice.at
    return replace(choice, at=at, moved=True)


def _first(scene: Scene, order: Sequence[str], key: str | None) -> Shown:
    if key is not None:
        return Shown(row_name(scene, key), buckets_of(scene, key))
    if not order:
        return Shown("now", buckets_of(scene, ""))
    return Shown(f"all {counted(len(order), 'row')}", _sum(scene.data, order))


def _sum(data: MapData, keys: Iterable[str]) -> tuple[Bucket, ...]:
    return added_buckets(bucket for key in keys for bucket in _buckets(data, key))


def _second(scene: Scene, order: Sequence[str], key: str | None) -> Shown | None:
    """The histogram that is drawn over the first: of the second row, else of the baseline."""
    chosen = scene.choice.histogram
    if chosen.second is not None and order:
        return Shown(row_name(scene, chosen.second), buckets_of(scene, chosen.second))
    baseline = scene.baseline
    if baseline is None or chosen.without_baseline or baseline.plan.aggregation != scene.data.plan.aggregation:
        return None
    keys = [key] if key is not None else list(baseline.rows)
    return Shown("baseline", _sum(baseline, keys))


# How they are drawn.


def _rate(scene: Scene, buckets: Sequence[Bucket]) -> str:
    seconds, suffix = per(scene)
    total = as_float(sum(bucket.count for bucket in buckets))
    return f"{about(scene)}{numbers.short(total / seconds)}{suffix}"


def _drawn(scene: Scene, pairs: Sequence[BucketPair], *, is_overlaid: bool) -> list[Line]:
    form, plan = scene.choice.histogram.form, scene.data.plan
    return _bucket_lines(pairs, form, plan, scene.width, scene.glyphs, is_overlaid=is_overlaid)


def _headings(scene: Scene, first: Shown, second: Shown | None, *, has_rows: bool) -> list[Line]:
    plan, cells, glyphs = scene.data.plan, scene.width, scene.glyphs
    if second is None and not has_rows:
        return [heading(first.buckets, plan, cells)]
    found = [named_heading(Span(glyphs.full, "bar"), first.name, first.buckets, plan, cells)]
    if second is not None:
        found.append(named_heading(Span(glyphs.divider, "match"), second.name, second.buckets, plan, cells))
    return found


def _note(scene: Scene, hidden: int, factor: int, second: Shown | None) -> str:
    """The form, what the bars are compared by, and how many buckets are merged or not shown."""
    form, baseline = scene.choice.histogram.form, scene.baseline
    other = baseline is not None and baseline.plan.aggregation != scene.data.plan.aggregation
    parts = [
        NOTES[form],
        "by share" if second is not None and form != "log" else "",
        "the baseline has another aggregation" if other else "",
        f"{hidden} buckets" if hidden else f"{factor} buckets a row" if factor > 1 else "",
    ]
    return ", ".join(filter(None, parts))


def _bucket_lines(
    pairs: Sequence[BucketPair], form: Form, plan: MapPlan, cells: int, glyphs: Glyphs, *, is_overlaid: bool
) -> list[Line]:
    firsts, seconds = [pair.first for pair in pairs], [pair.second for pair in pairs]
    rows = _texts(pairs, form, plan, cells, is_overlaid=is_overlaid)
    return bucket_lines(rows, _lengths(form, firsts, seconds if is_overlaid else None), cells, glyphs)


def _lengths(form: Form, firsts: Sequence[int], seconds: Sequence[int] | None) -> BarLengths:
    """Two histograms are compared by the shares of their own events, because one may have a thousand times as many."""
    if form == "log":
        return BarLengths(logarithms(firsts), () if seconds is None else logarithms(seconds))
    if seconds is None:
        return BarLengths(firsts, (), cumulative(firsts) if form == "cumulative" else ())
    scale = cumulative if form == "cumulative" else shares
    return BarLengths(scale(firsts), scale(seconds))


def _texts(pairs: Sequence[BucketPair], form: Form, plan: MapPlan, cells: int, *, is_overlaid: bool) -> list[BucketRow]:
    """The texts of each line. With less room, first counts are short, then labels are only the lower ends."""
    buckets = [Bucket(pair.low, pair.high, pair.first) for pair in pairs]
    labels, ends = numbers.bucket_labels(buckets, plan.unit), [_lower_end(bucket, plan.unit) for bucket in buckets]
    percents = _percents(pairs, is_overlaid=is_overlaid) if form == "cumulative" else [""] * len(pairs)
    whole, mark = (lambda count: f"{count:,}"), mark_of(plan)
    rows: list[BucketRow] = []
    for named, text in ((labels, whole), (labels, numbers.short), (ends, numbers.short)):
        rows = [
            BucketRow(label, f"{mark}{text(pair.first)}", percent, f"{mark}{text(pair.second)}" if is_overlaid else "")
            for label, pair, percent in zip(named, pairs, percents, strict=True)
        ]
        if texts_width(rows) <= cells:
            break
    return rows


def _lower_end(bucket: Bucket, unit: str) -> str:
    if bucket.low is None:
        return f"<{numbers.bound(None if bucket.high is None else bucket.high + 1, unit)}"
    return f"{numbers.bound(bucket.low, unit)}{'' if bucket.low == bucket.high else '+'}"


def _percents(pairs: Sequence[BucketPair], *, is_overlaid: bool) -> list[str]:
    """The cumulative share at each range, in percent: that of the first histogram, then that of the second."""
    firsts = cumulative([pair.first for pair in pairs])
    if not is_overlaid:
        return [f"{_percent(share)}%" for share in firsts]
    seconds = cumulative([pair.second for pair in pairs])
    return [f"{_percent(first)}|{_percent(second)}%" for first, second in zip(firsts, seconds, strict=True)]


def _percent(share: float) -> str:
    """A share as a percentage; 100 only if it is all."""
    return ">99" if 0.995 <= share < 1 else numbers.share(share, 1.0)
