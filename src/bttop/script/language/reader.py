"""Reads the structure of a script: its definitions, and its probes with attach points, predicate and block.

Reads the language that bpftrace 0.14 to 0.27 accept. For anything else it returns an `Unreadable`; such a script can
still be passed to bpftrace unedited.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.language.lexer import (
    INSIGNIFICANT,
    LexerFault,
    Token,
    after_blanks,
    attach_token,
    code_token,
    trivia_token,
)

LONGEST_SCRIPT: Final = 120 * 1024
"""Maximum size in bytes: bpftrace gets the text as one argument, for which the kernel's limit is 128 KiB."""

_PROVIDERS: Final = {
    "k": "kprobe",
    "kr": "kretprobe",
    "u": "uprobe",
    "ur": "uretprobe",
    "t": "tracepoint",
    "rt": "rawtracepoint",
    "p": "profile",
    "i": "interval",
    "s": "software",
    "h": "hardware",
    "w": "watchpoint",
    "aw": "asyncwatchpoint",
    "it": "iter",
    "f": "fentry",
    "fr": "fexit",
    "kfunc": "fentry",
    "kretfunc": "fexit",
}
_DEFINITION = pattern(r"(struct|union|enum|typedef|config|let|macro|import|fn)(?![A-Za-z0-9_:*])")
_ATTRIBUTE = pattern(r"__attribute__(?![A-Za-z0-9_])")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*=")
"""The name of an attach point, which may precede its provider from bpftrace 0.25 on."""
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}


class Unreadable(NamedTuple):
    """Why a script could not be read."""

    reason: str
    line: int = 0
    """From 1; 0 if the reason concerns the whole text."""
    column: int = 0
    """Byte in the line, from 1, as bpftrace counts."""
    text: str = ""
    """The script if it can be passed to bpftrace unedited, else empty."""


class AttachPoint(Struct, frozen=True):
    """One attach point of a probe."""

    text: str
    """As written."""
    provider: str
    """Long name in lower case: `tracepoint` for `t`, `begin` for `BEGIN`, `fentry` for `kfunc`."""
    rest: str
    """The text after the provider's colon, as written."""
    line: int


class Probe(Struct, frozen=True):
    """One probe. Indices refer to the script's tokens."""

    points: tuple[AttachPoint, ...]
    start: int
    """Index of the first attach point."""
    predicate: tuple[int, int] | None
    """Indices of the two slashes."""
    block: tuple[int, int]
    """Indices of `{` and its `}`."""

    def has(self, *providers: str) -> bool:
        """Whether any attach point belongs to one of these providers."""
        return any(point.provider in providers for point in self.points)


class Definition(Struct, frozen=True):
    """A part that is not a probe: for example `struct`, `config`, `let`, `macro` or `import`."""

    keyword: str
    start: int
    """Index of its first token."""
    end: int
    """Index after its last token."""


class Script(NamedTuple):
    """A script that was read."""

    text: str
    tokens: tuple[Token, ...]
    """All tokens in order; their joined texts are the script."""
    probes: tuple[Probe, ...]
    definitions: tuple[Definition, ...]
    imports: tuple[Imported, ...] = ()
    """The `.bt` files that it imports, directly or through others."""
    filled: frozenset[str] = frozenset()
    """The parameters (`$1`) of its attach points that were replaced by their values."""

    def significant(self, start: int, end: int) -> Iterator[Token]:
        """The tokens of an index range without white space, comments and preprocessor lines."""
        return (token for token in self.tokens[start:end] if token.kind not in INSIGNIFICANT)

    @property
    def imported(self) -> tuple[Script, ...]:
        """The imported files that can be read."""
        return tuple(one.script for one in self.imports if isinstance(one.script, Script))

    @property
    def points(self) -> tuple[AttachPoint, ...]:
        return tuple(point for probe in self.probes for point in probe.points)

    @property
    def first_probe(self) -> int:
        """Offset at which the first probe starts."""
        return self.tokens[self.probes[0].start].start


class Imported(Struct, frozen=True):
    """One file that a script imports."""

    path: str
    """Absolute."""
    script: Script | Unreadable


