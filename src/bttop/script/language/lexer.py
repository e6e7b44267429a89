"""The tokens of bpftrace's language, including comments and white space.

bpftrace has two lexical modes: code (predicates, blocks, definitions), and attach points, where a word extends to
white space, `,` or `{` and may contain slashes and comment marks. The reader knows which mode applies.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias, cast

from msgspec import Struct

from bttop.patterns import pattern

TokenKind: TypeAlias = Literal[
    "space", "comment", "preprocessor", "string", "number", "word", "map", "variable", "attach", "punct"
]


class Token(Struct, frozen=True):
    """One token of a script."""

    kind: TokenKind
    text: str
    start: int
    """Offset of its first character."""
    line: int
    """Line of its first character, from 1."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class LexerFault(NamedTuple):
    """A comment or string that is not closed."""

    reason: str
    start: int


_SPACE = r"[ \t\r\n\f\v]+"
_COMMENT = r"//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
_STRING = r'"(?:[^"\\\n]|\\[^\n])*"'

_CODE = pattern(
    rf"""(?P<space>{_SPACE})
    |(?P<comment>{_COMMENT})
    |(?P<string>{_STRING})
    |(?P<fault>/\*|")
    |(?P<map>@(?:[A-Za-z_][A-Za-z0-9_]*)?)
    |(?P<variable>\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|\#))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9][0-9A-Za-z_]*)
    |(?P<punct><<=|>>=|->|\+\+|--|[-+*/%&|^=!<>]=|<<|>>|&&|\|\||\.\.|::|.)""",
    re.VERBOSE | re.DOTALL,
)
_TRIVIA = pattern(rf"(?P<space>{_SPACE})|(?P<comment>{_COMMENT})|(?P<preprocessor>\#[^\n]*)|(?P<fault>/\*)")
_BETWEEN = pattern(rf"(?:{_SPACE}|{_COMMENT})*")
_ATTACH = pattern(rf'(?:[^ \t\r\n\f\v,{{"]|{_STRING})+')

INSIGNIFICANT: Final = frozenset({"space", "comment", "preprocessor"})


def code_token(text: str, at: int, line: int) -> Token | LexerFault:
    """The code token at offset `at`, which must be inside the text."""
    found = cast("re.Match[str]", _CODE.match(text, at))
    return _token(found, line)


def trivia_token(text: str, at: int, line: int) -> Token | LexerFault | None:
    """White space, a comment or a preprocessor line at `at`, between the parts of a script; None if there is none."""
    found = _TRIVIA.match(text, at)
    return None if found is None else _token(found, line)


def attach_token(text: str, at: int, line: int) -> Token | None:
    """The attach point at `at`: a word up to white space, `,` or `{`, which may also be inside quotes. None if there is
    none."""
    found = _ATTACH.match(text, at)
    return None if found is None else Token("attach", found[0], at, line)


def after_blanks(text: str, at: int) -> int:
    """The offset of the next character that is not white space or part of a comment."""
    found = cast("re.Match[str]", _BETWEEN.match(text, at))
    return found.end()


def _token(found: re.Match[str], line: int) -> Token | LexerFault:
    kind = cast("str", found.lastgroup)
    if kind == "fault":
        mark = "comment" if found[0] == "/*" else "string"
        return LexerFault(f"this {mark} is not closed", found.start())
    return Token(cast("TokenKind", kind), found[0], found.start(), line)
