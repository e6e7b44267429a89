"""The parts of a script that contain code: its probes, its macros, and the constants that `#define` names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.columns import split
from bttop.script.language.edits import Edit
from bttop.script.language.lexer import INSIGNIFICANT, LexerFault, Token, code_token
from bttop.script.language.probe_context import Context, context_of_probe
from bttop.script.language.reader import Probe, Script

LONGEST: Final = 200
"""Expressions with more tokens are not read: the time stays linear in the length of the script."""

RegionKind: TypeAlias = Literal["probe", "macro", "constant"]

_DEFINE: Final = pattern(r"#[ \t]*define[ \t]+(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]+(?=\S)")
_OPENING: Final = {")": "(", "]": "[", "}": "{"}
_CONTEXTS: Final[tuple[Context, ...]] = ("foreign", "inexact", "exact", "none")


class Code:
    """Significant tokens, and which brackets belong together."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tuple(tokens)

    @cached_property
    def partners(self) -> dict[int, int]:
        """The index of the other bracket, for each bracket that has one."""
        found: dict[int, int] = {}
        opened: list[int] = []
        for at, token in enumerate(self.tokens):
            if token.text in _OPENING.values():
                opened.append(at)
            elif token.text in _OPENING and opened:
                found[at] = opened.pop()
                found[found[at]] = at
        return found

    def text(self, at: int) -> str:
        """The text of a token; empty outside the code."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def inside(self, opening: int) -> tuple[Token, ...]:
        """The tokens between a bracket and its partner; none if they are too many."""
        closing = self.partners.get(opening, opening)
        return self.tokens[opening + 1 : closing] if closing - opening <= LONGEST else ()


class Region(Struct, frozen=True):
    """One part of a script. Variables belong to one region."""

    number: int
    kind: RegionKind
    name: str
    """Name of a macro or constant; empty for a probe."""
    code: Code
    context: Context
    """Context of a probe; for the others, the worst one of all probes."""
    parameters: tuple[str, ...] = ()
    """Parameters of a macro, as written: `$a`, `@m` or `a`."""
    probe: Probe | None = None


def narrowed(script: Script, probe: Probe, condition: str, operand: str) -> Iterator[Edit]:
    """The edits that restrict a probe to a condition, in front of its own predicate; `operand` is the condition as an
    operand of `&&`."""
    if probe.predicate is None:
        yield Edit(script.tokens[probe.block[0]].start, f" /{condition}/ ")
        return
    opening, closing = (script.tokens[index] for index in probe.predicate)
    # A comparison, because releases refuse a pointer as an operand of `&&`.
    yield Edit(opening.end, f"{operand} && ((")
    yield Edit(closing.start, ") != 0)")


def code_of(script: Script, probe: Probe) -> list[Token]:
    """The significant tokens of a probe's predicate and block."""
    start = probe.predicate[0] if probe.predicate else probe.block[0]
    return list(script.significant(start, probe.block[1] + 1))


def regions(script: Script) -> tuple[Region, ...]:
    """All regions of a script."""
    found: list[Region] = []
    contexts = [context_of_probe(probe) for probe in script.probes]
    worst: Context = next((one for one in _CONTEXTS if one in contexts), "none")
    for probe, context in zip(script.probes, contexts, strict=True):
        found.append(Region(len(found), "probe", "", Code(code_of(script, probe)), context, probe=probe))
    for name, parameters, tokens in _macros(script):
        found.append(Region(len(found), "macro", name, Code(tokens), worst, parameters))
    for name, tokens in _constants(script).items():
        found.append(Region(len(found), "constant", name, Code(tokens), worst))
    return tuple(found)


def _macros(script: Script) -> Iterator[tuple[str, tuple[str, ...], tuple[Token, ...]]]:
    """Name, parameters and block of each `macro`."""
    for definition in script.definitions:
        tokens = Code(list(script.significant(definition.start, definition.end)))
        if definition.keyword == "macro" and tokens.text(2) == "(":
            block = tokens.partners.get(2, 2) + 1
            parameters = tuple("".join(token.text for token in part) for part in split(tokens.inside(2)))
            yield tokens.text(1), parameters, tokens.tokens[block:]


def _constants(script: Script) -> dict[str, tuple[Token, ...]]:
    """The value of each constant. Of several definitions of one name the last one counts; bpftrace has no constants
    with parameters."""
    found: dict[str, tuple[Token, ...]] = {}
    for token in script.tokens:
        define = _DEFINE.match(token.text) if token.kind == "preprocessor" else None
        if define is not None:
            found[define["name"]] = tuple(_lexed(script.text, token.start + define.end(), token))
    return found


def _lexed(text: str, at: int, line: Token) -> Iterator[Token]:
    """The significant tokens from an offset to the end of a preprocessor line."""
    while at < line.end:
        token = code_token(text, at, line.line)
        if isinstance(token, LexerFault) or token.end > line.end:
            return
        if token.kind not in INSIGNIFICANT:
            yield token
        at = token.end
