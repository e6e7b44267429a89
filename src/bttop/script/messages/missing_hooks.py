"""Which attach points of a script bpftrace reports as not attached, and why. Pure: no input or output.

What the releases print about a probe that does not exist (tried with 0.17, 0.23 and 0.27):

    up to 0.23  WARNING: could not attach probe kprobe:vfs_reed, skipping.
                WARNING: Could not resolve symbol: /bin/x:fooo, skipping probe.
                WARNING: No BTF found for vfs_reed, skipping.
                stdin:1:31-59: WARNING: tracepoint not found: sched:sched_swich
                open(/sys/kernel/tracing/events/sched/sched_swich/id): No such file or directory
    from 0.24   stdin:1:27-53: ERROR: No matches for uprobe /bin/x:fooo.
                stdin:1:1-30: ERROR: Probe has no valid attach points. If this is expected, set ...
                ERROR: Unable to attach probe: hardware:cache-misses:100000. If this is expected, set ...

In 0.24 and newer, BPFTRACE_MISSING_PROBES decides whether these are errors or warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.reader import AttachPoint
from bttop.script.messages.diagnostics import parse_diagnostics

_WITHOUT_HOOK: Final = frozenset({"begin", "end", "interval", "self", "bench", "test"})
_USER: Final = frozenset({"uprobe", "uretprobe", "usdt"})
_KERNEL: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})
_NAMED: Final = (
    pattern(r"could not attach probe (?P<name>.+), skipping\."),
    pattern(r"Could not resolve symbol: (?P<name>.+), skipping probe\."),
    pattern(r"No BTF found for (?P<name>.+), skipping\."),
    pattern(r"tracepoint not found: (?P<name>\S+)"),
    pattern(r"Unable to attach probe: (?P<name>.+?)\.(?: Skipping\.)?"),
    pattern(r"No matches for (?P<kind>\S+) (?P<name>.+?)\.(?: Skipping\.)?"),
    pattern(r"(?P<all>Probe has no valid attach points)\.(?: It is being removed.*)?"),
)
_NO_TRACEPOINT: Final = pattern(r"open\(/sys/kernel/.*/events/(?P<group>[^/]+)/(?P<event>[^/]+)/id\): (?P<why>.+)")
_REFUSED: Final = pattern(
    r"[Ee]rror attaching probe|[Uu]nable to attach|cannot attach probe|Can't attach to|Probe does not exist"
    r"|Failed to find usdt probe|Invalid probe type|No BTF found for|No more HW registers|No probes to attach"
)


class Missing(Struct, frozen=True):
    """An attach point that was not attached."""

    point: str
    """As written in the script; if it is not found there, as bpftrace names it."""
    why: str
    """bpftrace's message, or what was found instead."""


def is_hook(point: AttachPoint) -> bool:
    """Whether an attach point needs something that may not exist: a function, an event or a counter."""
    return point.provider not in _WITHOUT_HOOK


def is_user(point: AttachPoint) -> bool:
    """Whether it is a place in a user program."""
    return point.provider in _USER


def is_function(point: AttachPoint) -> bool:
    """Whether it is a place in code, in the kernel or in a user program."""
    return point.provider in _USER | _KERNEL


def is_open_ended(point: AttachPoint) -> bool:
    """Whether an attach point can match any number of probes: a wildcard, or a USDT probe of any provider."""
    return "*" in point.rest or (point.provider == "usdt" and point.rest.count(":") == 1)


def is_about_missing(line: str) -> bool:
    """Whether a line of bpftrace's output may name an attach point that was not attached."""
    return any(words in line for words in ("robe", "tracepoint", "/events/", "skipping", "No matches"))


def refuses_attach_points(lines: Iterable[str]) -> bool:
    """Whether bpftrace's messages say that it ends because of an attach point."""
    return any(_REFUSED.search(line) and "skipping" not in line.lower() for line in lines)


def told_missing(lines: Sequence[str], text: str, points: Iterable[AttachPoint]) -> tuple[Missing, ...]:
    """The attach points that bpftrace's messages report as not attached, each once. `text` is what bpftrace ran."""
    known = tuple(points)
    found: dict[str, Missing] = {}
    for one in parse_diagnostics(lines):
        match = next((match for pattern in _NAMED if (match := pattern.fullmatch(one.message))), None)
        if match is None:
            continue
        named = match.groupdict()
        placed = _at(text, one.line, one.column, one.end_column)
        if named.get("all") and not placed:
            names = [point.text for point in known if one.line <= point.line <= max(one.line, one.last_line)]
        else:
            names = _in_script(placed, named.get("kind"), named.get("name") or "", known)
        for point in names:
            found.setdefault(point, Missing(point, one.message.rstrip(".")))
    for line in lines:
        if (match := _NO_TRACEPOINT.fullmatch(line)) is not None:
            name = f"{match['group']}:{match['event']}"
            for point in _in_script("", "tracepoint", name, known):
                found.setdefault(point, Missing(point, f"tracepoint not found: {name} ({match['why']})"))
    return tuple(found.values())


def _at(text: str, line: int, column: int, end: int) -> str:
    """The text at a line and columns; empty if there is no such place."""
    lines = text.encode().split(b"\n")
    if not 0 < line <= len(lines) or not 0 < column < end:
        return ""
    return lines[line - 1][column - 1 : end - 1].decode(errors="replace").strip().rstrip(",")


def _in_script(placed: str, kind: str | None, name: str, known: Sequence[AttachPoint]) -> list[str]:
    """The attach points that a message is about, as the script writes them."""
    at_place = [point.text for point in known if placed and point.text in _split(placed)]
    if at_place:
        return at_place
    full = f"{kind}:{name}" if kind else name
    by_name = [
        point.text
        for point in known
        if full in (point.text, f"{point.provider}:{point.rest}") or (point.rest == name and is_hook(point))
    ]
    return by_name or [placed or full]


def _split(placed: str) -> list[str]:
    """The whole text and its comma-separated parts; commas in quotes are not recognized."""
    return [placed, *(one.strip() for one in placed.split(","))]
