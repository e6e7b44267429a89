"""The totals of a whole run as plain text: the largest rows of each map, and what is missing from them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from bttop.model.flush.contents import MapData
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.format import numbers
from bttop.model.format.json_text import json_text
from bttop.model.format.names import Decoder
from bttop.model.format.text import visible
from bttop.model.record.records import Stats
from bttop.store.compare.total_rows import TotalRows
from bttop.store.compare.totals import MapTotals, StretchTotals
from bttop.store.flush_json import plain
from bttop.store.labels import amount

_INDENT: Final = "  "
_LOSSES: Final = {
    "lost_events": "lost events",
    "skipped": "skipped events",
    "lost_updates": "lost updates",
    "map_full": "events without room in a full map",
    "lost_messages": "lost messages",
    "late": "inexact flushes",
    "dropped": "records not kept",
    "undecodable": "lines that could not be read",
    "oversized": "lines that were too long",
    "helper_errors": "errors of BPF helpers",
}
"""Counts of a run that mean that something is missing, in words."""
MOST_LINES: Final = 1000
"""Number of newest lines that are kept of a script's printed text."""
STATE: Final = "last value, not a sum"


class RunTotal(Struct):
    """One program over its whole run."""

    name: str
    order: tuple[str, ...] = ()
    """Its maps in the order of front matter or of the script, by the newest flush."""
    totals: StretchTotals = field(default_factory=StretchTotals)
    seconds: float = 0.0
    generations: set[int] = field(default_factory=set)
    """The starts of bpftrace that have counted."""
    caveats: Counter[str] = field(default_factory=Counter)
    """Number of flushes with each caveat."""
    badges: dict[str, None] = field(default_factory=dict)
    """The badges of the program, in order."""
    printed: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_LINES))
    """The last lines that the script printed itself."""
    printed_lines: int = 0
    plain_averages: set[str] = field(default_factory=set)
    """Maps whose averages were printed without their counts."""
    missing: list[str] = field(default_factory=list)
    """Sentences about what is in no flush."""

    def add(self, flush: Flush, badges: Sequence[str]) -> None:
        """Add the next flush of the program."""
        self.totals.add(flush)
        self.order = tuple(flush.origin.plan.maps)
        self.seconds += flush.seconds
        self.generations.add(flush.generation)
        self.caveats.update(caveat.value for caveat in flush.caveats)
        self.badges.update(dict.fromkeys(badges))
        self.plain_averages.update(name for name, data in flush.maps.items() if _has_plain_averages(data))
        for record in flush.printed:
            text = record.data if isinstance(record.data, str) else json_text(plain(record.data))
            lines = [line for line in text.split("\n") if line.strip()]
            self.printed_lines += len(lines)
            self.printed.extend(lines)


def _has_plain_averages(data: MapData) -> bool:
    is_sum = data.plan.aggregation == "avg" and not data.plan.is_state
    return is_sum and not all(isinstance(value, Stats) for value in data.rows.values())


def total_lines(
    run: RunTotal, losses: LossCounts, most: int, width: int, decoders: Mapping[str, Decoder]
) -> Iterator[str]:
    """The table of one program: at most `most` rows of each map, drawn for `width` columns; below it what is missing.
    `losses` counts those of the whole run."""
    flushes = run.totals.flushes
    yield f"{visible(run.name)}  {numbers.duration(run.seconds)}, {flushes:,} flush{'' if flushes == 1 else 'es'}"
    for name in run.totals.shown(run.order):
        totals = run.totals.maps[name]
        yield f"{_INDENT}{_head(name, totals, most)}"
        rows = TotalRows(totals, most, width - 2 * len(_INDENT), decoders)
        yield from (f"{_INDENT * 2}{line}" for line in rows.lines())
    yield from _printed(run, most)
    yield from (f"{_INDENT}! {note}" for note in _notes(run, losses))


def _head(name: str, totals: MapTotals, most: int) -> str:
    plan = totals.plan
    title = f"{visible(plan.title)} " if plan.title else ""
    words = [f"{title}{visible(name)}"]
    if totals.plan.is_state:
        words.append(STATE)
    elif totals.is_additive and totals.rows:
        words.append(_sum(totals))
    if not totals.rows:
        words.append("nothing was counted")
    elif len(totals.rows) > most:
        words.append(f"the {most} largest of {len(totals.rows):,} rows")
    return ", ".join(words)


def _sum(totals: MapTotals) -> str:
    kind = totals.plan.aggregation
    if kind == "sum":
        return f"sum {totals.mark}{amount(totals.amount, totals.plan.unit)}"
    count = f"{totals.mark}{numbers.whole(totals.amount)}"
    return f"count {count}" if kind == "count" else f"{kind} of {count} values"


def _printed(run: RunTotal, most: int) -> Iterator[str]:
    if not run.printed_lines:
        return
    shown = list(run.printed)[-most:]
    of = f", the last {len(shown)} of {run.printed_lines:,} lines" if len(shown) < run.printed_lines else ""
    yield f"{_INDENT}printed{of}"
    yield from (f"{_INDENT * 2}{visible(line)}" for line in shown)


def _notes(run: RunTotal, losses: LossCounts) -> Iterator[str]:
    yield from run.missing
    if len(run.generations) > 1:
        yield f"bpftrace was started {len(run.generations)} times: what happened between two starts may be missing"
    for name, words in _LOSSES.items():
        if count := getattr(losses, name):
            yield f"{count:,} {words}"
    for caveat, count in sorted(run.caveats.items()):
        yield f"{caveat}: {count:,} of {run.totals.flushes:,} flushes"
    yield from (visible(badge) for badge in run.badges)
    for name in sorted(run.plain_averages):
        yield f"{visible(name)}: the script prints no counts: these are means of the averages that it printed"
    for name, totals in run.totals.maps.items():
        if totals.let_go:
            rest = numbers.whole(totals.let_go_amount)
            yield f"{visible(name)}: {totals.let_go:,} keys with the smallest amounts were left out, {rest} in all"
        if totals.is_mixed:
            yield f"{visible(name)}: the script changed the kind of this map; only the newest kind is shown"
