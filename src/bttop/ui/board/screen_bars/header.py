"""The header's line, made from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bttop.model.format.text import visible
from bttop.ui.render.spans import Line, Span, fit, line_width


def host_spans(name: str, page: str, pin: Span) -> list[Span]:
    """The left end: the host, the page on show (empty for the first) and the pin."""
    shown = Span(f" {visible(page)} ", "match") if page else Span(" ", "header")
    return [Span(f" {visible(name)} ", "header-strong"), shown, pin]


def facts_spans(kernel: str, release: object = "") -> list[Span]:
    """The kernel, and the release of bpftrace once it is known."""
    facts = [visible(kernel), *([f"bpftrace {release}"] if release else [])]
    return [Span(f"  {fact}", "header") for fact in facts]


def live_span(live: int, programs: int) -> Span:
    """How many programs are live."""
    return Span(f"{live} of {programs} live", "good" if live == programs else "warn")


def time_span(interval: float) -> Span:
    """The interval in seconds, and the time of day."""
    return Span(f"  every {interval:g} s  {datetime.now().astimezone():%H:%M:%S} ", "header")


def fitting(spans: Iterable[Span], room: int) -> list[Span]:
    """As many of the spans as fit into `room` cells, the first ones first; none of them is cut."""
    found: list[Span] = []
    for span in spans:
        if line_width((*found, span)) <= room:
            found.append(span)
    return found


def joined_header(
    left: Sequence[Span], middle: Callable[[int], Iterable[Span]], right: Sequence[Span], cells: int
) -> Line:
    """The whole line. `middle` returns what fits into a number of cells; `fitting` chooses it."""
    room = max(0, cells - line_width(tuple(right)) - 1)
    found = [*left, *middle(room - line_width(tuple(left)))]
    return (*fit(found, room), Span(" "), *right)
