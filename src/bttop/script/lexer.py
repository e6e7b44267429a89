"""The words of bpftrace's language: what stands where in a script's text, comments and white space included.

bpftrace has two ways to read: code (predicates, blocks, definitions), and attach points, where a word runs up
to white space, `,` or `{`, and slashes and comment marks belong to it. The reader knows which one applies.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias, cast

TokenKind: TypeAlias = Literal[
    "space", "comment", "preprocessor", "string", "number", "word", "map", "variable", "attach", "punct"
]


class Token(NamedTuple):
    """One word of a script."""

    kind: TokenKind
    text: str
    start: int
    """Offset of its first character."""
    line: int
    """Line of its first character, from 1."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Fault(NamedTuple):
    """Text that no token can start with: an opening mark that is never closed."""

    reason: str
    start: int


_SPACE = r"[ \t\r\n\f\v]+"
_COMMENT = r"//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/"
_STRING = r'"(?:[^"\\\n]|\\[^\n])*"'

_CODE = re.compile(
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
_TRIVIA = re.compile(rf"(?P<space>{_SPACE})|(?P<comment>{_COMMENT})|(?P<preprocessor>\#[^\n]*)|(?P<fault>/\*)")
_BETWEEN = re.compile(rf"(?:{_SPACE}|{_COMMENT})*")
_ATTACH = re.compile(rf'(?:[^ \t\r\n\f\v,{{"]|{_STRING})+')

INSIGNIFICANT: Final = frozenset({"space", "comment", "preprocessor"})


def code_token(text: str, at: int, line: int) -> Token | Fault:
    """The token of code at offset `at`, which must lie inside the text."""
    found = cast("re.Match[str]", _CODE.match(text, at))
    return _token(found, line)


def trivia_token(text: str, at: int, line: int) -> Token | Fault | None:
    """White space, a comment or a preprocessor line at `at`, as they stand between the parts of a script."""
    found = _TRIVIA.match(text, at)
    return None if found is None else _token(found, line)


def attach_token(text: str, at: int, line: int) -> Token | None:
    """One attach point at `at`: a word up to white space, `,` or `{`; quotes protect these."""
    found = _ATTACH.match(text, at)
    return None if found is None else Token("attach", found[0], at, line)


def after_blanks(text: str, at: int) -> int:
    """The offset of the next character that is neither white space nor in a comment."""
    found = cast("re.Match[str]", _BETWEEN.match(text, at))
    return found.end()


def _token(found: re.Match[str], line: int) -> Token | Fault:
    kind = cast("str", found.lastgroup)
    if kind == "fault":
        mark = "comment" if found[0] == "/*" else "string"
        return Fault(f"this {mark} is never closed", found.start())
    return Token(cast("TokenKind", kind), found[0], found.start(), line)