def read(source: str | bytes, *, imported: bool = False) -> Script | Unreadable:
    """Read a script, in time linear in its length. Never raises. A file that is `imported` needs no probe."""
    text = _as_text(source)
    if isinstance(text, Unreadable):
        return text
    try:
        return _Reader(text).script(needs_probe=not imported)
    except _RefusedError as refused:
        line, column = position(text, refused.offset)
        return Unreadable(refused.reason, line, column, text)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and byte column, both from 1, of a character offset."""
    begin = text.rfind("\n", 0, offset) + 1
    line = text.count("\n", 0, begin) + 1
    return line, len(text[begin:offset].encode()) + 1


def provider_of(word: str) -> str:
    """The long name of a provider."""
    if word == "U":
        return "usdt"
    lower = word.lower()
    return _PROVIDERS.get(lower, lower)


def _as_text(source: str | bytes) -> str | Unreadable:
    try:
        data = source.encode() if isinstance(source, str) else source
        text = data.decode()
    except UnicodeError:
        return Unreadable("not a text file: it is not valid UTF-8")
    if "\0" in text:
        return Unreadable("not a text file: it contains NUL", *position(text, text.index("\0")))
    if len(data) > LONGEST_SCRIPT:
        limit = LONGEST_SCRIPT // 1024
        return Unreadable(f"{len(data) // 1024} KiB are too long: bpftrace takes {limit} KiB as an argument")
    return text


class _RefusedError(Exception):
    """Ends the reading; it does not leave this module."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._tokens: list[Token] = []
        self._probes: list[Probe] = []
        self._definitions: list[Definition] = []

    def script(self, *, needs_probe: bool) -> Script:
        while not self._done_after_trivia():
            found = _DEFINITION.match(self._text, self._at)
            if self._peek() == ";":
                self._code()
            elif found is not None:
                self._definition(found[1])
            else:
                self._probe()
        if needs_probe and not self._probes:
            raise _RefusedError("there is no probe in this script", self._at)
        return Script(self._text, tuple(self._tokens), tuple(self._probes), tuple(self._definitions))

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _push(self, token: Token) -> Token:
        self._tokens.append(token)
        self._at = token.end
        self._line += token.text.count("\n")
        return token

    def _code(self) -> Token:
        token = code_token(self._text, self._at, self._line)
        if isinstance(token, LexerFault):
            raise _RefusedError(*token)
        return self._push(token)

    def _done_after_trivia(self) -> bool:
        """Consume white space, comments and preprocessor lines; return whether the text ended."""
        while (token := trivia_token(self._text, self._at, self._line)) is not None:
            if isinstance(token, LexerFault):
                raise _RefusedError(*token)
            self._push(token)
        return self._at >= len(self._text)

    def _definition(self, keyword: str) -> None:
        start = len(self._tokens)
        while self._at < len(self._text):
            token = self._code()
            if token.text in _CLOSERS:
                self._rest_of_bracket(token)
            if _ends_definition(keyword, token):
                self._attributes()
                self._definitions.append(Definition(keyword, start, len(self._tokens)))
                return
        raise _RefusedError(f"this {keyword} does not end", self._tokens[start].start)

    def _attributes(self) -> None:
        """Consume the attributes behind the brace of a type (bpftrace 0.26 and newer)."""
        while not self._done_after_trivia() and _ATTRIBUTE.match(self._text, self._at):
            self._code()
            if self._done_after_trivia() or self._peek() != "(":
                raise _RefusedError("expected `((` behind `__attribute__`", self._at)
            self._rest_of_bracket(self._code())

    def _probe(self) -> None:
        start = len(self._tokens)
        points = self._attach_points()
        predicate = self._predicate() if self._peek() == "/" else None
        if self._done_after_trivia() or self._peek() != "{":
            raise _RefusedError("expected a probe's block, `{`, here", self._at)
        opening = len(self._tokens)
        self._rest_of_bracket(self._code())
        self._probes.append(Probe(points, start, predicate, (opening, len(self._tokens) - 1)))

    def _attach_points(self) -> tuple[AttachPoint, ...]:
        points: list[AttachPoint] = []
        separated = True
        while not self._done_after_trivia() and self._peek() not in "{/":
            if self._peek() == ",":
                self._code()
                separated = True
                continue
            token = attach_token(self._text, self._at, self._line)
            if token is None or not separated:
                raise _RefusedError("expected `,`, a predicate or `{` here", self._at)
            points.append(_attach_point(self._push(token)))
            separated = False
        if not points:
            raise _RefusedError("expected a probe here", self._at)
        return tuple(points)

    def _predicate(self) -> tuple[int, int]:
        """Consume a predicate, up to the slash that is followed by `{`; every other slash in it is a division. Return
        the indices of its two slashes."""
        start = len(self._tokens)
        opening = self._code()
        while self._at < len(self._text):
            token = self._code()
            if token.text in _CLOSERS:
                self._rest_of_bracket(token)
            elif token.text == "/" and self._text.startswith("{", after_blanks(self._text, self._at)):
                return start, len(self._tokens) - 1
        raise _RefusedError("this predicate is not closed", opening.start)

    def _rest_of_bracket(self, opening: Token) -> None:
        """Consume everything up to the bracket that closes `opening`."""
        opened = [opening]
        while opened:
            if self._at >= len(self._text):
                raise _RefusedError(f"this `{opened[-1].text}` is not closed", opened[-1].start)
            token = self._code()
            if token.text in _CLOSERS:
                opened.append(token)
            elif token.text in ")]}" and _CLOSERS[opened.pop().text] != token.text:
                raise _RefusedError(f"this `{token.text}` does not close the last bracket", token.start)


def _attach_point(token: Token) -> AttachPoint:
    named = _NAME.match(token.text)
    provider, _, rest = token.text[named.end() if named else 0 :].partition(":")
    return AttachPoint(token.text, provider_of(provider), rest, token.line)


def _ends_definition(keyword: str, token: Token) -> bool:
    """Whether a definition may end after this token, which is at its top level; a following `;` is consumed later."""
    if token.text == ";":
        return True
    if keyword == "let":
        return token.text == "("
    if keyword == "import":
        return token.kind == "string"
    return keyword != "typedef" and token.text == "{"
