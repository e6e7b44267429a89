"""Chooses which maps are flushed, and how each of them is made exact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from bttop.model.plan import Aggregation, Column, MapPlan, Numbered, Scheme
from bttop.script.language.front_matter import FrontMatter, MapFront
from bttop.script.language.reader import Script
from bttop.script.language.survey import MapUse, ScriptSurvey
from bttop.script.rewrite.collisions import COLLIDING, numbering

ADDITIVE: Final = frozenset({"count", "sum", "stats", "hist", "lhist"})
"""Aggregations whose previous print can be subtracted from the next one."""
_RUN_ENDS: Final = ("begin", "end")


class SchemeChoice(NamedTuple):
    """One map and how it is flushed."""

    use: MapUse
    scheme: Scheme
    function: str
    """The function that each statement assigns from: `stats` instead of `avg`, `count` instead of `++`."""
    rewritten: bool
    """Whether the script's own statements use another function or operator."""
    twice: bool = False
    """Whether each statement is written twice, because new keys collide (see `collisions`)."""
    numbered: Numbered | None = None
    """The bucket numbers of a histogram that is written twice, else None."""
    under_key: bool = False
    """Whether its value is stored under a key: an empty map without a key prints 0 (see `MapPlan.under_key`)."""


class Wishes(NamedTuple):
    """The caller's options."""

    schemes: Mapping[str, Scheme]
    """Wanted scheme by map, used if it is exact for the map."""
    leave_out: Collection[str] = ()
    """Maps that are not edited."""
    new_keys_collide: bool = False
    """Whether bpftrace loses an event if two CPUs create the same new key at the same time."""
    empty_is_zero: bool = False
    """Whether bpftrace prints 0 for an empty minimum, maximum or average without a key."""


def choose(script: Script, seen: ScriptSurvey, front: FrontMatter | None, wishes: Wishes) -> tuple[SchemeChoice, ...]:
    """The maps that an appended interval block prints, in the order of the script."""
    uses = (use for use in _flushed(script, seen, front) if use.name not in wishes.leave_out)
    return tuple(_choice(script, use, wishes) for use in uses)


def map_plan(
    use: MapUse,
    scheme: Scheme,
    front: FrontMatter | None,
    numbered: Numbered | None = None,
    *,
    under_key: bool = False,
) -> MapPlan:
    """What the flush assembler and the views need to know about one map."""
    said = front.maps.get(use.name, MapFront()) if front else MapFront()
    columns = said.key_columns(use.keys.columns)
    return MapPlan(
        name=use.name,
        aggregation=use.aggregation,
        columns=columns,
        scheme=scheme,
        unit=said.unit,
        title=said.title,
        view=said.view,
        sort=said.sort,
        pid=said.pid or _renamed(use.keys.pid, use.keys.columns, columns),
        tid=said.tid or _renamed(use.keys.tid, use.keys.columns, columns),
        numbered=numbered,
        under_key=under_key,
        kept=scheme == "own" and use.is_kept,
    )


def _renamed(title: str, read: tuple[Column, ...], columns: tuple[Column, ...]) -> str:
    pairs = zip(read, columns, strict=True)
    return next((column.title for old, column in pairs if title and old.title == title), "")


def _flushed(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> list[MapUse]:
    if front is not None and front.maps:
        return [use for name, use in seen.maps.items() if name in front.maps]
    counted = [use for use in seen.maps.values() if use.aggregation != "value" and _counts(use)]
    if counted or any(not script.probes[index].has(*_RUN_ENDS) for index in seen.writing_probes):
        return counted
    # A script that only assigns a map and never reads it relies on bpftrace's print at the end.
    return [use for use in seen.maps.values() if use.uses <= {"assign", "clear"} and use.uses & {"assign"}]


def _counts(use: MapUse) -> bool:
    return use.only_counted or "aggregate" in use.uses


def _choice(script: Script, use: MapUse, wishes: Wishes) -> SchemeChoice:
    rewritten = use.only_counted and not use.pure
    if _cleared_meanwhile(script, use) or "delete" in use.uses or use.aggregation == "value":
        return SchemeChoice(use, "gauge", use.aggregation, rewritten=False)
    if not (use.pure or rewritten):
        whole: Scheme = "cumulative" if use.aggregation in ADDITIVE else "gauge"
        return SchemeChoice(use, whole, use.aggregation, rewritten=False)
    function: Aggregation = "stats" if use.aggregation == "avg" else use.aggregation
    scheme = _scheme(use, function, wishes)
    under_key = wishes.empty_is_zero and scheme == "bank" and reads_zero(use.arity, function)
    rewritten = rewritten or function != use.aggregation
    chosen = SchemeChoice(use, scheme, function, rewritten, under_key=under_key)
    return _without_collisions(chosen) if wishes.new_keys_collide else chosen


def _without_collisions(choice: SchemeChoice) -> SchemeChoice:
    """The same choice, but new keys are created before they are counted. A histogram is then a bank even without a key,
    because each of its buckets is a separate entry."""
    use, function = choice.use, choice.function
    if function not in COLLIDING or use.declared:
        return choice
    if function in ("hist", "lhist"):
        numbered = numbering(use)
        return choice if numbered is None else choice._replace(scheme="bank", twice=True, numbered=numbered)
    return choice._replace(twice=choice.scheme == "bank")


def reads_zero(arity: int, function: str) -> bool:
    """Whether the print of an empty map looks like a value of 0."""
    return arity == 0 and function in ("min", "max", "avg")


def _scheme(use: MapUse, function: Aggregation, wishes: Wishes) -> Scheme:
    wanted = wishes.schemes.get(use.name)
    if function == "tseries":
        return "gauge"
    if use.declared:
        return "cumulative" if function in ADDITIVE else "gauge"
    if function not in ADDITIVE:
        return "bank"
    if wanted in ("bank", "cumulative"):
        return wanted
    return "bank" if use.arity else "cumulative"


def _cleared_meanwhile(script: Script, use: MapUse) -> bool:
    """Whether the script clears the map while it runs, so that bttop cannot know what was counted."""
    return any(call.verb != "print" and not script.probes[call.probe].has(*_RUN_ENDS) for call in use.calls)
