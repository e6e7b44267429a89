"""Maps that store the owner of something: for example a socket's, for a timer that runs in an unrelated process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, cast

from bttop.script.language.columns import Expression
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Script
from bttop.script.language.survey import ASSIGNMENTS, ENDS, ScriptSurvey
from bttop.script.process.pid_parameter import code_of

Who: TypeAlias = Literal["pid", "comm"]


def noted_maps(script: Script, seen: ScriptSurvey) -> dict[str, Who]:
    """The maps to which a script assigns nothing but `pid`, or nothing but `comm`, of the current process."""
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
    """Whether a part of a key is exactly one map access."""
    return part[0].kind == "map" and len(part) > 1 and _behind_key(part, 0) == len(part)


def _assigned(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Each assigned map with the value: the single token that is assigned with `=`, or '' for anything else."""
    for at, token in enumerate(tokens):
        if token.kind != "map":
            continue
        operator = _behind_key(tokens, at)
        texts = [one.text for one in tokens[operator : operator + 3]]
        if texts and texts[0] in ASSIGNMENTS:
            is_plain = texts[0] == "=" and texts[-1] in ENDS
            yield token.text, texts[1] if is_plain else ""


def _behind_key(tokens: Sequence[Token], at: int) -> int:
    """The index after a map and its key, if it has one."""
    depth = 0
    for index in range(at + 1, len(tokens)):
        depth += (tokens[index].text == "[") - (tokens[index].text == "]")
        if not depth:
            return index + (tokens[index].text == "]")
    return len(tokens)
