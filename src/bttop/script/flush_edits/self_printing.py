"""Scripts that print their maps themselves, at their own intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bttop.script.flush_edits.copies import ADDITIVE
from bttop.script.flush_edits.occasions import is_periodic
from bttop.script.language.columns import split
from bttop.script.language.edits import Edit
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import Call, MapUse, ScriptSurvey

_WHOLE: Final = 4
"""Number of tokens of `print(@m)`, with neither `top` nor `div`."""
_HARMLESS: Final = frozenset({"print", "clear", "zero", "time", "printf"})


def printed_maps(script: Script, seen: ScriptSurvey) -> tuple[MapUse, ...]:
    """The maps that the script prints whole at its own intervals."""
    return tuple(use for use in seen.maps.values() if any(_is_print(script, call) for call in use.calls))


def _is_print(script: Script, call: Call) -> bool:
    return call.verb == "print" and is_periodic(script, call)


class Shortened(Struct, frozen=True):
    """A print of a map with `top` or `div`, as both are written."""

    name: str
    top: str
    """The number of rows; empty if all are printed."""
    divisor: str
    """Empty if the values are not divided."""


def shortened_prints(script: Script, uses: Sequence[MapUse]) -> Iterator[Shortened]:
    """The prints at intervals that leave out rows or divide values. bpftrace does not divide an `lhist`."""
    for use in uses:
        for call in use.calls:
            if not _is_print(script, call) or len(call.tokens) <= _WHOLE:
                continue
            top, divisor = _top_and_divisor(call)
            top = top if top != "0" and use.arity else ""
            divisor = divisor if divisor not in ("0", "1") and use.aggregation != "lhist" else ""
            if top or divisor:
                yield Shortened(use.name, top, divisor)


def _top_and_divisor(call: Call) -> tuple[str, str]:
    """The second and the third argument of a `print`, each empty if it is not given."""
    given = [" ".join(one.text for one in part) for part in split(call.tokens[2:-1])[1:]]
    top, divisor = (*given, "", "")[:2]
    return top, divisor


def printing_probes(script: Script, seen: ScriptSurvey) -> list[int]:
    """Indices of the probes that print a map while the script runs."""
    calls = (call for use in seen.maps.values() for call in use.calls if call.verb == "print")
    return sorted({call.probe for call in calls if not script.probes[call.probe].has("begin", "end")})


def is_total(script: Script, use: MapUse) -> bool:
    """Whether the script does not clear the map in each block that prints it, so that a print may hold more than one
    interval."""
    cleared = {call.probe for call in use.calls if call.verb != "print"}
    return "delete" not in use.uses and any(call.probe not in cleared for call in use.calls if _is_print(script, call))


def is_subtracted(script: Script, use: MapUse) -> bool:
    """Whether the script prints a growing map exactly once per tick of one interval block, so that the difference of
    two prints is the data of the interval between them."""
    printed = [call for call in use.calls if not script.probes[call.probe].has("begin", "end")]
    if len(printed) != 1 or printed[0].in_macro or not use.is_kept or use.aggregation not in ADDITIVE:
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
