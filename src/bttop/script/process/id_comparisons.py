"""Finds where a script compares its parameters with process ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.script.language.columns import Expression
from bttop.script.language.survey import ASSIGNMENTS
from bttop.script.process.assignments import Value, key_at
from bttop.script.process.origins import NUMBER, OF_CURRENT, PROCESS_IDS, THREAD_IDS, Origins
from bttop.script.process.pid_parameter import COMPARISONS, PidComparison, PidParameter
from bttop.script.process.regions import LONGEST, Code, Region

_BREAKS: Final = frozenset({"&&", "||", "&", "|", "^", "?", ":", ";", "{", "}", "/", ","})
_KEYWORDS: Final = frozenset({"return", "if", "else", "while", "comptime"})
_ENDS: Final = _BREAKS | _KEYWORDS | COMPARISONS | ASSIGNMENTS


def find_parameters(found: Sequence[Region]) -> tuple[PidParameter, ...]:
    """The parameters that the regions of a script compare with process ids, in the order of their numbers."""
    origins = Origins(found)
    compared = [one for region in found for one in _comparisons(origins, region)]
    keys = {name for region in found for name in _keys(origins, region)}
    names = sorted(keys.union(one.parameter for one in compared), key=lambda name: int(name[1:]))
    return tuple(
        PidParameter(name, tuple(one for one in compared if one.parameter == name), name in keys) for name in names
    )


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
