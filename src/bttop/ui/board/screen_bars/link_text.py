"""The connections to other hosts, in the header."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.engine.remote.link import Link
from bttop.model.format import numbers
from bttop.model.format.text import first_names, visible
from bttop.ui.render.spans import Span

_NOTABLE_NS = 100_000_000
"""A clock that differs by more is shown."""


def links_span(links: Sequence[Link]) -> Span:
    """The connection to one host; of several the number and the names of those that are lost, else the longest round
    trip and the largest notable offset of a clock."""
    if len(links) == 1:
        return link_span(links[0])
    lost = [link for link in links if link.state.lost]
    silent = [link for link in links if link.state.unheard]
    if lost:
        return Span(f"{len(lost)} of {len(links)} {_what(lost)}: {_named(lost)}  ", "error")
    if silent:
        return Span(f"{len(silent)} of {len(links)} silent: {_named(silent)}  ", "warn")
    slowest = max(links, key=lambda link: link.clock.round_trip_ns or 0)
    trip = slowest.clock.round_trip_ns
    text = "" if trip is None else f"rtt up to {numbers.duration(trip / 1e9)}"
    other = max(links, key=lambda link: abs(link.clock.wall_offset_ns))
    offset = _offset(other)
    return Span(f"{text}{offset}{f' {visible(other.name)}' if offset else ''}  " if text else "", "header")


def _what(lost: Sequence[Link]) -> str:
    """What has happened to all of these hosts."""
    if all(link.state.is_new for link in lost):
        return "refused" if all(link.state.is_final for link in lost) else "not reached"
    return "missing" if any(link.state.is_new for link in lost) else "lost"


def _named(links: Sequence[Link]) -> str:
    """The name of one host and the reason; of several some names, and how many more there are."""
    if len(links) == 1:
        (link,) = links
        return ", ".join([visible(link.name), *([visible(link.state.lost)] if link.state.lost else [])])
    return first_names([visible(link.name) for link in links])


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
