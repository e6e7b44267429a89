"""The parameter that takes the pin: the `$1` that a script compares with a process id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from bttop.script.language.columns import Expression
from bttop.script.language.edits import Wrapping, wrap
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Script
from bttop.script.language.survey import ASSIGNMENTS
from bttop.script.process.assignments import Value, key_at
from bttop.script.process.origins import NUMBER, OF_CURRENT, PROCESS_IDS, THREAD_IDS, Origins
from bttop.script.process.regions import LONGEST, Code, Region, regions

COMPARISONS: Final = frozenset({"==", "!="})
_BREAKS: Final = frozenset({"&&", "||", "&", "|", "^", "?", ":", ";", "{", "}", "/", ","})
_KEYWORDS: Final = frozenset({"return", "if", "else", "while", "comptime"})
_ENDS: Final = _BREAKS | _KEYWORDS | COMPARISONS | ASSIGNMENTS


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


def pid_parameters(script: Script) -> tuple[PidParameter, ...]:
    """The parameters that a script compares with process ids, in the order of their numbers."""
    found = regions(script)
    if not any(token.text[1:].isdecimal() for region in found for token in region.code.tokens if _is_variable(token)):
        return ()
    origins = Origins(found)
    compared = [one for region in found for one in _comparisons(origins, region)]
    keys = {name for region in found for name in _keys(origins, region)}
    names = sorted(keys.union(one.parameter for one in compared), key=lambda name: int(name[1:]))
    return tuple(
        PidParameter(name, tuple(one for one in compared if one.parameter == name), name in keys) for name in names
    )


def text_of(tokens: Sequence[Token]) -> str:
    """The text of the tokens, without comments and line ends."""
    text = ""
    for before, token in zip((None, *tokens), tokens, strict=False):
        apart = before is not None and before.kind != "punct" and token.kind != "punct"
        text += f"{' ' if apart else ''}{token.text}"
    return text


def _is_variable(token: Token) -> bool:
    return token.kind == "variable"


def _comparisons(origins: Origins, region: Region) -> Iterator[PidComparison]:
    for at, token in enumerate(region.code.tokens):
        if token.text in COMPARISONS:
            left, right = _left(region.code, at), _right(region.code, at)
            for asked, other in ((left, right), (right, left)):
                parameter = _parameter(origins.of(Value(region.number, asked)))
                about = origins.of(Value(region.number, other))
                if parameter and about & PROCESS_IDS and about <= PROCESS_IDS | {NUMBER}:
                    is_own, is_of_thread = about <= OF_CURRENT | {NUMBER}, about <= THREAD_IDS | {NUMBER}
                    yield PidComparison(parameter, region, token.text, left, right, other, is_own, is_of_thread)


def _parameter(found: frozenset[str]) -> str:
    """The one parameter that is among the origins of a value; empty if there is none or anything else but process ids
    and numbers, as `$1 == 0 ? pid : $1` has."""
    names = [name for name in found if name.startswith("$")]
    return names[0] if len(names) == 1 and found <= PROCESS_IDS | {NUMBER, names[0]} else ""


def _keys(origins: Origins, region: Region) -> Iterator[str]:
    """The parameters that are keys of maps that have process ids as keys too: `@watched[$1] = 1`, `@watched[pid]`."""
    for at, token in enumerate(region.code.tokens):
        for slot, part in enumerate(key_at(region.code, at) if token.kind == "map" else ()):
            parameter = _parameter(origins.of(Value(region.number, part)))
            others = [key[slot] for key in origins.assigned.keys_of(token.text) if slot < len(key)]
            if parameter and any(origins.of(other) & PROCESS_IDS for other in others[:LONGEST]):
                yield parameter


def _left(code: Code, operator: int) -> Expression:
    """The operand before an operator; empty if it is too long."""
    at = operator - 1
    while operator - at <= LONGEST and at >= 0 and code.text(at) not in _ENDS:
        partner = code.partners.get(at, at)
        if partner > at:
            break
        at = partner - 1
    return code.tokens[at + 1 : operator] if operator - at <= LONGEST else ()


def _right(code: Code, operator: int) -> Expression:
    """The operand behind an operator; empty if it is too long."""
    at = operator + 1
    while at - operator <= LONGEST and at < len(code.tokens) and code.text(at) not in _ENDS:
        partner = code.partners.get(at, at)
        if partner < at:
            break
        at = partner + 1
    return code.tokens[operator + 1 : at] if at - operator <= LONGEST else ()
