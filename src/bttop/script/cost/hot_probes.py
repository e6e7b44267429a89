"""Which attach points may fire so often that bttop checks the script before it runs. Pure: no input or output.

The name of a function or tracepoint says nothing about its rate, which depends on the host. Only attach points with an
explicit rate are trusted.
"""

from __future__ import annotations

from typing import Final

from bttop.script.language.periods import period_ns
from bttop.script.language.reader import AttachPoint, Script

MOST_HZ: Final = 1000
"""Samples per second and CPU that need no check: with two stacks, 8 us each, they use below 1 % of a CPU."""

_UNKNOWN: Final = {
    "tracepoint": "a tracepoint of unknown rate",
    "rawtracepoint": "a raw tracepoint of unknown rate",
    "kprobe": "a kernel function of unknown rate",
    "kretprobe": "a kernel function of unknown rate",
    "fentry": "a kernel function of unknown rate",
    "fexit": "a kernel function of unknown rate",
    "uprobe": "a user function of unknown rate",
    "uretprobe": "a user function of unknown rate",
    "usdt": "a user function of unknown rate",
}
_RARE: Final = frozenset({"begin", "end", "interval", "self", "iter", "bench", "test"})
"""Providers whose events only the script or the user causes."""


def why_hot(script: Script) -> str:
    """The first attach point that could make a script costly, and why; empty if there is none."""
    return next((f"{point.text}: {why}" for point in script.points if (why := _why(point))), "")


def is_wildcard(point: AttachPoint) -> bool:
    """Whether an attach point can match any number of probes."""
    return "*" in point.rest


def _why(point: AttachPoint) -> str:
    if point.provider in _RARE:
        return ""
    if is_wildcard(point):
        return "a wildcard"
    if point.provider == "profile":
        return "" if _samples(point) <= MOST_HZ else "many samples a second"
    return _UNKNOWN.get(point.provider, "an event of unknown rate")


def _samples(point: AttachPoint) -> float:
    """Samples per second of `profile`; infinity if unknown."""
    period = period_ns(point)
    return 1e9 / period if period else float("inf")
