"""Maps that are counted a second time, into banks of bttop's own, because the script itself needs its map.

The script clears or prints such a map when it wants to, so bttop cannot clear it at each interval, and its content is
not what one interval counted. So the script's statement stays, and the same event is also counted into a bank.
"""

from __future__ import annotations

from typing import Final

from bttop.model.plan import Aggregation
from bttop.script.flush_edits.occasions import SELDOM, occasion_of, other_uses, print_occasions
from bttop.script.language.reader import Definition, Script
from bttop.script.language.survey import MapUse
from bttop.script.process.regions import code_of

ADDITIVE: Final = frozenset({"count", "sum", "stats", "hist", "lhist"})
"""Aggregations whose previous print can be subtracted from the next one."""
_RUN_ENDS: Final = ("begin", "end")
_CALLS: Final = frozenset({"print", "clear", "zero"})


def counted_as(use: MapUse) -> Aggregation:
    """The aggregation of all statements that count into a map, also if the script assigns to it elsewhere; `value` if
    they differ."""
    names = {update.aggregation for update in use.updates}
    forms = {update.form for update in use.updates}
    if not names or ("aggregate" in forms and len(forms) > 1):
        return "value"
    if names == {"count", "sum"} and "aggregate" not in forms:
        return "sum"
    return names.pop() if len(names) == 1 else "value"


def is_counted_by_hand(script: Script, use: MapUse) -> bool:
    """Whether a map is counted with `++` or `+=`, and read only at the end of the script or on a signal."""
    if use.only_counted or any(update.form == "aggregate" for update in use.updates):
        return False
    others = {occasion_of(script, probe) for probe, _, _ in other_uses(script, use)}
    return bool(use.updates) and bool(others & {"end", "signal"}) and others <= {"begin", "end", "signal"}


def needs_copy(script: Script, use: MapUse) -> bool:
    """Whether what one interval counted cannot be taken from the script's own map, but can be counted in a copy."""
    if not _can_be_copied(script, use):
        return False
    is_read = not (use.pure or use.only_counted)
    return (
        bool(print_occasions(script, use) & set(SELDOM))
        or _is_emptied(script, use)
        or is_counted_by_hand(script, use)
        or (is_read and use.aggregation not in ADDITIVE)
    )


def _is_emptied(script: Script, use: MapUse) -> bool:
    """Whether the script clears the map, or deletes from it, while it runs."""
    cleared = (call for call in use.calls if call.verb != "print")
    return "delete" in use.uses or any(not script.probes[call.probe].has(*_RUN_ENDS) for call in cleared)


def _can_be_copied(script: Script, use: MapUse) -> bool:
    if (
        use.by_macro
        or use.in_macros
        or counted_as(use) in ("value", "tseries")
        or len({len(update.keys) for update in use.updates}) != 1
    ):
        return False
    return not (use.by_macro or use.in_macros or _is_state(script, use) or _is_hidden(script, use))


def _is_state(script: Script, use: MapUse) -> bool:
    """Whether traced events delete entries, or use in another way a number that the script counts by hand: then the map
    is a state and not what has been counted."""
    at_events = [before for probe, _, before in other_uses(script, use) if occasion_of(script, probe) == "event"]
    by_hand = any(update.form != "aggregate" for update in use.updates)
    return any(one.text == "delete" or (by_hand and one.text not in _CALLS) for one in at_events)


def _is_hidden(script: Script, use: MapUse) -> bool:
    """Whether code that is not in a probe may count into the map: a preprocessor line, a macro or a function."""
    if any(token.kind == "preprocessor" and use.name in token.text for token in script.tokens):
        return True
    functions = (one for one in script.definitions if one.keyword == "fn")
    if any(token.text == use.name for one in functions for token in script.tokens[one.start : one.end]):
        return True
    named = {word for one in script.definitions if one.keyword in ("macro", "fn") for word in _name(script, one)}
    return any(
        not named.isdisjoint(token.text for token in code_of(script, probe)) for probe, _, _ in other_uses(script, use)
    )


def _name(script: Script, definition: Definition) -> list[str]:
    """The name of a macro or function, which follows its keyword."""
    return [token.text for token in script.significant(definition.start, definition.end) if token.kind == "word"][1:2]
