"""Chooses which maps are flushed, and how each of them is made exact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.plan import Aggregation, Column, MapPlan, Numbered, Scheme
from bttop.script.flush_edits.collisions import COLLIDING, numbering
from bttop.script.flush_edits.copies import ADDITIVE, counted_as, is_counted_by_hand, needs_copy
from bttop.script.flush_edits.occasions import SELDOM, print_occasions
from bttop.script.front_matter.front_matter import FrontMatter, MapFront
from bttop.script.language.reader import Script
from bttop.script.language.survey import MapUse, ScriptSurvey

_RUN_ENDS: Final = ("begin", "end")


class SchemeChoice(Struct, frozen=True):
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
    copied: bool = False
    """Whether the script's own map is counted as well as the banks (see `copies`)."""
    printed_at_end: bool = False
    """Whether the script prints it in END, so that bttop's last flush need not."""


class Wishes(Struct, frozen=True):
    """The caller's options."""

    schemes: Mapping[str, Scheme]
    """Wanted scheme by map, used if it is exact for the map."""
    leave_out: Collection[str] = ()
    """Maps that are not edited."""
    new_keys_collide: bool = False
    """Whether bpftrace loses an event if two CPUs create the same new key at the same time."""
    empty_is_zero: bool = False
    """Whether bpftrace prints 0 for an empty minimum, maximum or average without a key."""


def choose(
    script: Script, seen: ScriptSurvey, front: FrontMatter | None, wishes: Wishes, own: Collection[str] = ()
) -> tuple[SchemeChoice, ...]:
    """The maps that bttop prints at each interval, in the order of the script. `own` are the maps that the script
    prints at its own intervals; then maps from which it deletes at events are taken to be its state."""
    uses = [use for use in _flushed(script, seen, front) if use.name not in (*wishes.leave_out, *own)]
    shown = [use for use in uses if not own or "delete" not in use.uses or needs_copy(script, use)]
    return tuple(_choice(script, use, wishes) for use in shown)


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
        aggregation=counted_as(use) if scheme == "bank" else use.aggregation,
        columns=columns,
        scheme=scheme,
        unit=said.unit,
        since=said.since,
        stack=use.stack if use.aggregation == "value" else None,
        title=said.title,
        view=said.view,
        sort=said.sort,
        pid=said.pid or _renamed(use.keys.pid, use.keys.columns, columns),
        tid=said.tid or _renamed(use.keys.tid, use.keys.columns, columns),
        numbered=numbered,
        under_key=under_key,
        kept=scheme == "own" and use.is_kept,
        limit=use.limit,
        longest_text=use.longest_text,
    )


def _renamed(title: str, read: tuple[Column, ...], columns: tuple[Column, ...]) -> str:
    pairs = zip(read, columns, strict=True)
    return next((column.title for old, column in pairs if title and old.title == title), "")


def _flushed(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> list[MapUse]:
    if front is not None and front.maps:
        return [use for name, use in seen.maps.items() if name in front.maps]
    counted = [use for use in seen.maps.values() if use.is_unseen or _is_result(script, use)]
    if counted or any(not script.probes[index].has(*_RUN_ENDS) for index in seen.writing_probes):
        return counted
    # A script that neither counts nor writes relies on bpftrace's print at its end.
    return [use for use in seen.maps.values() if _is_left_at_end(script, use)]


def _is_left_at_end(script: Script, use: MapUse) -> bool:
    """Whether an assigned map is among those that bpftrace prints at the end, and is no state that the script removes:
    it may read the map itself, as in `@most = arg0 > @most ? arg0 : @most`."""
    if use.uses <= {"assign", "clear"}:
        return "assign" in use.uses
    is_removed = any(call.verb == "clear" and script.probes[call.probe].has("end") for call in use.calls)
    return bool(use.uses & {"assign", "increment", "add"}) and "delete" not in use.uses and not is_removed


def _is_result(script: Script, use: MapUse) -> bool:
    """Whether a map holds results: it is an aggregation, or is printed."""
    if use.aggregation != "value" and (use.only_counted or "aggregate" in use.uses):
        return True
    return is_counted_by_hand(script, use) or bool(print_occasions(script, use) & set(SELDOM))


def _choice(script: Script, use: MapUse, wishes: Wishes) -> SchemeChoice:
    if use.by_macro or use.in_macros:
        return _by_macro(script, use, wishes)
    rewritten = use.only_counted and not use.pure
    if needs_copy(script, use):
        return _copy(use, wishes, rewritten=rewritten)
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


def _by_macro(script: Script, use: MapUse, wishes: Wishes) -> SchemeChoice:
    """A map that a macro uses. A call that only counts into it can count into a bank, unless the script prints the map
    itself; otherwise the map is shown whole."""
    printed = print_occasions(script, use)
    changed = _cleared_meanwhile(script, use) or "delete" in use.uses
    scheme: Scheme = "cumulative" if use.aggregation in ADDITIVE and not changed else "gauge"
    if use.pure and not changed and not printed:
        scheme = _scheme(use, use.aggregation, wishes)
    return SchemeChoice(use, scheme, use.aggregation, rewritten=False, printed_at_end="end" in printed)


def _copy(use: MapUse, wishes: Wishes, *, rewritten: bool) -> SchemeChoice:
    """Count the map a second time, into banks."""
    counted = counted_as(use)
    function: Aggregation = "stats" if counted == "avg" else counted
    under_key = wishes.empty_is_zero and reads_zero(use.arity, function)
    chosen = SchemeChoice(use, "bank", function, rewritten, under_key=under_key, copied=True)
    return _without_collisions(chosen) if wishes.new_keys_collide else chosen


def _without_collisions(choice: SchemeChoice) -> SchemeChoice:
    """The same choice, but new keys are created before they are counted. A histogram is then a bank even without a key,
    because each of its buckets is a separate entry."""
    use, function = choice.use, choice.function
    if function not in COLLIDING or (use.declared and not choice.copied):
        return choice
    if function in ("hist", "lhist"):
        numbered = numbering(use)
        return choice if numbered is None else replace(choice, scheme="bank", twice=True, numbered=numbered)
    return replace(choice, twice=choice.scheme == "bank")


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
