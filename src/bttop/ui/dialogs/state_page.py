"""The page of a program's state, which explains its badges."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from bttop.engine.cost.cost import UNKNOWN
from bttop.engine.generation.candidates import Source
from bttop.engine.program.status import ProgramState, Status
from bttop.model.flush.caveat_words import CAVEAT_TEXTS
from bttop.model.flush.contents import MapData
from bttop.model.format.numbers import quantile_text
from bttop.model.format.text import counted, visible
from bttop.model.record.values import histogram
from bttop.ui.board.frame.costs import COST_TEXT, blindness, cost_pairs
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.board.frame.script_text import script_lines
from bttop.ui.board.pane_data.pane_model import WORDS, PaneModel
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded
from bttop.ui.views.histogram_heading import SHARES, percentile


def state_lines(model: PaneModel, cells: int, ended: str = "") -> list[Line]:
    """What runs, its state and its cost, and what each badge means. `ended` says when the pinned process ended."""
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
    lines.append(_pair("runs", _runs(status)))
    if given := _parameters(sources):
        lines.append(_pair("parameters", given))
    lines += _pin(model, ended)
    lines += _hosts(model)
    lines.append(_pair("interval", _intervals(model)))
    if status.itself:
        lines.append(_pair("bttop itself", status.itself))
    if model.flush is not None:
        lines.append(_pair("last flush", f"number {model.flush.number}, {model.flush.seconds:.4f} s long"))
        gone = f", {history.dropped:,} older ones are not kept" if history.dropped else ""
        lines.append(_pair("history", f"{counted(len(history), 'flush', 'flushes')}{gone}"))
    lines += [_pair(name, text, role) for name, text, role in cost_pairs(model)]
    lines += _tally(model)
    is_whole = model.flush is None or not model.flush.coverage
    has_caveats = bool(status.badges or model.caveats() or _tally(model))
    if status.state is ProgramState.LIVE and is_whole and not has_caveats:
        exact = "No caveats: every number here is exact for its interval"
        but = ", except for percentiles." if any(_histograms(model)) else "."
        lines += [(), *_paragraph(exact + but, "good", cells)]
    for badge in status.badges:
        lines += [(), (Span(f" {visible(badge.text)}", "badge"),), *_paragraph(badge.why, "text", cells)]
    if blind := blindness(model):
        lines += [(), (Span(f" {UNKNOWN}", "badge"),), *_paragraph(f"{blind[0].upper()}{blind[1:]}", "text", cells)]
    explained = {badge.text for badge in status.badges}
    for caveat, words in model.caveats():
        if words not in explained:
            lines += [(), (Span(f" {words}", "badge"),), *_paragraph(CAVEAT_TEXTS[caveat], "text", cells)]
    lines += _earlier(model, cells)
    lines += _estimates(model, cells)
    for hint in status.hints:
        lines += [(), *_paragraph(hint, "badge", cells)]
    lines += [(), *_paragraph(COST_TEXT, "dim", cells)]
    if status.complaint is not None:
        lines += [(), (Span(f" {visible(status.complaint.title)}", "error"),)]
        lines += [
            (Span(piece, "warn"),) for text in status.complaint.lines for piece in folded(f" {visible(text)}", cells)
        ]
    return [*lines, *script_lines(model, cells)]


def _runs(status: Status) -> str:
    """The script that runs, its start and its number of probes."""
    if not status.source:
        return "nothing yet"
    probes = f", {counted(status.probes, 'probe')}" if status.probes else ""
    return f"{status.source}, start {status.generation}{probes}"


def _pin(model: PaneModel, ended: str) -> Iterator[Line]:
    """The pin, and when its process ended."""
    if model.page.pin is not None:
        yield _pair("pin", pin_text(model.page.pin))
    if ended:
        yield _pair("", f"{ended.partition(': ')[0]}; the pane keeps the flush before that; u unpins", "warn")


def _hosts(model: PaneModel) -> Iterator[Line]:
    """Each of several hosts, and what the flush on show covers."""
    if model.host_views is None:
        return
    from bttop.ui.board.frame.host_lines import host_pairs

    for pair in host_pairs(model.host_views):
        yield _pair(*pair)
    if model.flush is not None and model.flush.coverage:
        yield _pair("last flush", model.flush.coverage, "warn")


def _parameters(sources: Sequence[Source]) -> str:
    """The parameters that the script got, as a shell would split them; empty if none."""
    return shlex.join(sources[0].args) if sources else ""


def _intervals(model: PaneModel) -> str:
    """The length of the interval; of each of them if the script has several."""
    periods = dict.fromkeys(model.page.plan.periods.values()) or {model.status.interval_ns: None}
    return ", ".join(f"{period / 1e9:g} s" if period else "unknown" for period in periods)


def _histograms(model: PaneModel) -> Iterator[MapData]:
    if model.flush is not None:
        yield from (data for data in model.flush.maps.values() if data.plan.aggregation in ("hist", "lhist"))


def _estimates(model: PaneModel, cells: int) -> list[Line]:
    """What is known of percentiles: a histogram has only the bucket of a value."""
    lines: list[Line] = []
    for data in _histograms(model):
        weights = {key: sum(bucket.count for bucket in histogram(value)) for key, value in data.rows.items()}
        if not any(weights.values()):
            continue
        key = max(weights, key=lambda one: weights[one])
        of_row = f" (here of {key}, the largest row)" if key else ""
        shares = [(share, percentile(histogram(data.rows[key]), share, data.plan)) for share in SHARES]
        found = [f"p{share} {quantile_text(one, data.plan.unit)}" for share, one in shares]
        text = f"{data.plan.title or data.plan.name}: a percentile{of_row} is known as the range of its bucket: "
        lines += [(), (Span(" percentiles", "badge"),), *_paragraph(f"{text}{', '.join(found)}.", "text", cells)]
    return lines


def _tally(model: PaneModel) -> list[Line]:
    return [_pair(name, f"{count:,}", "warn") for name, count in _counts(model).items()]


def _counts(model: PaneModel) -> dict[str, int]:
    """How often each problem has occurred since the start; only those that have."""
    tally = model.program.tally
    counts = {
        "lost ticks": tally.lost_ticks, "lost messages": tally.lost_messages, "lost events": tally.lost_events,
        "skipped events": tally.skipped,
        "inexact flushes": tally.late, "not kept": tally.dropped, "helper errors": tally.helper_errors,
        "lost updates": tally.lost_updates, "map full": tally.map_full, "unreadable lines": tally.undecodable,
        "oversized lines": tally.oversized, "unplanned starts": model.status.restarts,
    }  # fmt: skip
    return {name: count for name, count in counts.items() if count}


def _earlier(model: PaneModel, cells: int) -> list[Line]:
    """What the counted caveats mean that the flush on show does not have."""
    shown = {caveat for caveat, _ in model.caveats()}
    lines: list[Line] = []
    for name in _counts(model):
        if name in CAVEAT_TEXTS and name not in shown:
            heading = Span(f" {name}, in earlier flushes", "badge")
            lines += [(), (heading,), *_paragraph(CAVEAT_TEXTS[name], "text", cells)]
    return lines


def _pair(name: str, text: str, role: str = "number") -> Line:
    return (Span(f" {name:>17}  ", "heading"), Span(visible(text), role))


def _paragraph(text: str, role: str, cells: int) -> list[Line]:
    return [(Span(f" {piece}", role),) for piece in folded(visible(text), max(20, cells - 2), indent="")]
