"""The page of a program's state, which explains its badges."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.cost.cost import UNKNOWN
from bttop.engine.program.status import ProgramState
from bttop.model.flush.caveat_words import CAVEAT_TEXTS
from bttop.model.flush.contents import MapData
from bttop.model.format.text import visible
from bttop.model.record.values import histogram
from bttop.ui.board.costs import COST_TEXT, blindness, cost_pairs
from bttop.ui.board.pane_model import WORDS, PaneModel
from bttop.ui.board.script_text import script_lines
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded, width
from bttop.ui.views.histogram import SHARES, within_text


def state_lines(model: PaneModel, cells: int) -> list[Line]:
    """What runs, its state and its cost, and what each badge means."""
    status, history = model.status, model.program.history
    word = WORDS.get(status.state, ("live", "good"))
    sources = model.page.sources
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
    if model.flush is not None:
        lines.append(_pair("last flush", f"number {model.flush.number}, {model.flush.seconds:.4f} s long"))
        gone = f", {history.dropped:,} older ones are not kept" if history.dropped else ""
        lines.append(_pair("history", f"{len(history):,} flushes{gone}"))
    lines += [_pair(name, text, role) for name, text, role in cost_pairs(model)]
    lines += _tally(model)
    if status.state is ProgramState.LIVE and not status.badges and not model.caveats() and not _tally(model):
        exact = "No caveats: every number here is exact for its interval"
        but = ", except for percentiles." if any(_histograms(model)) else "."
        lines += [(), *_paragraph(exact + but, "good", cells)]
    for badge in status.badges:
        lines += [(), (Span(f" {visible(badge.text)}", "badge"),), *_paragraph(badge.why, "text", cells)]
    if blind := blindness(model):
        lines += [(), (Span(f" {UNKNOWN}", "badge"),), *_paragraph(f"{blind[0].upper()}{blind[1:]}", "text", cells)]
    for caveat, words in model.caveats():
        lines += [(), (Span(f" {words}", "badge"),), *_paragraph(CAVEAT_TEXTS[caveat], "text", cells)]
    lines += _estimates(model, cells)
    lines += [(), *_paragraph(COST_TEXT, "dim", cells)]
    if status.complaint is not None:
        lines += [(), (Span(f" {visible(status.complaint.title)}", "error"),)]
        lines += [
            (Span(piece, "warn"),) for text in status.complaint.lines for piece in folded(f" {visible(text)}", cells)
        ]
    return [*lines, *script_lines(model, cells)]


def _histograms(model: PaneModel) -> Iterator[MapData]:
    if model.flush is not None:
        yield from (data for data in model.flush.maps.values() if data.plan.aggregation in ("hist", "lhist"))


def _estimates(model: PaneModel, cells: int) -> list[Line]:
    """The possible error of percentiles: a histogram has only the bucket of a value."""
    lines: list[Line] = []
    for data in _histograms(model):
        weights = {key: sum(bucket.count for bucket in histogram(value)) for key, value in data.rows.items()}
        if not any(weights.values()):
            continue
        key = max(weights, key=lambda one: weights[one])
        of_row = f" (here of {key}, the largest row)" if key else ""
        found = (within_text(histogram(data.rows[key]), share, data.plan) for share in SHARES)
        text = f"{data.plan.title or data.plan.name}: a percentile{of_row} is an estimate within its bucket: "
        lines += [(), (Span(" percentiles", "badge"),), *_paragraph(f"{text}{', '.join(found)}.", "text", cells)]
    return lines


def _tally(model: PaneModel) -> list[Line]:
    tally = model.program.tally
    counted = {
        "lost ticks": tally.lost_ticks, "lost messages": tally.lost_messages, "lost events": tally.lost_events,
        "skipped events": tally.skipped,
        "inexact flushes": tally.late, "not kept": tally.dropped, "helper errors": tally.helper_errors,
        "lost updates": tally.lost_updates, "map full": tally.map_full, "unreadable lines": tally.undecodable,
        "oversized lines": tally.oversized, "unplanned starts": model.status.restarts,
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
