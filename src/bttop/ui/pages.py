"""What stands on the sheets: the key map, and a program's state with its badges explained."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.cost import UNKNOWN
from bttop.engine.status import State
from bttop.model.doubts import DOUBT_TEXTS
from bttop.model.flush import MapData
from bttop.model.text import visible
from bttop.model.values import histogram
from bttop.ui.costs import COST_TEXT, blindness, cost_pairs
from bttop.ui.keys import COMMANDS
from bttop.ui.scripttext import script_lines
from bttop.ui.spans import Line, Span, fit
from bttop.ui.subject import WORDS, Feed
from bttop.ui.text import folded, width
from bttop.ui.views.histogram import SHARES, within_text

GROUPS = ("Panes", "Rows", "Time", "Programs", "Screen")


def help_lines(cells: int) -> list[Line]:
    """Every command with its keys, in two columns where there is room."""
    blocks = [_group(group) for group in GROUPS]
    if cells < 100:
        return [line for block in blocks for line in (*block, ())]
    half = len(blocks) // 2
    left_lines = [line for block in blocks[:half] for line in (*block, ())]
    right_lines = [line for block in blocks[half:] for line in (*block, ())]
    rows = max(len(left_lines), len(right_lines))
    left_lines += [()] * (rows - len(left_lines))
    right_lines += [()] * (rows - len(right_lines))
    column = cells // 2
    return [(*fit(one, column), *other) for one, other in zip(left_lines, right_lines, strict=True)]


def _group(group: str) -> list[Line]:
    lines: list[Line] = [(Span(f" {group}", "sorted"),)]
    shown = [command for command in COMMANDS if command.group == group and not command.name.startswith("pane-")]
    if group == "Panes":
        lines.append((Span("   1 … 9".ljust(16), "key"), Span("Focus a pane")))
    lines += [(Span(f"   {command.label}".ljust(16), "key"), Span(command.title)) for command in shown]
    if group == "Rows":
        lines.append((Span("   mouse".ljust(16), "key"), Span("click selects, heading sorts, double click opens")))
    return lines


def badge_lines(feed: Feed, cells: int) -> list[Line]:
    """What runs, how it is, and what each badge means."""
    status, history = feed.status, feed.program.history
    word = WORDS.get(status.state, ("live", "good"))
    sources = feed.page.sources
    front = sources[0].front if sources else None
    lines: list[Line] = []
    if front is not None:
        lines += _paragraph(front.title, "sorted", cells) + _paragraph(front.help, "text", cells)
    lines.append(())
    reason = folded(visible(status.reason), max(20, cells - 22))
    lines.append(_pair("state", f"{word[0]}  {reason[0] if len(reason) == 1 else ''}", word[1]))
    lines += [_pair("", piece, word[1]) for piece in reason if len(reason) > 1]
    probes = f", {status.probes} probes" if status.probes else ""
    lines.append(_pair("runs", f"{status.source}, start {status.generation}{probes}"))
    lines.append(_pair("interval", f"{status.interval_ns / 1e9:g} s"))
    if status.itself:
        lines.append(_pair("bttop itself", status.itself))
    if feed.flush is not None:
        lines.append(_pair("last flush", f"number {feed.flush.number}, {feed.flush.seconds:.4f} s long"))
        gone = f", {history.dropped:,} older ones are not kept" if history.dropped else ""
        lines.append(_pair("history", f"{len(history):,} flushes{gone}"))
    lines += [_pair(name, text, role) for name, text, role in cost_pairs(feed)]
    lines += _tally(feed)
    if status.state is State.LIVE and not status.badges and not feed.doubts() and not _tally(feed):
        exact = "No caveats: every number here is exact for its interval"
        but = ", except for percentiles." if any(_histograms(feed)) else "."
        lines += [(), *_paragraph(exact + but, "good", cells)]
    for badge in status.badges:
        lines += [(), (Span(f" {visible(badge.text)}", "badge"),), *_paragraph(badge.why, "text", cells)]
    if blind := blindness(feed):
        lines += [(), (Span(f" {UNKNOWN}", "badge"),), *_paragraph(f"{blind[0].upper()}{blind[1:]}", "text", cells)]
    for doubt, words in feed.doubts():
        lines += [(), (Span(f" {words}", "badge"),), *_paragraph(DOUBT_TEXTS[doubt], "text", cells)]
    lines += _estimates(feed, cells)
    lines += [(), *_paragraph(COST_TEXT, "dim", cells)]
    if status.complaint is not None:
        lines += [(), (Span(f" {visible(status.complaint.title)}", "error"),)]
        lines += [
            (Span(piece, "warn"),) for text in status.complaint.lines for piece in folded(f" {visible(text)}", cells)
        ]
    return [*lines, *script_lines(feed, cells)]


def _histograms(feed: Feed) -> Iterator[MapData]:
    if feed.flush is not None:
        yield from (data for data in feed.flush.maps.values() if data.plan.aggregation in ("hist", "lhist"))


def _estimates(feed: Feed, cells: int) -> list[Line]:
    """How far percentiles may be off: a histogram tells the bucket of a value, not the value."""
    lines: list[Line] = []
    for data in _histograms(feed):
        weights = {key: sum(bucket.count for bucket in histogram(value)) for key, value in data.rows.items()}
        if not any(weights.values()):
            continue
        key = max(weights, key=lambda one: weights[one])
        of_row = f" (here of {key}, the largest row)" if key else ""
        found = (within_text(histogram(data.rows[key]), share, data.plan) for share in SHARES)
        text = f"{data.plan.title or data.plan.name}: a percentile{of_row} is an estimate within its bucket: "
        lines += [(), (Span(" percentiles", "badge"),), *_paragraph(f"{text}{', '.join(found)}.", "text", cells)]
    return lines


def _tally(feed: Feed) -> list[Line]:
    tally = feed.program.tally
    counted = {
        "lost ticks": tally.lost_ticks, "lost messages": tally.lost_messages, "lost events": tally.lost_events,
        "skipped events": tally.skipped,
        "inexact flushes": tally.late, "not kept": tally.dropped, "helper errors": tally.helper_errors,
        "lost updates": tally.lost_updates, "map full": tally.map_full, "unreadable lines": tally.undecodable,
        "oversized lines": tally.oversized, "unplanned starts": feed.status.restarts,
    }  # fmt: skip
    return [_pair(name, f"{count:,}", "warn") for name, count in counted.items() if count]


def _pair(name: str, text: str, role: str = "number") -> Line:
    return (Span(f" {name:>17}  ", "heading"), Span(visible(text), role))


def _paragraph(text: str, role: str, cells: int) -> list[Line]:
    lines: list[Line] = []
    line = ""
    for word in visible(text).split(" "):
        if line and width(line) + 1 + width(word) > max(20, cells - 2):
            lines.append((Span(f" {line}", role),))
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, (Span(f" {line}", role),)]
