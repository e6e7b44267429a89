"""The caveats that a user needs to interpret a program's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.front_matter import FrontMatter
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import interrupts
from bttop.script.language.reader import Script
from bttop.script.language.survey import ScriptSurvey
from bttop.script.rewrite.schemes import SchemeChoice

_WHO: Final = frozenset({"pid", "tid", "comm", "uid", "ustack", "cgroup", "username"})


def as_is(why: str) -> ScriptCaveat:
    return ScriptCaveat("as-is", "read as is", f"bttop runs this script without any edit: {why}.")


def said(front: FrontMatter | None) -> Iterator[ScriptCaveat]:
    """The caveat of the script's own front matter."""
    if front is not None and front.badge:
        yield ScriptCaveat("note", front.badge, front.help)


def not_pinned(wanted: tuple[object, ...] | None) -> tuple[ScriptCaveat, ...]:
    """For a script that runs unedited although a pin is set."""
    why = "A script that runs unedited cannot be restricted, so all processes are shown."
    return (ScriptCaveat("unpinned", "not pinned", why),) if wanted and any(wanted) else ()


def approximate(names: Sequence[str]) -> Iterator[ScriptCaveat]:
    """For maps that the script prints and clears itself."""
    if names:
        why = "events between print and clear are lost, and up to bpftrace 0.19 some are counted twice"
        yield ScriptCaveat("approximate", "print+clear: approximate", f"{', '.join(names)}: {why}.")


def at_end(names: Sequence[str]) -> Iterator[ScriptCaveat]:
    """For maps that the script does not print while it runs."""
    if names:
        why = "the script does not print it while it runs; its total of the whole run is shown when the program ends"
        yield ScriptCaveat("at-end", "more at the end", f"{', '.join(names)}: {why}.")


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


def losing(names: Sequence[str]) -> Iterator[ScriptCaveat]:
    """For maps that are counted with `++` and `+=` unchanged."""
    if names:
        why = "if two CPUs update the same key, 1 to 21 % of the updates are lost; count() and sum() lose none"
        yield ScriptCaveat("loses-updates", "++ loses updates", f"{', '.join(names)}: {why}.")


def of_choices(choices: Sequence[SchemeChoice]) -> Iterator[ScriptCaveat]:
    """The caveats that follow from the choice of schemes."""
    counted = [choice for choice in choices if choice.use.only_counted]
    rewritten = ", ".join(choice.use.name for choice in counted if choice.rewritten)
    standing = ", ".join(c.use.name for c in choices if c.scheme == "gauge" and c.use.aggregation != "value")
    if rewritten:
        why = "`++` and `+=` lose updates if two CPUs update the same key; count() and sum() lose none"
        yield ScriptCaveat("counted", "++ counted as count()", f"{rewritten}: {why}.")
    yield from losing([choice.use.name for choice in counted if not choice.rewritten])
    if standing:
        why = "the script reads, deletes or clears it, so its current value is shown, not the value per interval"
        yield ScriptCaveat("as-it-stands", "not per interval", f"{standing}: {why}.")
