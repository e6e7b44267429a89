"""What a script assigns to its variables and maps, and by which keys it reads its maps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bttop.script.language.columns import Expression, split
from bttop.script.language.survey import ASSIGNMENTS
from bttop.script.process.regions import LONGEST, Code, Region

_STEPS: Final = frozenset({"++", "--"})
_STOPS: Final = frozenset({";", "}", ")", "]"})
_KEYED: Final = frozenset({"has_key", "delete"})


class Value(Struct, frozen=True):
    """An expression and the region whose variables it uses."""

    region: int
    expression: Expression
    """Empty if the value is not an expression of the script, as with `+=` or `++`."""


class Assignments:
    """All values of variables and maps, and all keys of maps."""

    def __init__(self, found: Sequence[Region]) -> None:
        self._values: defaultdict[tuple[int, str], list[Value]] = defaultdict(list)
        self._keys: defaultdict[str, list[tuple[Value, ...]]] = defaultdict(list)
        self._loops: dict[tuple[int, str], str] = {}
        macros = [region for region in found if region.kind == "macro"]
        for region in found:
            self._collect(region)
            self._pass(region, macros)

    def of_variable(self, region: int, name: str) -> Sequence[Value]:
        """The values of a variable, or of a macro's parameter."""
        return self._values.get((region, name), ())

    def of_map(self, name: str) -> Sequence[Value]:
        return self._values.get((-1, name), ())

    def keys_of(self, name: str) -> Sequence[tuple[Value, ...]]:
        """The parts of each key with which a map is used."""
        return self._keys.get(name, ())

    def loop_map(self, region: int, variable: str) -> str:
        """The map that `for ($kv : @map)` reads; empty if the variable is none of a loop."""
        return self._loops.get((region, variable), "")

    def _collect(self, region: Region) -> None:
        code = region.code
        for at, token in enumerate(code.tokens):
            if token.kind == "variable":
                self._take((region.number, token.text), region, at, _behind_type(code, at))
                if (code.text(at - 1), code.text(at + 1)) == ("(", ":") and code.text(at + 2).startswith("@"):
                    self._loops[region.number, token.text] = code.text(at + 2)
            elif token.kind == "map":
                self._take((-1, token.text), region, at, behind_key(code, at))
                if key := key_at(code, at):
                    self._keys[token.text].append(tuple(Value(region.number, part) for part in key))

    def _take(self, name: tuple[int, str], region: Region, at: int, operator: int) -> None:
        code = region.code
        if code.text(operator) == "=":
            self._values[name].append(Value(region.number, _until_end(code, operator + 1)))
        elif code.text(operator) in ASSIGNMENTS or code.text(at - 1) in _STEPS:
            self._values[name].append(Value(region.number, ()))

    def _pass(self, region: Region, macros: Sequence[Region]) -> None:
        """Take the arguments of calls as values of the macros' parameters."""
        for at, token in enumerate(region.code.tokens):
            if token.kind == "word" and region.code.text(at + 1) == "(":
                for macro in macros:
                    if macro.name == token.text:
                        arguments = split(region.code.inside(at + 1))
                        for name, argument in zip(macro.parameters, arguments, strict=False):
                            self._values[macro.number, name].append(Value(region.number, argument))


def behind_key(code: Code, at: int) -> int:
    """The index after a map and its key, if it has one."""
    return code.partners.get(at + 1, at) + 1 if code.text(at + 1) == "[" else at + 1


def key_at(code: Code, at: int) -> tuple[Expression, ...]:
    """The parts of the key with which the map at an index is used: `@m[a, b]`, `has_key(@m, a)` or `delete(@m, a)`."""
    if code.text(at + 1) == "[":
        return split(code.inside(at + 1))
    if code.text(at - 1) == "(" and code.text(at + 1) == "," and code.text(at - 2) in _KEYED:
        return split(code.inside(at - 1))[1:2]
    return ()


def _behind_type(code: Code, at: int) -> int:
    """The index after a variable and the type that `let $x : type` gives it."""
    if code.text(at - 1) != "let" or code.text(at + 1) != ":":
        return at + 1
    return next((index for index in range(at, at + LONGEST) if code.text(index) in ("=", ";", "}")), at + 1)


def _until_end(code: Code, start: int) -> Expression:
    """The tokens from an index to the end of the statement; none if they are too many."""
    at, limit = start, min(len(code.tokens), start + LONGEST)
    while at < limit and code.text(at) not in _STOPS:
        at = code.partners.get(at, at) + 1
    return code.tokens[start:at] if at <= limit else ()
