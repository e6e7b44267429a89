"""Tables of a map: its largest rows with their course over time, and histograms by bucket."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.model.flush.rates import amount
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.record.values import histogram
from bttop.store.compare.totals import MapTotals, Total
from bttop.store.labels import Labels, exact, per_second, share
from bttop.store.labels import amount as in_unit
from bttop.store.report.charts import bar, spark
from bttop.store.report.course import MapCourse
from bttop.store.report.markup import Markup, name, tag

MOST_ROWS = 20
_MOST_BUCKETS = 40
PERCENTILES = (50, 90, 99)


def rows_table(totals: MapTotals, course: MapCourse, labels: Labels) -> Markup:
    """Return a table of the largest rows of a keyed map."""
    shown = totals.top(MOST_ROWS)
    columns = [column.title for column in totals.plan.columns] or ["key"]
    heads = [
        *[tag("th", head, class_="n") for head in _number_heads(totals)],
        *([tag("th", "share", class_="share")] if totals.is_additive else []),
        *[tag("th", column, class_="n" if _is_number(totals.plan, at) else None) for at, column in enumerate(columns)],
        tag("th", "over time", class_="trend"),
    ]
    whole = totals.amount
    body = [_row(key, row, totals, whole, course, labels) for key, row in shown]
    table = tag(
        "table", tag("caption", _caption(totals, whole, shown)), tag("thead", tag("tr", heads)), tag("tbody", body)
    )
    return tag("div", table, class_="scroll")


def _is_number(plan: MapPlan, at: int) -> bool:
    return at < len(plan.columns) and plan.columns[at].kind == "int" and not plan.columns[at].decoder


def _row(key: str, row: Total, totals: MapTotals, whole: float, course: MapCourse, labels: Labels) -> Markup:
    part = abs(amount(row.value) or 0.0)
    cells = [
        tag("td", text, class_="n", title=title or None) for text, title in _number_cells(row.value, totals, labels)
    ]
    if totals.is_additive:
        cells.append(tag("td", bar(part, whole), class_="share", title=share(part, whole)))
    for at, cell in enumerate(labels.cells(key, totals.plan)):
        cells.append(tag("td", name(_cut(cell)), class_="n" if _is_number(totals.plan, at) else "name", title=cell))
    return tag("tr", cells, tag("td", spark(course.rates(key)), class_="trend"))


def _cut(cell: str) -> str:
    """Return a cell's text, cut to 160 characters; the cell's tooltip has the full text."""
    return cell if len(cell) <= 160 else f"{cell[:159]}…"


def _number_heads(totals: MapTotals) -> list[str]:
    if totals.is_histogram:
        return ["count", *(["per s"] if totals.is_additive else []), *[f"p{one}" for one in PERCENTILES]]
    if totals.plan.aggregation in ("stats", "avg"):
        return ["count", "average", "total"]
    return ["total", "per s"] if totals.is_additive else [_KIND_WORDS.get(totals.plan.aggregation, "last")]


_KIND_WORDS = {"min": "minimum", "max": "maximum"}


def _number_cells(value: Value, totals: MapTotals, labels: Labels) -> list[tuple[str, str]]:
    """Return the numbers of a row, each with its tooltip."""
    unit, seconds, mark = totals.plan.unit, max(totals.seconds, 1e-9), totals.mark
    if totals.is_histogram:
        buckets = histogram(value)
        count = sum(bucket.count for bucket in buckets)
        found = [(text, "") for _, text in percentile_texts(buckets, totals.plan)]
        rate = [(f"{mark}{numbers.whole(as_float(count) / seconds)}", "")] if totals.is_additive else []
        return [(f"{mark}{count:,}", ""), *rate, *found]
    if isinstance(value, Stats):
        whole = exact(value, unit)
        total = f"{mark}{in_unit(value.total, unit)}"
        return [(f"{mark}{value.count:,}", ""), (in_unit(value.average, unit), whole), (total, whole)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [(labels.value(value), "")]
    cells = [(f"{mark}{in_unit(value, unit)}", exact(value, unit))]
    return (
        [*cells, (f"{mark}{per_second(as_float(value) / seconds, unit).removesuffix('/s')}", "")]
        if totals.is_additive
        else cells
    )


def _caption(totals: MapTotals, whole: float, shown: Sequence[tuple[str, Total]]) -> str:
    everything = len(totals.rows) + totals.let_go
    words = [f"{everything:,} rows" if everything != 1 else "1 row"]
    if len(shown) < everything:
        words = [f"the {len(shown)} largest of {everything:,} rows"]
        if totals.is_additive:
            part = sum(abs(amount(row.value) or 0.0) for _, row in shown)
            words.append(f"{share(part, whole)} of the whole")
    if totals.let_go:
        words.append(f"{totals.let_go:,} small keys were dropped at times, so their counts are too low")
    if totals.plan.aggregation == "avg":
        words.append("intervals whose counts are unknown count once each in an average")
    return "; ".join(words)


def percentile_texts(buckets: Sequence[Bucket], plan: MapPlan) -> list[tuple[str, str]]:
    """Return the name of each percentile and the range that holds it."""
    found = [(one, quantile(buckets, one / 100, scale_of(plan.aggregation))) for one in PERCENTILES]
    return [(f"p{one}", numbers.quantile_text(estimate, plan.unit)) for one, estimate in found]


def percentile_list(buckets: Sequence[Bucket], plan: MapPlan) -> Markup:
    """Return the count and the percentiles on one line."""
    count = sum(bucket.count for bucket in buckets)
    entries = [("count", f"{count:,}"), *percentile_texts(buckets, plan)]
    return tag("dl", [tag("div", tag("dt", name), tag("dd", text)) for name, text in entries], class_="percentiles")


def histogram_table(buckets: Sequence[Bucket], unit: str) -> Markup:
    """Return a histogram, one bucket per line. Many buckets are merged, and the caption says so."""
    merged, factor = merged_buckets(buckets, _MOST_BUCKETS)
    top = max((bucket.count for bucket in merged), default=0)
    whole = sum(bucket.count for bucket in merged)
    texts = numbers.bucket_labels(merged, unit)
    body = [
        tag(
            "tr",
            tag("td", text, class_="n soft"),
            tag("td", f"{bucket.count:,}", class_="n"),
            tag("td", bar(bucket.count, top), class_="share", title=share(bucket.count, whole)),
        )
        for text, bucket in zip(texts, merged, strict=True)
    ]
    caption = tag("caption", f"{factor} buckets per line") if factor > 1 else ""
    return tag("table", caption, tag("tbody", body), class_="hist")


def merged_buckets(buckets: Sequence[Bucket], lines: int) -> tuple[list[Bucket], int]:
    """Merge buckets into at most `lines`; return them and the number of old buckets in each. No count is lost."""
    factor = max(1, -(-len(buckets) // lines))
    groups = [buckets[at : at + factor] for at in range(0, len(buckets), factor)]
    return [Bucket(group[0].low, group[-1].high, sum(one.count for one in group)) for group in groups], factor
