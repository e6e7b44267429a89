"""The page of a program's state, which explains its badges."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from bttop.engine.cost.cost import UNKNOWN
from bttop.engine.generation.source import Source
from bttop.engine.program.status import ProgramState, Status
from bttop.model.flush.caveat_words import CAVEAT_TEXTS
from bttop.model.flush.contents import MapData
from bttop.model.format.numbers import quantile_text
from bttop.model.format.text import counted, visible
from bttop.model.record.values import histogram
from bttop.ui.board.frame.costs import COST_TEXT, blindness, cost_pairs
from bttop.ui.board.frame.pin_text import pin_text
from bttop.ui.board.frame.script_text import script_lines
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_frame import STATE_WORDS
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import folded
from bttop.ui.views.histogram_heading import SHARES, percentile


def state_lines(model: PaneModel, cells: int, ended: str = "") -> list[Line]:
    """What runs, its state and its cost, and what each badge means. `ended` says when the pinned process ended."""
    return [
        *_described(model, cells),
        (),
        *_state(model, cells),
        *_what_runs(model, ended),
        *_flushes(model),
        *(_pair(name, text, role) for name, text, role in cost_pairs(model)),
        *_tally(model),
        *_if_exact(model, cells),
        *_badges(model, cells),
        *_earlier(model, cells),
        *_estimates(model, cells),
        *(line for hint in model.status.hints for line in ((), *_paragraph(hint, "badge", cells))),
        (),
        *_paragraph(COST_TEXT, "dim", cells),
        *_complaint(model.status, cells),
        *script_lines(model, cells),
    ]


def _described(model: PaneModel, cells: int) -> list[Line]:
    """The title and the help of the script."""
    front = model.page.sources[0].front if model.page.sources else None
    return [] if front is None else [*_paragraph(front.title, "sorted", cells), *_paragraph(front.help, "text", cells)]


def _state(model: PaneModel, cells: int) -> Iterator[Line]:
    """The state with its reason, folded if it is long."""
    word, role = STATE_WORDS.get(model.status.state, ("live", "good"))
    reason = folded(visible(model.status.reason), max(20, cells - 22))
    yield _pair("state", f"{word}  {reason[0] if len(reason) == 1 else ''}", role)
    yield from (_pair("", piece, role) for piece in reason if len(reason) > 1)


def _what_runs(model: PaneModel, ended: str) -> Iterator[Line]:
    """The script, its parameters, its pin, its hosts and its interval."""
    yield _pair("runs", _runs(model.status))
    if given := _parameters(model.page.sources):
        yield _pair("parameters", given)
    yield from _pin(model, ended)
    yield from _hosts(model)
    yield _pair("interval", _intervals(model))


def _flushes(model: PaneModel) -> Iterator[Line]:
    """The processes that are not counted, the last flush, and how many are kept."""
    if model.status.itself:
        yield _pair("bttop itself", model.status.itself)
    if model.flush is not None:
        history = model.program.history
        yield _pair("last flush", f"number {model.flush.number}, {model.flush.seconds:.4f} s long")
        gone = f", {history.dropped:,} older ones are not kept" if history.dropped else ""
        yield _pair("history", f"{counted(len(history), 'flush', 'flushes')}{gone}")


def _if_exact(model: PaneModel, cells: int) -> list[Line]:
    """A sentence that says that every number is exact; nothing if one is not."""
    is_whole = model.flush is None or not model.flush.coverage
    has_caveats = bool(model.status.badges or model.caveats() or _tally(model))
    if model.status.state is not ProgramState.LIVE or not is_whole or has_caveats:
        return []
    exact = "No caveats: every number here is exact for its interval"
    but = ", except for percentiles." if any(_histograms(model)) else "."
    return [(), *_paragraph(exact + but, "good", cells)]


def _badges(model: PaneModel, cells: int) -> Iterator[Line]:
    """Each badge with what it means."""
    explained = [(visible(badge.text), badge.why) for badge in model.status.badges]
    if blind := blindness(model):
        explained.append((UNKNOWN, f"{blind[0].upper()}{blind[1:]}"))
    texts = {badge.text for badge in model.status.badges}
    explained += [(words, CAVEAT_TEXTS[caveat]) for caveat, words in model.caveats() if words not in texts]
    for text, why in explained:
        yield from ((), (Span(f" {text}", "badge"),), *_paragraph(why, "text", cells))


def _complaint(status: Status, cells: int) -> Iterator[Line]:
    """bpftrace's message about the script, if there is one."""
    if status.complaint is not None:
        yield from ((), (Span(f" {visible(status.complaint.title)}", "error"),))
        for text in status.complaint.lines:
            yield from ((Span(piece, "warn"),) for piece in folded(f" {visible(text)}", cells))


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
