"""Changes as plain sentences: `retransmits to 10.40.12.91: 14 times as many (2.1/s → 29/s)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from bttop.model.format import numbers
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.format.text import visible, visible_name
from bttop.model.plan import Column, MapPlan
from bttop.patterns import pattern
from bttop.store.compare.changes import Changes, Moved
from bttop.store.compare.groups import FUNCTION
from bttop.store.compare.period import Period
from bttop.store.labels import Labels, amount
from bttop.store.times import clock

_WORDS: Final = (
    ("in", re.compile(r"function", re.IGNORECASE)),
    ("by", re.compile(r"comm|proc|task|exe|thread|waker|parent", re.IGNORECASE)),
    ("on", re.compile(r"cpu|dev|disk|node", re.IGNORECASE)),
    ("from", re.compile(r"saddr|src|source|local", re.IGNORECASE)),
    ("to", re.compile(r"daddr|dst|dest|peer|remote|addr", re.IGNORECASE)),
)
"""The word before a part of a key, by a pattern of its column's title, in the order of a sentence."""
_TIMES: Final = frozenset({"ns", "us", "ms", "s"})
_TIME: Final = pattern(r"([0-9.]+)(ns|us|ms|s)")
_TIMES_FROM: Final = 1.95
"""Ratio from which on a change is told as `N times as many`; below, in percent."""


class Sentence(NamedTuple):
    """A change in words."""

    subject: str
    """What changed, such as `retransmits to 10.40.12.91`."""
    what: str
    """How, such as `14 times as many (2.1/s → 29/s)`."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}"


def sentence(moved: Moved, labels: Labels) -> Sentence:
    """A change in words."""
    return Sentence(f"{_head(moved, labels)}{_about(moved, labels)}", _what(moved))


def _head(moved: Moved, labels: Labels) -> str:
    """The program, and the map if the program has several and is not named after this one."""
    name = labels.names.text(moved.name)
    bare = moved.map.removeprefix("@")
    is_main = moved.is_alone or not bare or moved.name.startswith(bare)
    return visible(name) if is_main else f"{visible(name)} {visible(bare)}"


def _about(moved: Moved, labels: Labels) -> str:
    if not moved.parts:
        return " in all" if moved.plan.columns else ""
    words = sorted(_part(column, part, labels) for column, part in moved.parts)
    found = "".join([f" {text}" for _, text in words])
    return f"{found} ({moved.rows} rows)" if moved.rows > 1 else found


def _part(column: Column, part: int | str, labels: Labels) -> tuple[int, str]:
    """The place of a part in the sentence, and its text."""
    cell = visible_name(labels.cell(column, part)) or "(empty)"
    if column == FUNCTION:
        return 1, f"in {cell}"
    place = next((at for at, (_, title) in enumerate(_WORDS, 1) if title.search(column.title)), 0)
    is_number = isinstance(part, int) and cell == str(part)
    named = f"{visible(column.title)} {cell}" if is_number else cell
    return place, f"{_WORDS[place - 1][0]} {named}" if place else named


# How it changed.


def _what(moved: Moved) -> str:
    if moved.kind == "level":
        return f"{_level_name(moved.plan)} {_change(moved, moved.plan.unit)}"
    if moved.kind == "shape":
        return _shape(moved)
    return _rate(moved)


def _rate(moved: Moved) -> str:
    unit = _unit(moved.plan)
    before, after = per_second(moved.before, unit), per_second(moved.after, unit)
    mark = "~" if moved.is_scaled else ""
    if moved.is_new:
        return f"new, {mark}{after}"
    if moved.is_gone:
        return f"gone, was {mark}{before}"
    between = f"({mark}{before} → {mark}{after})"
    if unit in _TIMES:
        difference = moved.after - moved.before
        sign = "+" if difference > 0 else "-"
        return f"{sign}{per_second(abs(difference), unit)} {between}"
    return f"{_ratio(moved, 'much' if moved.plan.aggregation == 'sum' else 'many')} {between}"


def _ratio(moved: Moved, many: str) -> str:
    ratio = moved.after / moved.before
    if ratio >= _TIMES_FROM:
        return f"{_number(ratio)} times as {many}"
    if ratio <= 1 / _TIMES_FROM:
        return f"down to 1/{_number(1 / ratio)}"
    return f"{100 * (ratio - 1):+.0f} %"


def _number(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 9.95 or abs(ratio - round(ratio)) < 0.05 else f"{ratio:.1f}"


def _unit(plan: MapPlan) -> str:
    """The unit of the amounts: only a sum has that of its values."""
    return plan.unit if plan.aggregation == "sum" else ""


def per_second(value: float, unit: str) -> str:
    """A rate in words: `2.1/s`, `380 ms/s`, `4.1 MiB/s`."""
    text = amount(value, unit)
    found = _TIME.fullmatch(text)
    return f"{found[1]} {found[2]}/s" if found else f"{text}/s"


def _level_name(plan: MapPlan) -> str:
    return {"avg": "average", "stats": "average", "min": "minimum", "max": "maximum"}.get(plan.aggregation, "value")


def _change(moved: Moved, unit: str) -> str:
    return f"{amount(moved.before, unit)} → {amount(moved.after, unit)}"


def _shape(moved: Moved) -> str:
    found = []
    for share in (50, 99):
        before, after = (
            numbers.quantile_text(quantile(one, share / 100, scale_of(moved.plan.aggregation)), moved.plan.unit)
            for one in (moved.buckets_before, moved.buckets_after)
        )
        if before != after:
            found.append(f"p{share} {before} → {after}")
    if not found:
        found.append(f"{100 * moved.distance:.0f} % of the values moved to other buckets, p50 and p99 stay")
    ratio = moved.after / moved.before if moved.before else 0.0
    if ratio >= _TIMES_FROM or 0 < ratio <= 1 / _TIMES_FROM:
        found.append(_ratio(moved, "many"))
    return "; ".join(found)


# The whole comparison.


def head_lines(changes: Changes, labels: Labels) -> Iterator[str]:
    """What was compared, and how long each."""
    yield f"before  {span_text(changes.before, labels)}"
    yield f"after   {span_text(changes.after, labels)}"


def span_text(period: Period, labels: Labels) -> str:
    """A period in words: its name, its times, the observed time and where it is from."""
    times = f"{clock(period.begin)[11:]} to {clock(period.end)[11:]}"
    file = f", {visible(labels.names.alias('path', period.file))}" if period.file else ""
    host = visible(labels.names.alias("host", period.host))
    return f"{visible(period.label)}, {times} ({_seconds(period)}), {host}{file}"


def _seconds(period: Period) -> str:
    return numbers.duration(round(period.seconds, 1))


def foot_lines(changes: Changes, labels: Labels) -> Iterator[str]:
    """What is not told, with its number, and what was not compared."""
    if not changes.moved:
        yield "Nothing changed beyond chance." if changes.compared else "There was nothing to compare."
    for name, count in changes.further.items():
        yield f"{visible(labels.names.text(name))}: {count:,} more changed"
    counts = f"{changes.compared:,} rows compared, {changes.by_chance:,} of them within chance"
    small = f"; {changes.small:,} changed by less than a tenth" if changes.small else ""
    yield f"{counts}{small}. Rows are without process ids, stacks by their innermost function."
    yield from note_lines(changes, labels)


def note_lines(changes: Changes, labels: Labels) -> Iterator[str]:
    """What was not compared, or only in part, and why."""
    for index, why in changes.unmatched.items():
        yield visible(labels.names.text(f"{changes.after.programs[index].name} is not compared: {why}"))
    yield from (visible(labels.names.text(note)) for note in changes.notes)
