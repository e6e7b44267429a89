"""The tracepoints of this kernel that could replace the probes of a script on kernel functions."""

from __future__ import annotations

from bttop.engine.host.host import Host
from bttop.script.language.reader import AttachPoint, Script, Unreadable
from bttop.script.library.tracepoint_hints import StableHint, in_words, stable_hints


def hints_of(script: Script | Unreadable, host: Host) -> tuple[str, ...]:
    """One sentence per attach point on kernel functions for which this kernel has a tracepoint; none where the script
    uses that tracepoint already."""
    points = () if isinstance(script, Unreadable) else script.points
    used = {_name(point) for point in points}
    found = ((point.text, in_words(tuple(_hints(point, host, used)))) for point in points)
    return tuple(dict.fromkeys(f"{text}: {sentence}" for text, sentence in found if sentence))


def _hints(point: AttachPoint, host: Host, used: set[str]) -> list[StableHint]:
    found = stable_hints(_name(point))
    return [] if used & {one.tracepoint for one in found} else [one for one in found if is_here(one, host)]


def _name(point: AttachPoint) -> str:
    return f"{point.provider}:{point.rest}"


def is_here(hint: StableHint, host: Host) -> bool:
    """Whether this kernel has the tracepoint; where tracefs cannot be read, whether it should have."""
    if host.tracefs is None:
        return hint.is_expected(host.version, host.machine)
    return not host.why_not("tracepoint", hint.name)
