"""One map of a report: its totals, its course over time, and charts for its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct

from bttop.model.flush.rates import amount
from bttop.model.format import numbers
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.record.records import Stats
from bttop.model.record.stacks import NO_FRAMES
from bttop.model.record.telling_frames import NAMELESS
from bttop.model.record.values import histogram
from bttop.model.stacks.flame_tree import ROOT, FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import NO_SYMBOL, Frame, label
from bttop.model.stacks.tree_builder import TreeBuilder
from bttop.store.compare.totals import MapTotals, Total
from bttop.store.labels import Labels, exact, per_second, share
from bttop.store.labels import amount as in_unit
from bttop.store.report.charts import area, bar, flames, heat
from bttop.store.report.course import Bins, MapCourse
from bttop.store.report.markup import Markup, name, tag
from bttop.store.report.tables import histogram_table, percentile_list, rows_table

_MOST_SMALL = 6
"""Most histograms of single keys that are shown side by side."""
_MOST_HEAT_ROWS = 40
_MOST_FUNCTIONS = 10
_MOST_STACKS = 20_000


class ChartedMap(Struct, frozen=True):
    """A map with all data for its charts."""

    name: str
    totals: MapTotals
    course: MapCourse
    moments: tuple[float, ...]
    """Positions of the marks, 0 to 1."""
    labels: Labels

    @property
    def unit(self) -> str:
        return self.totals.plan.unit

    @property
    def has_stacks(self) -> bool:
        plan = self.totals.plan
        return plan.aggregation in ("count", "sum") and any(column.kind == "stack" for column in plan.columns)


def figure(one: ChartedMap) -> Markup:
    """Return the section of a map."""
    plan = one.totals.plan
    head = tag("header", tag("h3", plan.title or one.name, title=one.name), tag("span", _headline(one)))
    if not one.totals.rows:
        return tag("article", head, tag("p", "Nothing was counted.", class_="soft"), class_="map")
    notes = [tag("p", _MIXED, class_="soft")] if one.totals.is_mixed else []
    return tag("article", head, notes, _pictures(one), class_="map")


_MIXED = "The script changed the kind of this map; only the newest kind is shown here."


def _headline(one: ChartedMap) -> str:
    """Return the totals of a map in a few words."""
    totals = one.totals
    if not totals.is_additive:
        return f"{len(totals.rows):,} rows"
    unit = "" if totals.is_histogram or totals.plan.aggregation in ("stats", "avg") else one.unit
    rate = f"{totals.mark}{per_second(totals.net / max(totals.seconds, 1e-9), unit)}"
    words = "events" if totals.plan.aggregation != "sum" else ""
    return f"{totals.mark}{in_unit(totals.net, unit)} {words} in {numbers.duration(totals.seconds)}, {rate}".replace(
        "  ", " "
    )


def _pictures(one: ChartedMap) -> list[Markup]:
    if one.totals.is_histogram:
        return _of_histograms(one)
    if one.has_stacks:
        return [_course(one), _flames(one), rows_table(one.totals, one.course, one.labels)]
    if one.totals.plan.columns or any(one.totals.rows):
        table = rows_table(one.totals, one.course, one.labels)
        return [_course(one), table] if one.totals.is_additive else [table]
    return [_scalar(one), _course(one)]


def _scalar(one: ChartedMap) -> Markup:
    value = one.totals.rows[""].value
    if isinstance(value, Stats):
        text = f"{value.count:,} values, average {in_unit(value.average, one.unit)}"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        text = one.labels.value(value)
    else:
        text = in_unit(value, one.unit)
    return tag("p", tag("b", text, title=exact(value, one.unit) or None))


# Over time.


def _course(one: ChartedMap) -> Markup:
    rates = one.course.rates()
    totals = one.totals
    is_count = totals.is_histogram or totals.plan.aggregation in ("stats", "avg")
    unit = "" if is_count else one.unit

    def said(value: float) -> str:
        return per_second(value, unit) if totals.is_additive else in_unit(value, unit)

    known = [value for value in rates if value is not None]
    tips = [
        f"{one.labels.clock(one.course.bins.start_of(at))}: {'nothing seen' if value is None else said(value)}"
        for at, value in enumerate(rates)
    ]
    words = "per second" if totals.plan.aggregation == "sum" else "events per second"
    range_ = f"lowest {said(min(known))}, highest {said(max(known))}" if known else "nothing seen"
    caption = tag("figcaption", tag("span", words if totals.is_additive else "over time"), tag("span", range_))
    return tag("figure", caption, area(rates, tips, one.moments), time_axis(one.course.bins, one.labels))


def time_axis(bins: Bins, labels: Labels) -> Markup:
    """Return the time labels below a chart: begin, middle and end."""
    moments = [bins.begin_ns, (bins.begin_ns + bins.end_ns) // 2, bins.end_ns]
    return tag("div", [tag("span", labels.clock(moment)) for moment in moments], class_="axis")


# Histograms.


def _of_histograms(one: ChartedMap) -> list[Markup]:
    whole = one.totals.buckets()
    pictures = [percentile_list(whole, one.totals.plan), _heat(one)]
    keyed = bool(one.totals.plan.columns) or any(one.totals.rows)
    if not keyed:
        return [*pictures, tag("figure", tag("figcaption", "whole time"), histogram_table(whole, one.unit))]
    return [*pictures, rows_table(one.totals, one.course, one.labels), _small_multiples(one)]


def _small_multiples(one: ChartedMap) -> Markup:
    tiles = [_small(one, key, row) for key, row in one.totals.top(_MOST_SMALL)]
    return tag("div", tiles, class_="grid small")


def _small(one: ChartedMap, key: str, row: Total) -> Markup:
    whole = " ".join(one.labels.cells(key, one.totals.plan))
    return tag("div", tag("h4", name(whole if len(whole) <= 80 else f"{whole[:79]}…"), title=whole),
               histogram_table(histogram(row.value), one.unit), class_="tile")  # fmt: skip


def _heat(one: ChartedMap) -> Markup:
    """Return a heat map of the buckets over time, largest values on top."""
    cells = one.course.cells()
    factor = max(1, -(-len(cells) // _MOST_HEAT_ROWS))
    groups = [cells[at : at + factor] for at in range(0, len(cells), factor)]
    rows = [[sum(column) for column in zip(*[counts for _, counts in group], strict=True)] for group in groups]
    lows = [numbers.bound(group[0][0][0], one.unit) for group in groups]
    every = max(1, -(-len(lows) // 14))
    scale = [text if (len(lows) - 1 - at) % every == 0 else "" for at, text in enumerate(lows)]
    tips = [_heat_tip(one, at) for at in range(one.course.bins.count)]
    kind = "latency" if one.unit in ("ns", "us", "ms", "s") else "size" if one.unit == "bytes" else "value"
    words = f"{kind} over time; the darker, the more events" + (f" ({factor} buckets per line)" if factor > 1 else "")
    picture = tag(
        "div",
        tag("div", [tag("span", text) for text in reversed(scale)], class_="scale"),
        tag("div", heat(rows, tips, one.moments), class_="field"),
        time_axis(one.course.bins, one.labels),
        class_="heat",
    )
    return tag("figure", tag("figcaption", tag("span", words)), picture)


def _heat_tip(one: ChartedMap, at: int) -> str:
    buckets = one.course.column(at)
    count = sum(bucket.count for bucket in buckets)
    found = [(p, quantile(buckets, p / 100, scale_of(one.totals.plan.aggregation))) for p in (50, 99)]
    texts = [f"p{p} {numbers.quantile_text(estimate, one.unit)}" for p, estimate in found if estimate is not None]
    return ", ".join([f"{one.labels.clock(one.course.bins.start_of(at))}: {count:,} events", *texts])


# Stacks.


def _flames(one: ChartedMap) -> Markup:
    builder = TreeBuilder(FlameForm())
    for key, row in one.totals.top(_MOST_STACKS):
        who, found = one.labels.stack(key, one.totals.plan)
        frames = [_frame(name, title) for title, names in found for name in names] or [Frame(NO_FRAMES, "unknown")]
        above = [label(who)] if who else []
        builder.add_stack([*above, *_merged(reversed(frames))], round(amount(row.value) or 0.0))
    tree = builder.tree()

    def weigh(total: float) -> str:
        return in_unit(total, one.unit)

    drawn = flames(tree, weigh)
    words = "flame graph: callers above, callees below; blue is the kernel"
    left_out = [f"{drawn.hidden:,} narrow or deep frames are not drawn"] if drawn.hidden else []
    if len(one.totals.rows) > _MOST_STACKS:
        left_out.append(f"{_MOST_STACKS:,} largest of {len(one.totals.rows):,} stacks")
    caption = tag("figcaption", tag("span", words), tag("span", "; ".join(left_out)))
    return tag("figure", caption, drawn.picture, _functions(tree, weigh))


def _frame(name: str, title: str) -> Frame:
    """A frame of a stack with the title of its column."""
    if name.startswith("0x"):
        return Frame(NO_SYMBOL, "unknown")
    if name in NAMELESS:
        return Frame(name, "unknown")
    return Frame(name, "kernel" if title.startswith("k") else "user")


def _merged(frames: Iterable[Frame]) -> list[Frame]:
    """Merge adjacent frames without a symbol into one: their addresses differ between processes and would split the
    graph."""
    found: list[Frame] = []
    for frame in frames:
        if frame.kind != "unknown" or found[-1:] != [frame]:
            found.append(frame)
    return found


def _functions(tree: FlameTree, weigh: Callable[[float], str]) -> Markup:
    """Return a table of the innermost functions with the largest amounts, without their callees."""
    own = Counter[str]()
    for node, weight in enumerate(tree.own):
        if weight:
            own[tree.frame(node).name] += weight
    ranked = sorted(own.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked[:_MOST_FUNCTIONS]
    body = [
        tag("tr", tag("td", weigh(weight), class_="n"), tag("td", share(weight, tree.totals[ROOT]), class_="n"),
            tag("td", bar(weight, ranked[0][1]), class_="share"), tag("td", name, class_="name"))
        for name, weight in shown
    ]  # fmt: skip
    more = f"; the {len(shown)} largest of {len(ranked):,}" if len(shown) < len(ranked) else ""
    caption = tag("caption", f"innermost functions{more}")
    return tag("div", tag("table", caption, tag("tbody", body), class_="functions"), class_="scroll")
