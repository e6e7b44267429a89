"""Maps that note whose something is: a socket's owner, for the timer that looks it up in nobody's context."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, cast

from bttop.script.columns import Expression
from bttop.script.lexer import Token
from bttop.script.parameter import code_of
from bttop.script.reader import Script
from bttop.script.survey import ASSIGNMENTS, ENDS, Survey

Who: TypeAlias = Literal["pid", "comm"]


def noted_maps(script: Script, seen: Survey) -> dict[str, Who]:
    """The maps whose every value is `pid`, or `comm`, of the process at hand when it was noted."""
    values: dict[str, set[str]] = defaultdict(set)
    for probe in script.probes:
        for name, value in _assigned(code_of(script, probe)):
            values[name].add(value)
    return {
        name: cast("Who", next(iter(found)))
        for name, found in values.items()
        if found in ({"pid"}, {"comm"}) and seen.maps[name].uses <= {"assign", "read", "delete"}
    }


def is_access(part: Expression) -> bool:
    """Whether a part of a key is one look into a map, and nothing around it."""
    return part[0].kind == "map" and len(part) > 1 and _behind_key(part, 0) == len(part)


def _assigned(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The maps that are assigned, each with the builtin that it becomes; empty for anything else."""
    for at, token in enumerate(tokens):
        if token.kind != "map":
            continue
        operator = _behind_key(tokens, at)
        texts = [one.text for one in tokens[operator : operator + 3]]
        if texts and texts[0] in ASSIGNMENTS:
            is_plain = texts[0] == "=" and texts[-1] in ENDS
            yield token.text, texts[1] if is_plain else ""


def _behind_key(tokens: Sequence[Token], at: int) -> int:
    """The index behind a map and its key, if it has one."""
    depth = 0
    for index in range(at + 1, len(tokens)):
        depth += (tokens[index].text == "[") - (tokens[index].text == "]")
        if not depth:
            return index + (tokens[index].text == "]")
    return len(tokens)
