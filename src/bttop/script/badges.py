"""What the user must know to read a program's numbers right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bttop.script.frontmatter import FrontMatter
from bttop.script.schemes import Choice


class Badge(NamedTuple):
    """A caveat."""

    code: str
    """For programs: `as-is`, `note`, `counted`, `loses-updates`, `as-it-stands`, `approximate`,
    `pin-inexact`, `unpinned`, `thread-id`."""
    text: str
    """A few words for a pane's state line."""
    explanation: str
    """A sentence or two: why, and what to do."""


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
