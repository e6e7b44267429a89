"""The hosts of a program, for its state page."""

from __future__ import annotations

from collections.abc import Iterator

from bttop.engine.program.status import ProgramState
from bttop.engine.remote.link import Link, LinkState
from bttop.engine.session import HostAbout, HostViews
from bttop.model.format import numbers


def host_pairs(views: HostViews) -> Iterator[tuple[str, str, str]]:
    """For each host its name, what is known of it, and the role."""
    for one in views.about():
        yield one.host, ", ".join(_facts(one)), _role(one)


def _facts(one: HostAbout) -> Iterator[str]:
    """The state of the program, the round trip, and the clock."""
    if one.is_out:
        yield "not asked: the pin is on another host"
    elif one.link is not None and one.link.state.lost:
        yield _lost(one.link.state)
    else:
        yield "never started" if one.status is None else str(one.status.state)
    if one.link is not None and one.link.clock.is_known:
        yield from _clock(one.link)


def _lost(state: LinkState) -> str:
    """Why the host is missing, and whether it is tried again."""
    if not state.is_new:
        return f"lost: {state.lost}"
    return f"cannot be traced: {state.lost}" if state.is_final else f"not reached: {state.lost}; it is tried again"


def _clock(link: Link) -> Iterator[str]:
    clock = link.clock
    if clock.round_trip_ns is not None:
        yield f"round trip {numbers.duration(clock.round_trip_ns / 1e9)}"
    offset, error = clock.wall_offset_ns / 1e9, clock.error_ns / 1e9
    sign = "-" if offset < 0 else "+"
    yield f"clock {sign}{numbers.duration(abs(offset))} (±{numbers.duration(error)})"


def _role(one: HostAbout) -> str:
    if one.is_out:
        return "dim"
    is_live = one.status is not None and one.status.state is ProgramState.LIVE
    is_lost = one.link is not None and bool(one.link.state.lost)
    return "number" if is_live and not is_lost else "warn"
