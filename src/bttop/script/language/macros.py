"""The macros of a script: bpftrace's own (`macro tally(@m, key) { … }`) and object-like ones of the preprocessor.

bttop does not edit macros. It replaces calls by bodies only to learn what they do with the maps that they are given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.columns import Expression, split
from bttop.script.language.lexer import INSIGNIFICANT, LexerFault, Token, code_token
from bttop.script.language.reader import Definition, Script

MOST_TOKENS: Final = 100_000
"""Tokens of expanded bodies after which no call of a block is followed: macros that call others can grow without
limit."""
_NAME = pattern(r"@(?:[A-Za-z_][A-Za-z0-9_]*)?")
_DEFINE = pattern(r"#[ \t]*define[ \t]+([A-Za-z_][A-Za-z0-9_]*)[ \t]+(.+)")


class Macro(Struct, frozen=True):
    """One definition of a macro."""

    parameters: tuple[str, ...]
    """With their `@` or `$`; an expression has neither."""
    body: tuple[Token, ...]
    """Significant tokens, from `{` to its `}`."""

    def takes(self, arguments: Sequence[Expression]) -> bool:
        """Whether it can be called with these arguments: a map stands for a map, a variable for a variable."""
        pairs = zip(self.parameters, arguments, strict=False)
        return len(self.parameters) == len(arguments) and all(_fits(name, argument) for name, argument in pairs)

    def expanded(self, arguments: Sequence[Expression]) -> tuple[Token, ...]:
        """The body with the arguments in place of the parameters."""
        given = dict(zip(self.parameters, arguments, strict=True))
        pairs = zip((None, *self.body), self.body, strict=False)
        return tuple(one for before, token in pairs for one in _replaced(before, token, given))


Macros = Mapping[str, Sequence[Macro]]
"""The definitions by name; several may differ in their parameters."""


class MacroCall(Struct, frozen=True):
    """A call inside a block."""

    name: str
    start: int
    """Index of its name among the tokens."""
    end: int
    """Index after its last token."""
    body: tuple[Token, ...]
    """The expanded body."""


class Calling:
    """The calls that lead to a block."""

    def __init__(self, names: frozenset[str] = frozenset(), room: list[int] | None = None) -> None:
        self._names = names
        self._room = [MOST_TOKENS] if room is None else room
        """How many tokens more may be read, shared by all bodies of a block."""

    @property
    def is_exhausted(self) -> bool:
        return self._room[0] < 0

    def may_call(self, name: str) -> bool:
        """bpftrace refuses recursion."""
        return name not in self._names and not self.is_exhausted

    def inside(self, call: MacroCall) -> Calling:
        """The calls that lead to the body of another one."""
        self._room[0] -= len(call.body)
        return Calling(self._names | {call.name}, self._room)


def macros_of(scripts: Iterable[Script]) -> Macros:
    """The macros that these scripts define."""
    found: dict[str, list[Macro]] = defaultdict(list)
    for script in scripts:
        for definition in script.definitions:
            if definition.keyword == "macro" and (named := _macro(script, definition)) is not None:
                found[named[0]].append(named[1])
        for token in script.tokens:
            if token.kind == "preprocessor" and (defined := _define(token)) is not None:
                found[defined[0]].append(defined[1])
    return found


def macro_calls(
    tokens: Sequence[Token], pairs: Mapping[int, int], macros: Macros, calling: Calling
) -> Iterator[MacroCall]:
    """The outermost calls in a block. `pairs` maps opening to closing brackets."""
    done = 0
    for at, token in enumerate(tokens):
        if at < done or token.kind != "word" or token.text not in macros or not calling.may_call(token.text):
            continue
        if at and tokens[at - 1].text in (".", "->"):
            continue
        close = pairs.get(at + 1) if at + 1 < len(tokens) and tokens[at + 1].text == "(" else None
        arguments = split(tokens[at + 2 : close]) if close is not None else ()
        macro = next((one for one in macros[token.text] if one.takes(arguments)), None)
        if macro is not None:
            done = at + 1 if close is None else close + 1
            yield MacroCall(token.text, at, done, macro.expanded(arguments))


def _fits(name: str, argument: Expression) -> bool:
    kind = {"@": "map", "$": "variable"}.get(name[:1])
    return kind is None or (len(argument) == 1 and argument[0].kind == kind)


def _replaced(before: Token | None, token: Token, given: Mapping[str, Expression]) -> Expression:
    is_field = before is not None and before.text in (".", "->")
    return (token,) if is_field else given.get(token.text, (token,))


def _macro(script: Script, definition: Definition) -> tuple[str, Macro] | None:
    """The name and the macro that a definition defines; None if bpftrace would refuse it."""
    tokens = list(script.significant(definition.start, definition.end))
    texts = [token.text for token in tokens]
    if len(tokens) < 5 or texts[2] != "(" or ")" not in texts or "{" not in texts:
        return None
    parameters = split(tokens[3 : texts.index(")")])
    return texts[1], Macro(tuple(one[0].text for one in parameters), tuple(tokens[texts.index("{") :]))


def _define(line: Token) -> tuple[str, Macro] | None:
    """The name and the replacement of an object-like macro; None if the line defines none."""
    found = _DEFINE.match(line.text)
    if found is None:
        return None
    body = [Token("punct", "{", 0, line.line)]
    at = 0
    while at < len(found[2]):
        token = code_token(found[2], at, line.line)
        if isinstance(token, LexerFault):
            return None
        at = token.end
        if token.kind not in INSIGNIFICANT:
            body.append(token)
    return found[1], Macro((), (*body, Token("punct", "}", at, line.line)))


def maps_outside_probes(script: Script) -> set[str]:
    """Maps that preprocessor lines and functions may use."""
    hidden: set[str] = set()
    for token in script.tokens:
        if token.kind == "preprocessor":
            hidden.update(_NAME.findall(token.text))
    for definition in script.definitions:
        if definition.keyword == "fn":
            tokens = script.significant(definition.start, definition.end)
            hidden.update(token.text for token in tokens if token.kind == "map")
    return hidden
