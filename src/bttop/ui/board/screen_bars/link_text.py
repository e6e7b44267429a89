"""The connection to another host, in the header."""

from __future__ import annotations

from bttop.engine.remote.link import Link
from bttop.model.format import numbers
from bttop.model.format.text import visible
from bttop.ui.render.spans import Span

_NOTABLE_NS = 100_000_000
"""A clock that differs by more is shown."""


def link_span(link: Link) -> Span:
    """The round trip and a notable offset of the clock; or why nothing arrives."""
    state = link.state
    if state.lost:
        return Span(f"lost: {visible(state.lost)}; reconnecting  ", "error")
    if state.unheard:
        return Span(f"no answer for {state.unheard} s  ", "warn")
    trip = link.clock.round_trip_ns
    text = "" if trip is None else f"rtt {numbers.duration(trip / 1e9)}"
    return Span(f"{text}{_offset(link)}  " if text else "", "header")


def _offset(link: Link) -> str:
    offset = link.clock.wall_offset_ns
    if abs(offset) < max(_NOTABLE_NS, link.clock.error_ns):
        return ""
    return f", clock {'+' if offset > 0 else '-'}{numbers.duration(abs(offset) / 1e9)}"
