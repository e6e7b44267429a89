"""Scripts that print their maps themselves: bttop adds a heartbeat to their own interval blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bttop.script.language.edits import Edit
from bttop.script.language.reader import AttachPoint, Probe, Script
from bttop.script.language.survey import Call, MapUse, ScriptSurvey
from bttop.script.rewrite.flushes import TICKS, heartbeat, letters, separator
from bttop.script.rewrite.last_flush import LastFlush
from bttop.script.rewrite.schemes import ADDITIVE

_UNIT_NS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}
_PERIOD = re.compile(r"(?:(s|ms|us|ns):)?(\d{1,12})(s|ms|us|ns|m)?")
_WHOLE: Final = 4
"""Number of tokens of `print(@m)`, with neither `top` nor `div`."""
_HARMLESS: Final = frozenset({"print", "clear", "zero", "time", "printf"})


def printing_probes(script: Script, seen: ScriptSurvey) -> list[int]:
    """Indices of the probes that print a map while the script runs."""
    calls = (call for use in seen.maps.values() for call in use.calls if call.verb == "print")
    return sorted({call.probe for call in calls if not script.probes[call.probe].has("begin", "end")})


def writing_intervals(script: Script, seen: ScriptSurvey) -> list[int]:
    """Indices of the interval probes that print anything: a map or text."""
    return [index for index in sorted(seen.writing_probes) if script.probes[index].has("interval")]


def heartbeats(script: Script, probes: Sequence[int]) -> Iterator[Edit]:
    """The edits that add a heartbeat (marked a, b and so on) as the last statement of each block."""
    for number, index in enumerate(probes):
        mark = letters(number)
        ticks = TICKS if number == 0 else f"{TICKS}{mark}"
        closing = script.tokens[script.probes[index].block[1]]
        yield Edit(closing.start, f"{separator(script, script.probes[index])} {ticks}++; {heartbeat(mark, ticks)} ")


def last_flushes(script: Script, seen: ScriptSurvey, probes: Sequence[int]) -> tuple[LastFlush, ...]:
    """The last flush of each of these blocks. The first one also has the maps that no block prints during the run."""
    at_end = tuple(use.name for use in end_maps(script, seen))
    found = []
    for number, index in enumerate(probes):
        calls = (call for use in seen.maps.values() for call in use.calls)
        names = [_printed(call) for call in calls if call.verb == "print" and call.probe == index]
        more = at_end if number == 0 else ()
        ticks = TICKS if number == 0 else f"{TICKS}{letters(number)}"
        found.append(LastFlush(letters(number), ticks, tuple(dict.fromkeys((*names, *more)))))
    return tuple(found)


def end_maps(script: Script, seen: ScriptSurvey) -> tuple[MapUse, ...]:
    """Maps that are first printed at the end, either by END or, if they are aggregations, by bpftrace."""
    running = {call.map_token.text for use in seen.maps.values() for call in use.calls if _while_it_runs(script, call)}
    silent = [use for use in seen.maps.values() if use.name not in running and "delete" not in use.uses]
    return tuple(use for use in silent if use.uses & {"print", "aggregate"} or use.only_counted)


def _printed(call: Call) -> str:
    """The arguments of a print: `@x`, or `@x,5,1000`."""
    return "".join(token.text for token in call.tokens[2:-1])


def _while_it_runs(script: Script, call: Call) -> bool:
    return call.verb == "print" and not script.probes[call.probe].has("begin", "end")


def is_subtracted(script: Script, use: MapUse) -> bool:
    """Whether the script prints a growing map exactly once per tick of one interval block, so that the difference of
    two prints is the data of the interval between them."""
    printed = [call for call in use.calls if not script.probes[call.probe].has("begin", "end")]
    if len(printed) != 1 or not use.is_kept or use.aggregation not in ADDITIVE:
        return False
    (call,) = printed
    return script.probes[call.probe].has("interval") and len(call.tokens) == _WHOLE and _is_always(script, call)


def _is_always(script: Script, call: Call) -> bool:
    """Whether a call is a top-level statement of the block and is executed whenever the block runs."""
    block = script.probes[call.probe].block
    inside = list(script.significant(block[0] + 1, block[1]))
    before = [token.text for token in inside if token.end <= call.tokens[0].start]
    is_statement = not before or before[-1] in ("}", ";")
    return is_statement and before.count("{") == before.count("}") and all(one.text != "return" for one in inside)


def under_keys(uses: Sequence[MapUse]) -> Iterator[Edit]:
    """The edits that store the values of maps without a key under the key 0 (see `MapPlan.under_key`)."""
    for use in uses:
        for update in use.updates:
            named = next(token for token in update.tokens if token.kind == "map")
            yield Edit(named.end, "[0]")


def periods(points: Sequence[AttachPoint]) -> Iterator[int]:
    """Periods in ns of `interval:s:1`, `interval:hz:5`, `interval:1s` and so on; other attach points and periods that
    are not numbers are skipped."""
    for point in points:
        unit, _, number = point.rest.partition(":")
        found = _PERIOD.fullmatch(point.rest)
        if point.provider != "interval":
            continue
        if unit == "hz" and re.fullmatch("[1-9][0-9]{0,8}", number):
            yield 1_000_000_000 // int(number)
        elif found is not None and int(found[2]):
            yield int(found[2]) * _UNIT_NS[found[1] or found[3] or "us"]


def only_prints_and_clears(script: Script, seen: ScriptSurvey) -> bool:
    """Whether bttop can replace the script's own prints without changing their meaning: exactly one interval block
    prints, unconditionally, and it only prints and clears aggregations."""
    printing = printing_probes(script, seen)
    if len(printing) != 1 or not _only_prints(script, seen, script.probes[printing[0]]):
        return False
    uses = [use for use in seen.maps.values() if any(call.probe == printing[0] for call in use.calls)]
    return bool(uses) and all(_keeps_meaning(use, printing[0]) for use in uses)


def _only_prints(script: Script, seen: ScriptSurvey, probe: Probe) -> bool:
    tokens = list(script.significant(probe.block[0] + 1, probe.block[1]))
    if not probe.has("interval") or len(probe.points) > 1 or probe.predicate:
        return False
    called = {call.map_token.start for use in seen.maps.values() for call in use.calls}
    maps_called = all(token.start in called for token in tokens if token.kind == "map")
    words = (token.text for token in tokens if token.kind == "word")
    return maps_called and _HARMLESS.issuperset(words) and all(token.text not in ("{", "}") for token in tokens)


def _keeps_meaning(use: MapUse, probe: int) -> bool:
    """Whether one map's print and clear have the same meaning as bttop's own."""
    calls = [call for call in use.calls if call.probe == probe]
    verbs = [call.verb for call in calls]
    if not use.pure or use.declared or use.aggregation == "tseries" or verbs[0] != "print":
        return False
    if verbs == ["print"]:
        return (use.aggregation in ADDITIVE or use.aggregation == "avg") and len(calls[0].tokens) == _WHOLE
    return verbs in (["print", "clear"], ["print", "zero"])
