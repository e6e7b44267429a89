"""A comparison as text for 80 columns, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bttop.model.format import numbers
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import MapPlan
from bttop.model.record.records import Bucket
from bttop.store.aliases import PlainNames
from bttop.store.compare.changes import Moved
from bttop.store.compare.diff import Diff, Window
from bttop.store.compare.map_diff import MapDiff, RowChange
from bttop.store.compare.sentences import foot_lines, sentence
from bttop.store.flush_json import plain, timestamp
from bttop.store.labels import Labels, amount
from bttop.store.times import clock

WIDTH = 80
_SHARES = (50, 90, 99)
_LEAST = 0.0005
"""Smallest weight of a change that is shown; smaller ones would show as 0.0 % and are only counted."""


_MOST_SENTENCES = 10


def lines(diff: Diff, most: int) -> Iterator[str]:
    """Yield the comparison as text: at most `most` keys of each map, and the number of further keys."""
    yield from _head(diff)
    if diff.changes.moved:
        yield ""
        yield from _sentences(diff, _MOST_SENTENCES)
    changed = [one for one in diff.maps if one.changes]
    for one in changed:
        yield ""
        yield from _map_lines(diff, one, most)
    if not changed:
        yield ""
        yield "Nothing changed beyond chance."
    yield from _foot(diff)


def _head(diff: Diff) -> Iterator[str]:
    for name, window in (("before", diff.before), ("after", diff.after)):
        begin, end = window.stamps()
        length = numbers.duration((end.boot_ns - begin.boot_ns) / 1e9)
        yield _cut(f"{name:<7} {clock(begin)} .. {clock(end)[11:]} ({length})  {visible(window.hosts)}")
        yield _cut(f"        {visible(_software(window))}  {visible(window.snapshot.path.name)}")
    for caveat, (first, last) in diff.caveats.items():
        yield f"caveat  {caveat}: {first:,} flushes before, {last:,} after"
    if diff.drops_ids:
        yield "ids     process and thread ids are left out: each recording and host has others"


def _software(window: Window) -> str:
    """The kernels and the releases of bpftrace, each once."""
    facts = [host.facts for host in window.snapshot.hosts]
    return ", ".join(dict.fromkeys(f"{one.kernel}, bpftrace {one.release}" for one in facts))


def summary_lines(diff: Diff) -> Iterator[str]:
    """Yield only what changed most, across all programs, with what was not compared."""
    yield from _head(diff)
    yield ""
    yield from _sentences(diff, len(diff.changes.moved))
    for line in foot_lines(diff.changes, _labels(diff, "")):
        yield from _wrapped(line)


def _sentences(diff: Diff, most: int) -> Iterator[str]:
    for number, one in enumerate(diff.changes.moved[:most], 1):
        yield from _wrapped(f"{number:>3}. {sentence(one, _labels(diff, one.name))}")
    if (more := len(diff.changes.moved) - most) > 0:
        yield f"     and {more} more; --summary shows all"


def _foot(diff: Diff) -> Iterator[str]:
    quiet = [f"{visible(one.program)} {visible(one.map)}" for one in diff.maps if not one.changes]
    for words, names in (
        ("nothing beyond chance", quiet),
        ("only before", [visible(name) for name in diff.only_before]),
        ("only after", [visible(name) for name in diff.only_after]),
    ):
        if names:
            yield ""
            yield from _wrapped(f"{words}: {', '.join(names)}")


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > WIDTH:
            yield _cut(line)
            line = " "
        line = f"{line} {word}" if line else word
    yield _cut(line)


# One map.

_WORDS = {"rates": "per second", "shares": "share of all samples", "values": "values"}


def _map_lines(diff: Diff, one: MapDiff, most: int) -> Iterator[str]:
    name = f"{visible(one.program)} {visible(one.map)}"
    if one.kind == "rates":
        unit = _unit(one.plan)
        yield _cut(
            f"{name}  {amount(one.before, unit)}/s -> {amount(one.after, unit)}/s  {_times(one.before, one.after)}"
        )
    else:
        yield _cut(f"{name}  {_WORDS[one.kind]}")
    keyed = bool(one.plan.columns) or any(change.key for change in one.changes)
    labels = _labels(diff, one.program)
    if keyed:
        titles = " ".join(visible(column.title) for column in one.plan.columns)
        yield _cut(f"  {'before':>9} {'after':>9} {'':>7} {'of all':>7}  {titles}")
    shown = _shown(one, most)
    for change in shown:
        if keyed:
            yield _change_line(one, change, labels)
        yield from _shift_lines(one, change, " " * 6 if keyed else "  ")
    yield from _rest(one, len(shown))


def _shown(one: MapDiff, most: int) -> tuple[RowChange, ...]:
    """Return the changes to show: the largest one always, others if they are large enough."""
    return tuple([change for at, change in enumerate(one.changes[:most]) if at == 0 or change.weight >= _LEAST])


def _rest(one: MapDiff, shown: int) -> Iterator[str]:
    more = len(one.changes) - shown
    words = [f"{more:,} more changed"] if more > 0 else []
    words += [f"{one.within_noise:,} within chance"] if one.within_noise else []
    if words:
        yield f"  {'; '.join(words)}"


def _change_line(one: MapDiff, change: RowChange, labels: Labels) -> str:
    word = "new" if change.is_new else "gone" if change.is_gone else _times(change.before, change.after)
    key = " ".join(visible_name(cell) for cell in labels.cells(change.key, one.plan))
    part = "" if one.kind == "values" else f"{_signed(change, one):+.1f}%"
    return _cut(f"  {_number(one, change.before):>9} {_number(one, change.after):>9} {word:>7} {part:>7}  {key}")


def _signed(change: RowChange, one: MapDiff) -> float:
    """Return the difference in percent of the larger total; for shares, in percentage points."""
    larger = 1.0 if one.kind == "shares" else max(one.before, one.after)
    return 100 * ((change.after or 0.0) - (change.before or 0.0)) / larger if larger else 0.0


def _number(one: MapDiff, value: float | None) -> str:
    if value is None:
        return "-"
    if one.kind == "shares":
        return f"{100 * value:.1f}%"
    return amount(value, _unit(one.plan))


def _unit(plan: MapPlan) -> str:
    """Return the unit of the amounts; empty for histograms and averages, whose events are compared."""
    return "" if plan.aggregation in ("hist", "lhist", "stats", "avg") else plan.unit


def _times(before: float | None, after: float | None) -> str:
    """Return the ratio of two amounts as text, such as `x2.5`."""
    if before is None or after is None:
        return ""
    if before <= 0 or after <= 0:
        return "" if before == after else "new" if before <= 0 else "gone"
    ratio = after / before
    return f"x{ratio:.0f}" if ratio >= 99.5 else f"x{ratio:.2g}" if ratio < 9.95 else f"x{ratio:.1f}"


def _shift_lines(one: MapDiff, change: RowChange, margin: str) -> Iterator[str]:
    if not change.shift:
        return
    found = [
        f"p{share} {_percentile(one.plan, change.buckets_before, share)}"
        f" -> {_percentile(one.plan, change.buckets_after, share)}"
        for share in _SHARES
    ]
    yield margin + "   ".join(found)


def _percentile(plan: MapPlan, buckets: tuple[Bucket, ...], share: int) -> str:
    return numbers.quantile_text(quantile(buckets, share / 100, scale_of(plan.aggregation)), plan.unit)


def _labels(diff: Diff, program: str) -> Labels:
    """The labels for the host of a program."""
    snapshot = diff.after.snapshot
    host = next((one.host for one in snapshot.programs if one.label == program), snapshot.hosts[0])
    return Labels(PlainNames(), host.facts.decoders, *diff.after.stamps())


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


# JSON.


def as_object(diff: Diff) -> dict[str, Any]:
    """Return the whole comparison as a JSON object: rates per second, shares from 0 to 1."""
    return {
        "before": _window(diff.before),
        "after": _window(diff.after),
        "ids_left_out": diff.drops_ids,
        "doubts": {caveat: {"before": first, "after": last} for caveat, (first, last) in diff.caveats.items()},
        "only_before": list(diff.only_before),
        "only_after": list(diff.only_after),
        "moved": [_moved(one, _labels(diff, one.name)) for one in diff.changes.moved],
        "maps": [_map_object(diff, one) for one in diff.maps],
    }


def _moved(one: Moved, labels: Labels) -> dict[str, Any]:
    subject, what = sentence(one, labels)
    return {
        "program": one.name,
        "map": one.map.removeprefix("@"),
        "subject": subject,
        "what": what,
        "before": one.before,
        "after": one.after,
        "magnitude": round(one.magnitude, 3),
    }


def _window(window: Window) -> dict[str, Any]:
    begin, end = window.stamps()
    facts = [host.facts for host in window.snapshot.hosts]
    return {
        "file": str(window.snapshot.path),
        "hosts": [{"host": one.name, "kernel": one.kernel, "bpftrace": str(one.release)} for one in facts],
        "from": timestamp(begin.wall_ns),
        "to": timestamp(end.wall_ns),
        "seconds": round((end.boot_ns - begin.boot_ns) / 1e9, 6),
    }


def _map_object(diff: Diff, one: MapDiff) -> dict[str, Any]:
    return {
        "program": one.program,
        "map": one.map.removeprefix("@"),
        "kind": one.kind,
        "aggregation": one.plan.aggregation,
        "unit": one.plan.unit,
        "columns": [column.title for column in one.plan.columns],
        "before": one.before,
        "after": one.after,
        "within_chance": one.within_noise,
        "changes": [_change_object(one, change, _labels(diff, one.program)) for change in one.changes],
    }


def _change_object(one: MapDiff, change: RowChange, labels: Labels) -> dict[str, Any]:
    found: dict[str, Any] = {
        "key": labels.cells(change.key, one.plan) if change.key or one.plan.columns else [],
        "before": change.before,
        "after": change.after,
        "difference": None if change.after is None or change.before is None else change.after - change.before,
        "ratio": change.after / change.before if change.after is not None and change.before else None,
        "score": round(change.score, 3),
        "weight": change.weight,
        "new": change.is_new,
        "gone": change.is_gone,
    }
    if change.shift:
        buckets = (("before", change.buckets_before), ("after", change.buckets_after))
        found["shift"] = change.shift
        found["buckets"] = {name: plain(value) for name, value in buckets}
        found["percentiles"] = {
            name: {f"p{share}": _range(one.plan, value, share) for share in _SHARES} for name, value in buckets
        }
    return found


def _range(plan: MapPlan, buckets: tuple[Bucket, ...], share: int) -> list[int | None] | None:
    """The ends of the bucket that holds a percentile, both inclusive; None for an open end."""
    found = quantile(buckets, share / 100, scale_of(plan.aggregation))
    return None if found is None else [found.low, found.high]
