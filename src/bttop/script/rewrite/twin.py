"""The count-only twin of a script: the same attach points and predicates, but blocks that only count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from bttop.model.record.release import Release
from bttop.script.cost.event_costs import MISS_NS, body_ns
from bttop.script.language.probe_context import has_process
from bttop.script.language.reader import Probe, Script, Unreadable, read
from bttop.script.language.survey import ScriptSurvey, survey
from bttop.script.process.pid_parameter import text_of
from bttop.script.rewrite.prepare import Prepared, prepare

INTERVAL_MS: Final = 100
_EVENTS: Final = "@bttop_events"
_PASSED: Final = "@bttop_passed"
_USER: Final = frozenset({"uprobe", "uretprobe", "usdt"})


class CountedProbe(Struct, frozen=True):
    """One probe of the twin."""

    events: str
    """The map that counts its events."""
    passed: str
    """The map that counts the events that pass the predicate; `events` if no predicate can be tested."""
    providers: tuple[str, ...]
    """Providers of its attach points, which determine the cost of an event before the script does anything."""
    place: str
    """The place that its user probes are attached to, as in the script; empty if it has other probes."""
    miss_ns: float
    """Run time in ns of an event that the predicate rejects."""
    hit_ns: float
    """Additional run time in ns of an event that passes."""


class Twin(Struct, frozen=True):
    """A script that measures how often the probes of another script would run."""

    prepared: Prepared
    probes: tuple[CountedProbe, ...]
    at_most: bool
    """Whether the cost is an upper bound: predicates that read maps are omitted, because only the blocks fill maps."""


def twin_of(prepared: Prepared, release: Release, leave_out: Collection[str] = ()) -> Twin | None:
    """The twin of a prepared script; None if there is nothing to count or the text cannot be read. `leave_out` names
    maps of the twin whose probes do not exist on this host."""
    original, script = read(prepared.original), read(prepared.text)
    if not isinstance(original, Script) or not isinstance(script, Script):
        return None
    seen = survey(original)
    blocks: list[str] = []
    counted: list[CountedProbe] = []
    # bttop's own probes follow the script's, so the same index means the same probe.
    for index, probe in enumerate(script.probes[: len(original.probes)]):
        if has_process(probe) and f"{_EVENTS}{index}" not in leave_out:
            predicate = _predicate(script, probe)
            events, passed = f"{_EVENTS}{index}", f"{_PASSED}{index}" if predicate else f"{_EVENTS}{index}"
            test = f" if (({predicate}) != 0) {{ {passed} = count(); }}" if predicate else ""
            blocks.append(f"{_points(script, probe)} {{ {events} = count();{test} }}\n")
            body = body_ns(original, seen, index, release)
            counted.append(CountedProbe(events, passed, _providers(probe), _place(probe), MISS_NS, body))
    if not counted:
        return None
    text = script.text[: script.first_probe] + "".join(blocks)
    counting = read(text)
    args = _known_parameters(counting, seen, prepared.args)
    made = prepare(counting, interval_ms=INTERVAL_MS, args=args, nonce=prepared.plan.nonce)
    return Twin(made, tuple(counted), any(_asks_maps(script, probe) for probe in script.probes if has_process(probe)))


def _known_parameters(twin: Script | Unreadable, seen: ScriptSurvey, args: Sequence[str]) -> tuple[str, ...]:
    """The parameters without the named options that only the blocks of the script read: bpftrace refuses an option
    that the text does not read."""
    if "getopt" not in seen.words or isinstance(twin, Unreadable):
        return tuple(args)
    strings = {
        token.text.strip('"') for one in (twin, *twin.imported) for token in one.tokens if token.kind == "string"
    }
    return tuple(arg for arg in args if not arg.startswith("--") or arg[2:].partition("=")[0] in strings)


def _providers(probe: Probe) -> tuple[str, ...]:
    return tuple(sorted({point.provider for point in probe.points}))


def _place(probe: Probe) -> str:
    points = sorted({point.rest for point in probe.points})
    return " ".join(points) if all(point.provider in _USER for point in probe.points) else ""


def _points(script: Script, probe: Probe) -> str:
    end = probe.predicate[0] if probe.predicate else probe.block[0]
    return script.text[script.tokens[probe.start].start : script.tokens[end].start].rstrip(" ")


def _predicate(script: Script, probe: Probe) -> str:
    """The predicate without comments; empty if there is none or if it reads maps."""
    if probe.predicate is None or _asks_maps(script, probe):
        return ""
    start, end = probe.predicate
    return text_of(list(script.significant(start + 1, end)))


def _asks_maps(script: Script, probe: Probe) -> bool:
    if probe.predicate is None:
        return False
    start, end = probe.predicate
    return any(token.kind == "map" for token in script.significant(start, end))
