"""The parameter that takes the pin: the `$1` that a script compares with a process id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from bttop.script.language.columns import Expression
from bttop.script.language.edits import Wrapping, wrap
from bttop.script.language.lexer import Token
from bttop.script.process.regions import Region

COMPARISONS: Final = frozenset({"==", "!="})


class PidComparison(Struct, frozen=True):
    """`A == $1` or `$1 == A`, or the same with `!=`, where A is a process id."""

    parameter: str
    region: Region
    operator: str
    left: Expression
    right: Expression
    other: Expression
    """The operand that is the process id."""
    is_own: bool
    """Whether it is always the id of the process on the CPU, or of its thread."""
    is_of_thread: bool
    """Whether it is always the id of a thread."""

    def widened(self, more: Sequence[Callable[[str], str]]) -> Wrapping:
        """Make the comparison accept more values: each function in `more` writes an equality condition for an
        operand."""
        operand = text_of(self.other) if len(self.other) == 1 else f"({text_of(self.other)})"
        others = [one(operand) for one in more]
        if self.operator == "!=":
            tail = "".join(f" && !({one})" for one in others)
        else:
            tail = "".join(f" || {one}" for one in others)
        return wrap(self.left[0], self.right[-1], "(", f"{tail})")


class PidParameter(Struct, frozen=True):
    """A parameter that a script compares with process ids."""

    name: str
    """`$1`, `$2` …"""
    comparisons: tuple[PidComparison, ...]
    is_key: bool
    """Whether it is also a key of a map that has process ids as keys: then it can stand for one process only."""

    @property
    def number(self) -> int:
        return int(self.name[1:])

    @property
    def is_of_current(self) -> bool:
        """Whether a condition on the process on the CPU restricts a script to the same processes: it does if each
        probe with comparisons has one with that process."""
        by_region = {one.region.number: one.region for one in self.comparisons}
        own = {one.region.number for one in self.comparisons if one.is_own}
        exact = all(region.context in ("exact", "none") for region in by_region.values())
        return exact and own == by_region.keys() and not self.is_key


def text_of(tokens: Sequence[Token]) -> str:
    """The text of the tokens, without comments and line ends."""
    text = ""
    for before, token in zip((None, *tokens), tokens, strict=False):
        apart = before is not None and before.kind != "punct" and token.kind != "punct"
        text += f"{' ' if apart else ''}{token.text}"
    return text
