"""What the user must know to read a program's numbers right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.script.attribution import interrupts
from bttop.script.badge import Badge
from bttop.script.frontmatter import FrontMatter
from bttop.script.lexer import Token
from bttop.script.reader import Script
from bttop.script.schemes import Choice
from bttop.script.survey import Survey

_WHO: Final = frozenset({"pid", "tid", "comm", "uid", "ustack", "cgroup", "username"})


def as_is(why: str) -> Badge:
    return Badge("as-is", "read as is", f"bttop runs this script without any edit: {why}.")


def said(front: FrontMatter | None) -> Iterator[Badge]:
    """The caveat of the script's own front matter."""
    if front is not None and front.badge:
        yield Badge("note", front.badge, front.help)


def not_pinned(wanted: tuple[object, ...] | None) -> tuple[Badge, ...]:
    """For a script that runs as it is although a pin is wanted."""
    why = "A script that runs as it is cannot be restricted, so everything is shown."
    return (Badge("unpinned", "not pinned", why),) if wanted and any(wanted) else ()


def approximate(names: Sequence[str]) -> Iterator[Badge]:
    """For maps that the script prints and clears by itself."""
    if names:
        why = "what is counted between print and clear is lost, and up to bpftrace 0.19 some is counted twice"
        yield Badge("approximate", "print+clear: approximate", f"{', '.join(names)}: {why}.")


def at_end(names: Sequence[str]) -> Iterator[Badge]:
    """For maps that the script does not print while it runs."""
    if names:
        why = "the script does not print it while it runs; it comes when the program ends, with all of the run"
        yield Badge("at-end", "more at the end", f"{', '.join(names)}: {why}.")


def interrupted(script: Script, seen: Survey, front: FrontMatter | None) -> Iterator[Badge]:
    """For maps that are keyed by who is on the CPU where that is whoever was interrupted. A script whose front matter
    has a caveat of its own has said so."""
    points = {
        point.text
        for use in seen.maps.values()
        for update in use.updates
        if any(_names_who(part) for part in update.keys)
        for point in script.probes[update.probe].points
        if interrupts(point)
    }
    if points and not (front is not None and front.badge):
        why = "the event is handled in the context of whichever process was on the CPU, so pid, comm and stacks may be"
        yield Badge("interrupted", "pid may be a bystander", f"{', '.join(sorted(points))}: {why} another's.")


def _names_who(part: Sequence[Token]) -> bool:
    """Whether a key part is about the process on the CPU; a field of that name is about the event's own."""
    return any(
        token.text in _WHO and (before is None or before.text not in (".", "->"))
        for before, token in zip((None, *part), part, strict=False)
    )


def losing(names: Sequence[str]) -> Iterator[Badge]:
    """For maps that are counted by `++` and `+=`, as they are."""
    if names:
        why = "two CPUs that meet on one key lose 1 to 20 % of the updates; count() and sum() lose none"
        yield Badge("loses-updates", "++ loses updates", f"{', '.join(names)}: {why}.")


def of_choices(choices: Sequence[Choice]) -> Iterator[Badge]:
    """What the choice of schemes means to the reader."""
    counted = [choice for choice in choices if choice.use.only_counted]
    rewritten = ", ".join(choice.use.name for choice in counted if choice.rewritten)
    standing = ", ".join(c.use.name for c in choices if c.scheme == "gauge" and c.use.aggregation != "value")
    if rewritten:
        why = "`++` and `+=` lose updates when two CPUs meet on one key; count() and sum() lose none"
        yield Badge("counted", "++ counted as count()", f"{rewritten}: {why}.")
    yield from losing([choice.use.name for choice in counted if not choice.rewritten])
    if standing:
        why = "the script reads, deletes or clears it, so it is shown as it stands and not per interval"
        yield Badge("as-it-stands", "not per interval", f"{standing}: {why}.")
