"""The caveats that a user needs to interpret a program's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bttop.script.flush_edits.lost_updates import loses_updates
from bttop.script.flush_edits.occasions import Occasion, occasion_of, print_occasions
from bttop.script.flush_edits.schemes import SchemeChoice
from bttop.script.flush_edits.self_printing import shortened_prints
from bttop.script.front_matter.front_matter import FrontMatter
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import interrupts
from bttop.script.language.reader import Script
from bttop.script.language.survey import MapUse, ScriptSurvey

_WHO: Final = frozenset({"pid", "tid", "comm", "uid", "ustack", "cgroup", "username"})
_SELDOM: Final[Mapping[Occasion, str]] = {"end": "at its end", "signal": "on a signal", "event": "at events"}
_PRINTED: Final = "the script's own print of counts is shown beside them, as `(printed)`"


def as_is(why: str) -> ScriptCaveat:
    return ScriptCaveat("as-is", "read as is", f"bttop runs this script without any edit: {why}.")


def said(front: FrontMatter | None) -> Iterator[ScriptCaveat]:
    """The caveat of the script's own front matter."""
    if front is not None and front.badge:
        yield ScriptCaveat("note", front.badge, front.help)


def imported(script: Script) -> Iterator[ScriptCaveat]:
    """For probes of imported files."""
    points = [point.text for one in script.imported for point in one.points if point.provider not in ("begin", "end")]
    if points:
        why = "bttop does not edit imported files, so these probes are not pinned and count bttop's own processes too"
        yield ScriptCaveat("imported", "imported probes", f"{', '.join(points)}: {why}.")


def not_pinned(wanted: tuple[object, ...] | None) -> tuple[ScriptCaveat, ...]:
    """For a script that runs unedited although a pin is set."""
    why = "A script that runs unedited cannot be restricted, so all processes are shown."
    return (ScriptCaveat("unpinned", "not pinned", why),) if wanted and any(wanted) else ()


def of_own(own: Sequence[MapUse]) -> Iterator[ScriptCaveat]:
    """For maps that the script prints at its own intervals."""
    names = [use.name for use in own if use.uses & {"clear", "zero"} and "aggregate" in use.uses]
    if names:
        why = "events between print and clear are lost, and up to bpftrace 0.19 some are counted twice"
        yield ScriptCaveat("approximate", "print+clear: approximate", f"{', '.join(names)}: {why}.")


def shortened(script: Script, own: Sequence[MapUse]) -> Iterator[ScriptCaveat]:
    """For maps that the script prints at its own intervals with `top` or `div`."""
    prints = tuple(shortened_prints(script, own))
    if rows := [f"{one.top} of {one.name}" for one in prints if one.top]:
        why = "The script prints only its largest rows"
        effect = "The others are missing, also from sums over several flushes"
        yield ScriptCaveat("largest", "largest rows only", f"{why} ({', '.join(rows)}). {effect}.")
    if divided := [f"{one.name} by {one.divisor}" for one in prints if one.divisor]:
        why = "The script prints divided values"
        yield ScriptCaveat("divided", "values divided", f"{why} ({', '.join(divided)}), without their remainders.")


def seldom(script: Script, seen: ScriptSurvey) -> Iterator[ScriptCaveat]:
    """For scripts that print at their end, on a signal or at events, and not at intervals."""
    printed = {name: found for name, use in seen.maps.items() if (found := print_occasions(script, use) - {"begin"})}
    for occasion, words in _SELDOM.items():
        names = [name for name, found in printed.items() if occasion in found and "interval" not in found]
        if names:
            why = f"the script prints it only {words}. bttop shows what each interval counted; {_PRINTED}"
            yield ScriptCaveat("seldom", f"prints {words}", f"{', '.join(names)}: {why}.")
    writing = {occasion_of(script, script.probes[index]) for index in seen.writing_probes} - {"begin"}
    if writing and not printed and writing <= {"end", "signal"}:
        words = _SELDOM["signal" if "signal" in writing else "end"]
        why = f"The script prints only {words}. bttop shows what each interval counted"
        yield ScriptCaveat("seldom", f"prints {words}", f"{why}; the log has what the script prints.")


