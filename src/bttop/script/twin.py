"""The count-only twin of a script: the same attach points and predicates, and nothing but counts in the blocks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from bttop.model.release import Release
from bttop.script.attribution import context_of_probe
from bttop.script.costs import MISS_NS, body_ns
from bttop.script.parameter import text_of
from bttop.script.prepare import Prepared, prepare
from bttop.script.reader import Probe, Script, read
from bttop.script.survey import survey

INTERVAL_MS: Final = 100
_EVENTS: Final = "@bttop_events"
_PASSED: Final = "@bttop_passed"
_USER: Final = frozenset({"uprobe", "uretprobe", "usdt"})


class Counted(NamedTuple):
    """One probe of the twin."""

    events: str
    """The map that counts its events."""
    passed: str
    """The one that counts what the predicate lets through; the same where there is none that could be asked."""
    providers: tuple[str, ...]
    """Of its attach points: what an event costs before the script does anything."""
    place: str
    """What its user probes are on, as the script says it; empty where it has others."""
    miss_ns: float
    """The run time of an event that the predicate turns away."""
    hit_ns: float
    """On top, of those let through."""


class Twin(NamedTuple):
    """A script that measures how often another one would run."""

    prepared: Prepared
    probes: tuple[Counted, ...]
    at_most: bool
    """Whether a predicate had to be left out, so that the cost is an upper bound: it asks what the blocks fill."""


def twin_of(prepared: Prepared, release: Release, leave_out: Collection[str] = ()) -> Twin | None:
    """The twin of a script ready to run; None where there is nothing to count or the text cannot be read. `leave_out`
    names maps of a twin whose probes do not exist here."""
    original, script = read(prepared.original), read(prepared.text)
    if not isinstance(original, Script) or not isinstance(script, Script):
        return None
    seen = survey(original)
    blocks: list[str] = []
    counted: list[Counted] = []
    # bttop's own probes stand behind the script's, so the same index means the same probe.
    for index, probe in enumerate(script.probes[: len(original.probes)]):
        if _counts(probe) and f"{_EVENTS}{index}" not in leave_out:
            predicate = _predicate(script, probe)
            events, passed = f"{_EVENTS}{index}", f"{_PASSED}{index}" if predicate else f"{_EVENTS}{index}"
            test = f" if (({predicate}) != 0) {{ {passed} = count(); }}" if predicate else ""
            blocks.append(f"{_points(script, probe)} {{ {events} = count();{test} }}\n")
            body = body_ns(original, seen, index, release)
            counted.append(Counted(events, passed, _providers(probe), _place(probe), MISS_NS, body))
    if not counted:
        return None
    text = script.text[: script.first_probe] + "".join(blocks)
    made = prepare(read(text), interval_ms=INTERVAL_MS, args=prepared.args)
    return Twin(made, tuple(counted), any(_asks_maps(script, probe) for probe in script.probes if _counts(probe)))


def _providers(probe: Probe) -> tuple[str, ...]:
    return tuple(sorted({point.provider for point in probe.points}))


def _place(probe: Probe) -> str:
    points = sorted({point.rest for point in probe.points})
    return " ".join(points) if all(point.provider in _USER for point in probe.points) else ""


def _counts(probe: Probe) -> bool:
    return context_of_probe(probe) != "none"


def _points(script: Script, probe: Probe) -> str:
    end = probe.predicate[0] if probe.predicate else probe.block[0]
    return script.text[script.tokens[probe.start].start : script.tokens[end].start].rstrip(" ")


def _predicate(script: Script, probe: Probe) -> str:
    """The predicate without comments; empty where there is none, or where it asks maps."""
    if probe.predicate is None or _asks_maps(script, probe):
        return ""
    start, end = probe.predicate
    return text_of(list(script.significant(start + 1, end)))


def _asks_maps(script: Script, probe: Probe) -> bool:
    if probe.predicate is None:
        return False
    start, end = probe.predicate
    return any(token.kind == "map" for token in script.significant(start, end))
