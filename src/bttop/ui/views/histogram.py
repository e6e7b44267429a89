"""The histogram of one key: a heading with count and percentiles, and one line per bucket or per merged buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import Quantile, quantile, scale_of
from bttop.model.format.text import visible
from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.charts import horizontal_bars
from bttop.ui.render.spans import Glyphs, Line, Span, fit
from bttop.ui.views.base import Drawing, Scene, keyed, per
from bttop.ui.views.table import key_lines

SHARES = (50, 90, 99)


class Histogram:
    """`hist()` and `lhist()` maps without a key."""

    name = "histogram"

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:
        return 9 if plan.aggregation in ("hist", "lhist") and not keyed(plan, rows) else 0

    def draw(self, scene: Scene) -> Drawing:
        buckets = buckets_of(scene, "")
        total = sum(bucket.count for bucket in buckets)
        seconds, suffix = per(scene)
        rate = f"{numbers.short(as_float(total) / seconds)}{suffix}"
        lines = chart(buckets, scene.data.plan, scene.width, scene.height, scene.glyphs)
        note = _note(buckets, scene.height - 1)
        return Drawing(tuple(lines), tuple([None] * len(lines)), (), rate, 0, (), scene.choice, note)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        buckets = buckets_of(scene, key)
        chart_lines = chart(buckets, scene.data.plan, scene.width, len(buckets) + 1, scene.glyphs)
        return (*key_lines(scene, key), *chart_lines) if key else tuple(chart_lines)


VIEW = Histogram()


def buckets_of(scene: Scene, key: str) -> tuple[Bucket, ...]:
    """The buckets of a key; empty if the key has none in this flush."""
    value = scene.data.rows.get(key, ())
    return tuple(one for one in value if isinstance(one, Bucket)) if isinstance(value, tuple) else ()


def chart(buckets: Sequence[Bucket], plan: MapPlan, cells: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """A heading with count and percentiles, then one line per bucket. Adjacent buckets are merged if there are too many
    for `rows`; with a single row there is only the heading."""
    merged, _ = merge(buckets, max(1, rows - 1))
    heading = _heading(buckets, plan, cells)
    if not merged or rows < 2:
        return [heading]
    labels = numbers.bucket_labels(merged, plan.unit)
    counts = [f"{bucket.count:,}" for bucket in merged]
    if max(map(len, labels)) + max(map(len, counts)) + 1 > cells:
        counts = [numbers.short(bucket.count) for bucket in merged]
    left_width, right_width = max(map(len, labels)), max(map(len, counts))
    heads = [f"{label:<{left_width}} {count:>{right_width}}" for label, count in zip(labels, counts, strict=True)]
    if left_width + right_width + 4 > cells:
        return [heading, *(fit((Span(head, "number"),), cells) for head in heads)]
    drawn = horizontal_bars(heads, [bucket.count for bucket in merged], cells, glyphs)
    return [heading, *(_painted(line, left_width, right_width) for line in drawn)]


def _painted(line: str, left_width: int, right_width: int) -> Line:
    split = left_width + 1 + right_width
    return (
        Span(line[:left_width], "name"),
        Span(line[left_width:split], "number"),
        Span(line[split:], "bar"),
    )


def merge(buckets: Sequence[Bucket], rows: int) -> tuple[list[Bucket], int]:
    """The buckets merged into at most `rows` rows, and the number of buckets per row. Counts are summed."""
    factor = -(-len(buckets) // rows) if buckets else 1
    if factor <= 1:
        return list(buckets), 1
    groups = [buckets[at : at + factor] for at in range(0, len(buckets), factor)]
    return [Bucket(group[0].low, group[-1].high, sum(one.count for one in group)) for group in groups], factor


def _note(buckets: Sequence[Bucket], rows: int) -> str:
    """How many buckets are merged or not shown; empty if each has its row."""
    if buckets and rows < 1:
        return f"{len(buckets)} buckets"
    _, factor = merge(buckets, max(1, rows))
    return f"{factor} buckets a row" if factor > 1 else ""


def _heading(buckets: Sequence[Bucket], plan: MapPlan, cells: int) -> Line:
    """Unit, count and percentiles. With less room, words are left out before numbers."""
    total = sum(bucket.count for bucket in buckets)
    name = visible(plan.unit or plan.name.lstrip("@") or "value")
    found = [f"p{share} {percentile_text(buckets, share, plan)}" for share in SHARES] if total else []
    for left, gap in ((f"{name}  count {total:,}", "  "), (f"{name} {total:,}", " "), (numbers.short(total), " ")):
        if len(left) + sum(len(gap) + len(one) for one in found) <= cells:
            break
    return fit((Span(left, "heading"), *(Span(gap + one, "sorted") for one in found)), cells)


def percentile(buckets: Sequence[Bucket], share: int, plan: MapPlan) -> Quantile | None:
    """A percentile (`share` is 0 to 100) with the scale of the map's aggregation; None without events."""
    return quantile(buckets, share / 100, scale_of(plan.aggregation))


def percentile_text(buckets: Sequence[Bucket], share: int, plan: MapPlan) -> str:
    """A percentile in the map's unit; `>2M` if its bucket has no upper bound."""
    return numbers.quantile_text(percentile(buckets, share, plan), plan.unit)


def within_text(buckets: Sequence[Bucket], share: int, plan: MapPlan) -> str:
    """A percentile with the bucket that bounds its error, as in `p99 33K in [32K, 64K)`."""
    found = percentile(buckets, share, plan)
    if found is None:
        return f"p{share} -"
    (label,) = numbers.bucket_labels([Bucket(found.low, found.high, 1)], plan.unit)
    return f"p{share} {percentile_text(buckets, share, plan)} in {label}"