def unknown_periods(script: Script, probes: Sequence[int]) -> Iterator[ScriptCaveat]:
    """For interval blocks whose period bttop cannot read."""
    names = [point.text for index in probes for point in script.probes[index].points]
    if names:
        why = "bttop cannot read this period, so it does not notice late flushes, and does not restart a silent program"
        yield ScriptCaveat("period-unknown", "interval unknown", f"{', '.join(names)}: {why}.")


def interrupted(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> Iterator[ScriptCaveat]:
    """For maps whose key is the process on the CPU, in probes where that is the process that was interrupted. Omitted
    if the script's front matter has a caveat."""
    points = {
        point.text
        for use in seen.maps.values()
        for update in use.updates
        if any(_names_who(part) for part in update.keys)
        for point in script.probes[update.probe].points
        if interrupts(point)
    }
    if points and not (front is not None and front.badge):
        why = "the event runs in the process that was on the CPU, so pid, comm and stacks may belong to"
        yield ScriptCaveat(
            "interrupted", "pid may be a bystander", f"{', '.join(sorted(points))}: {why} another process."
        )


def _names_who(part: Sequence[Token]) -> bool:
    """Whether a key part describes the process on the CPU; a field with such a name describes the event."""
    return any(
        token.text in _WHO and (before is None or before.text not in (".", "->"))
        for before, token in zip((None, *part), part, strict=False)
    )


def losing(script: Script, seen: ScriptSurvey, choices: Sequence[SchemeChoice]) -> Iterator[ScriptCaveat]:
    """For maps that are shown and counted with `++` and `+=` unchanged."""
    rewritten = {choice.use.name for choice in choices if choice.rewritten}
    names = [use.name for use in seen.maps.values() if use.name not in rewritten and loses_updates(script, seen, use)]
    if names:
        why = "if two CPUs update the same key, 1 to 21 % of the updates are lost; count() and sum() lose none"
        yield ScriptCaveat("loses-updates", "++ loses updates", f"{', '.join(names)}: {why}.")


def _in_macros(names: Sequence[str]) -> Iterator[ScriptCaveat]:
    """For maps that macros count into in a way that bttop cannot edit, and whose prints cannot be subtracted."""
    if names:
        why = "a macro counts into it, which bttop does not edit, so the value since the start is shown"
        yield ScriptCaveat("in-macro", "not per interval", f"{', '.join(names)}: {why}.")


def _unseen(names: Sequence[str]) -> Iterator[ScriptCaveat]:
    """For maps that nothing fills that bttop can read."""
    if names:
        why = "bttop cannot see what fills it, so it is shown as it is, not per interval"
        yield ScriptCaveat("unseen", "not followed", f"{', '.join(names)}: {why}.")


def of_choices(choices: Sequence[SchemeChoice]) -> Iterator[ScriptCaveat]:
    """The caveats that follow from the choice of schemes."""
    counted = [choice for choice in choices if choice.use.only_counted]
    rewritten = ", ".join(choice.use.name for choice in counted if choice.rewritten)
    whole = [c.use for c in choices if c.scheme == "gauge" and c.use.aggregation != "value"]
    yield from _in_macros([use.name for use in whole if use.in_macros])
    yield from _unseen([choice.use.name for choice in choices if choice.use.is_unseen])
    if rewritten:
        why = "`++` and `+=` lose updates if two CPUs update the same key; count() and sum() lose none"
        yield ScriptCaveat("counted", "++ counted as count()", f"{rewritten}: {why}.")
    yield from _standing([use for use in whole if not use.in_macros])


def _standing(uses: Sequence[MapUse]) -> Iterator[ScriptCaveat]:
    """For maps whose current value is shown, with one caveat for each reason."""
    by_reason: dict[str, list[str]] = {}
    for use in uses:
        by_reason.setdefault(_why_standing(use), []).append(use.name)
    for why, names in by_reason.items():
        yield ScriptCaveat("as-it-stands", "not per interval", f"{', '.join(names)}: {why}.")


def _why_standing(use: MapUse) -> str:
    if use.aggregation == "tseries":
        return "it is a series of the script's own intervals, which is shown whole"
    shown = "so its current value is shown, not the value per interval"
    if use.declared and use.pure:
        return f"the script declares it with `let`, and two prints of a {use.aggregation} cannot be subtracted, {shown}"
    return f"the script reads, deletes or clears it, {shown}"
