"""Splits shell text into commands, words and redirections, as bash does, without running anything.

A word that only a shell could complete (`$(…)`, `$PID`) has a fault instead, which counts only if the word is used.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from msgspec import Struct, field

from bttop.patterns import pattern
from bttop.script.pasted.one_liner import shown

_CONTROL: Final = ("&&", "||", "|&", ";;", "|", "&", ";", "\n", "(", ")")
_REDIRECTION: Final = pattern(r"(?:\d*|&)(?:<<<|<<-?|>>|>\||<>|[<>]&?)")
_DOLLARS: Final = pattern(r"\$(\(|\{|[A-Za-z_]\w*)")
_PARAMETER: Final = pattern(r"\$[\d#@*?$!]")
_CAT: Final = pattern(r"\$\((?:\s*cat\s+|\s*<\s*)([^\s()'\"$`;|&]+)\s*\)")
_IN_DOCUMENT: Final = "the shell would replace $… or `…` in this here-document: write <<'EOF'"
_DEEPEST: Final = 8
"""Process substitutions inside one another that are followed."""


class Redirection(Struct, frozen=True):
    """`<`, `>`, a here-document and so on."""

    operator: str
    word: ShellWord
    """The file, or the text of a here-document or here-string."""

    @property
    def feeds(self) -> bool:
        """Whether it replaces standard input."""
        return self.operator.lstrip("0") in ("<", "<<", "<<-", "<<<")

    @property
    def is_text(self) -> bool:
        """Whether the word is the input itself, not the name of a file."""
        return self.operator.lstrip("0").startswith("<<")


class ShellWord(Struct, frozen=True):
    """One word of a command."""

    text: str
    fault: str = ""
    """Why its value is unknown; empty if it is known."""
    inner: tuple[ShellCommand, ...] = ()
    """The commands inside `<(…)`, whose output the word stands for."""


class ShellCommand(NamedTuple):
    """A simple command."""

    words: tuple[ShellWord, ...]
    redirections: tuple[Redirection, ...] = ()
    after: str = ""
    """The operator behind it; empty at the end of the text."""

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0].text if self.words else ""


class _Building(Struct):
    """A word that is not complete."""

    text: str = ""
    fault: str = ""
    inner: tuple[ShellCommand, ...] = ()

    def add(self, text: str, fault: str = "") -> None:
        self.text += text
        self.fault = self.fault or fault


class _Document(Struct):
    """A here-document whose lines follow."""

    operator: str
    end: ShellWord
    is_literal: bool
    command: int
    """Index of the command that it belongs to."""


class _Parts(Struct):
    """The parts of the command that is being read."""

    words: list[ShellWord] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)


def commands_of(text: str) -> tuple[ShellCommand, ...]:
    """The simple commands of a shell text, in their order; the empty ones between operators are left out. Never
    raises."""
    return _Shell(text).read()


class _Shell:
    def __init__(self, text: str, at: int = 0, depth: int = 0) -> None:
        self._text = text
        self._at = at
        self._depth = depth
        self._word: _Building | None = None
        self._parts = _Parts()
        self._pending = ""
        """A redirection that waits for its word."""
        self._is_quoted = False
        """Whether a part of the word is quoted."""
        self._documents: list[_Document] = []
        self._commands: list[ShellCommand] = []

    def read(self) -> tuple[ShellCommand, ...]:
        while self._at < len(self._text) and not self._is_over():
            self._step()
        self._end_command("")
        return tuple(one for one in self._commands if one.words or one.redirections)

    def read_inner(self) -> tuple[tuple[ShellCommand, ...], int]:
        """The commands up to the closing parenthesis, and the offset behind it."""
        return self.read(), self._at + 1

    def _is_over(self) -> bool:
        return self._depth > 0 and self._text[self._at] == ")"

    def _step(self) -> None:
        character = self._text[self._at]
        if character == "#" and self._word is None:
            self._at = _end_of_line(self._text, self._at)
        elif character == "'":
            self._single()
        elif character == '"':
            self._double()
        elif character == "\\":
            self._escaped()
        elif self._text.startswith(("<(", ">("), self._at) and self._depth < _DEEPEST:
            self._substituted_process()
        elif found := self._redirection():
            self._redirect(found)
        elif control := next((one for one in _CONTROL if self._text.startswith(one, self._at)), ""):
            self._at += len(control)
            self._end_command(control)
        elif character.isspace():
            self._at += 1
            self._end_word()
        else:
            self._plain(character)

    def _building(self) -> _Building:
        if self._word is None:
            self._word = _Building()
        return self._word

    def _end_word(self) -> None:
        if self._word is None:
            return
        word = ShellWord(self._word.text, self._word.fault, self._word.inner)
        if self._pending.lstrip("0") in ("<<", "<<-"):
            self._documents.append(_Document(self._pending, word, self._is_quoted, len(self._commands)))
        elif self._pending:
            self._parts.redirections.append(Redirection(self._pending, word))
        else:
            self._parts.words.append(word)
        self._word, self._pending, self._is_quoted = None, "", False

    def _end_command(self, operator: str) -> None:
        self._end_word()
        parts, self._parts, self._pending = self._parts, _Parts(), ""
        self._commands.append(ShellCommand(tuple(parts.words), tuple(parts.redirections), operator))
        if operator in ("\n", ""):
            documents, self._documents = self._documents, []
            for one in documents:
                self._document(one)

    def _document(self, one: _Document) -> None:
        """Read the lines of a here-document, and give them to its command."""
        lines: list[str] = []
        while self._at < len(self._text):
            end = _end_of_line(self._text, self._at)
            line = self._text[self._at : end]
            self._at = end + 1
            line = line.lstrip("\t") if one.operator.endswith("-") else line
            if line == one.end.text:
                break
            lines.append(f"{line}\n")
        command = self._commands[one.command]
        word = _body("".join(lines), is_literal=one.is_literal)
        added = (*command.redirections, Redirection(one.operator, word))
        self._commands[one.command] = command._replace(redirections=added)

    def _redirection(self) -> str:
        """The redirection at this place; a digit before it counts only at the start of a word."""
        found = _REDIRECTION.match(self._text, self._at)
        if found is None or (self._word is not None and found[0][0].isdigit()):
            return ""
        return found[0]

    def _redirect(self, operator: str) -> None:
        self._end_word()
        self._at += len(operator)
        self._pending = operator

    def _single(self) -> None:
        end = self._text.find("'", self._at + 1)
        self._is_quoted = True
        if end < 0:
            self._building().add(self._text[self._at + 1 :], "a ' is not closed: add the missing '")
            self._at = len(self._text)
            return
        self._building().add(self._text[self._at + 1 : end])
        self._at = end + 1

    def _double(self) -> None:
        word = self._building()
        self._is_quoted = True
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != '"':
            self._at += _inside_quotes(self._text, self._at, word)
        if self._at >= len(self._text):
            word.add("", 'a " is not closed: add the missing "')
        self._at += 1

    def _escaped(self) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        if following != "\n":
            self._is_quoted = True
            self._building().add(following)

    def _substituted_process(self) -> None:
        inner, self._at = _Shell(self._text, self._at + 2, self._depth + 1).read_inner()
        word = self._building()
        word.inner = inner

    def _plain(self, character: str) -> None:
        word = self._building()
        if character == "$" and self._text[self._at + 1 : self._at + 2] in ("'", '"'):
            word.add("", "only some shells support the quoting $'…': use '…'")
            self._at += 1
            return
        end, fault = _substitution(self._text, self._at)
        word.add(self._text[self._at : end], fault)
        self._at = end


def _inside_quotes(text: str, at: int, word: _Building) -> int:
    """Add what is at `at` between double quotes, or in a here-document, to the word; return its length."""
    following = text[at + 1 : at + 2]
    if text[at] == "\\" and following in ("$", "`", '"', "\\", "\n") and following:
        word.add(following.replace("\n", ""))
        return 2
    end, fault = _substitution(text, at)
    word.add(text[at:end], fault)
    return end - at


def _body(text: str, *, is_literal: bool) -> ShellWord:
    """The text of a here-document; a shell replaces in it what it replaces between double quotes, except `\\"`."""
    if is_literal:
        return ShellWord(text)
    word, at = _Building(), 0
    while at < len(text):
        if text.startswith('\\"', at):
            word.add('\\"')
            at += 2
        else:
            at += _inside_quotes(text, at, word)
    return ShellWord(word.text, _IN_DOCUMENT if word.fault else "")


def _substitution(text: str, at: int) -> tuple[int, str]:
    """The end of what is at `at`, and why its value is unknown; one character and no reason if it is plain."""
    if text[at] == "`":
        end = text.find("`", at + 1) + 1 or len(text)
        return end, _replaced(text[at:end])
    if text[at] != "$":
        return at + 1, ""
    found = _DOLLARS.match(text, at)
    if found is None:
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            return at + 1, ""
        return parameter.end(), f"the shell would replace {parameter[0]} here: write '…'"
    if found[1] == "(":
        end = _closing(text, found.end())
        file = _CAT.fullmatch(text[at:end])
        if file:
            return end, f"the shell would replace {shown(file[0])}: type `bpftrace {shown(file[1])}` instead"
        return end, _replaced(text[at:end])
    end = (text.find("}", at) + 1 or len(text)) if found[1] == "{" else found.end()
    return end, _replaced(text[at:end])


def _replaced(wanted: str) -> str:
    return f"the shell would replace {shown(wanted)}: write the value instead, or use the pin"


def _closing(text: str, at: int) -> int:
    """The offset behind the parenthesis that closes the one before `at`; quotes are not interpreted."""
    depth = 1
    for found in re.compile(r"[()]").finditer(text, at):
        depth += 1 if found[0] == "(" else -1
        if depth == 0:
            return found.end()
    return len(text)


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end
