"""Parses pasted one-liners: a program, or the shell line that runs it. Nothing is executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_PROMPT = re.compile(r"\s*[$#%]\s+(?=\S)")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_BPFTRACE = re.compile(r"(?:.*/)?bpftrace(?:-[\d.]+)?")
_OPERATORS: Final = ("2>&1", "2>", "&>", "&&", "||", ">>", "|", ">", "<", "&", ";")
_WRAPPERS: Final = {
    "sudo": ("u", "g"),
    "doas": ("u",),
    "env": (),
    "timeout": ("k", "s"),
    "nice": ("n",),
    "time": (),
    "exec": (),
    "command": (),
}
"""Commands that run their arguments, each with its options that take a value."""

_DROPPED: Final = {"-v": 0, "-vv": 0, "-q": 0, "-f": 1, "-o": 1, "-B": 1, "--no-warnings": 0}
_DEBUGGING: Final = frozenset({"-d", "-dd", "-l", "-lv", "--dry-run", "--info", "-V", "--version", "-h", "--help"})
_KEPT: Final = {"-k": 0, "-kk": 0, "--include": 1, "-I": 1, "--unsafe": 0, "--usdt-file-activation": 0}
_DOLLARS: Final = re.compile(r"\$(\(|\{|[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class OneLiner:
    """A program to run."""

    program: str
    """The script; empty if `file` names it."""
    file: str = ""
    pid: int = 0
    """The value of `-p`, used as the pin; 0 without one."""
    args: tuple[str, ...] = ()
    """Positional parameters."""
    options: tuple[str, ...] = ()
    """Options to pass to bpftrace, for example `--unsafe`, which the user must confirm."""
    environment: tuple[tuple[str, str], ...] = ()
    """`BPFTRACE_…` assignments before the command."""
    notes: tuple[str, ...] = ()
    """Messages for the user: what was left out or changed."""


@dataclass(frozen=True, slots=True)
class OneLinerRefused:
    """Why a pasted text cannot be run."""

    reason: str


def read_one_liner(text: str) -> OneLiner | OneLinerRefused:
    """Parse a pasted program or shell line. Never raises."""
    prompt = None if _is_preprocessor(text) else _PROMPT.match(text)
    bare = text[prompt.end() :] if prompt else text
    if not bare.strip():
        return OneLinerRefused("there is nothing to run")
    if not _is_command(bare):
        return OneLiner(program=bare.strip("\n"))
    words = _shell_words(bare)
    if isinstance(words, OneLinerRefused):
        return words
    return _command(words)


def _is_preprocessor(text: str) -> bool:
    return re.match(r"\s*#\s*(?:include|define|if|!)", text) is not None


def _is_command(text: str) -> bool:
    """Whether the first word after assignments and known wrappers is bpftrace. Quotes are not interpreted."""
    words = text.split()
    for word in words:
        if _BPFTRACE.fullmatch(word):
            return True
        known = word in _WRAPPERS or word.startswith("-") or re.fullmatch(r"\d+[smh]?|[A-Za-z0-9_]+", word)
        if not (known or (_ASSIGNMENT.fullmatch(word) and "{" not in word)):
            return False
    return False


@dataclass(slots=True)
class _Words:
    """The words of a shell line."""

    words: list[str] = field(default_factory=list)
    cut: str = ""
    """The operator at which the line was cut; empty if it was not."""


class _Shell:
    """Splits one line into words. It has its own rules, because a wrong quote would silently change the program."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._result = _Words()
        self._word: str | None = None

    def read(self) -> _Words | OneLinerRefused:
        while self._at < len(self._text):
            refused = self._step()
            if refused is not None:
                return refused
            if self._result.cut:
                break
        self._end_word()
        return self._result

    def _step(self) -> OneLinerRefused | None:
        character = self._text[self._at]
        if character == "'":
            return self._single()
        if character == '"':
            return self._double()
        if character == "\\":
            self._add(self._text[self._at + 1 : self._at + 2].replace("\n", ""), 2)
        elif character.isspace():
            self._at += 1
            self._end_word()
        elif operator := self._operator():
            self._result.cut = operator
        else:
            return self._plain(character)
        return None

    def _add(self, text: str, length: int) -> None:
        self._word = (self._word or "") + text
        self._at += length

    def _end_word(self) -> None:
        if self._word is not None:
            self._result.words.append(self._word)
        self._word = None

    def _operator(self) -> str:
        found = next((one for one in _OPERATORS if self._text.startswith(one, self._at)), "")
        return "" if found[:1].isdigit() and self._word is not None else found

    def _single(self) -> OneLinerRefused | None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            return OneLinerRefused("a ' is not closed")
        self._add(self._text[self._at + 1 : end], end + 1 - self._at)
        return None

    def _double(self) -> OneLinerRefused | None:
        self._add("", 1)
        while self._at < len(self._text) and self._text[self._at] != '"':
            character = self._text[self._at]
            following = self._text[self._at + 1 : self._at + 2]
            if character == "\\" and following in ("$", "`", '"', "\\", "\n"):
                self._add(following.replace("\n", ""), 2)
            elif refused := self._substitution():
                return refused
            else:
                self._add(character, 1)
        if self._at >= len(self._text):
            return OneLinerRefused('a " is not closed')
        self._at += 1
        return None

    def _plain(self, character: str) -> OneLinerRefused | None:
        if character == "$" and self._text[self._at + 1 : self._at + 2] in ("'", '"'):
            return OneLinerRefused("only some shells support the quoting $'…': use '…'")
        refused = self._substitution()
        if refused is None:
            self._add(character, 1)
        return refused

    def _substitution(self) -> OneLinerRefused | None:
        """Refuse a substitution of the shell: bttop does not run it, so its value is unknown."""
        found = _DOLLARS.match(self._text, self._at)
        if self._text[self._at] == "`":
            wanted = self._text[self._at : (self._text.find("`", self._at + 1) + 1) or None]
        elif found is None:
            parameter = re.compile(r"\$[\d#@*?$!]").match(self._text, self._at)
            return OneLinerRefused(f"the shell would replace {parameter[0]} here: write '…'") if parameter else None
        elif found[1] == "(":
            wanted = self._text[self._at : (self._text.find(")", self._at) + 1) or None]
        else:
            wanted = found[0] + ("…}" if found[1] == "{" else "")
        return OneLinerRefused(f"the shell would replace {wanted}: write the value instead, or use the pin")


def _shell_words(text: str) -> _Words | OneLinerRefused:
    return _Shell(text).read()


def _command(read: _Words) -> OneLiner | OneLinerRefused:
    words = list(read.words)
    notes = [f"left out: everything from `{read.cut}` on"] if read.cut else []
    environment: list[tuple[str, str]] = []
    while words and not _BPFTRACE.fullmatch(words[0]):
        refused = _before_command(words, environment)
        if refused is not None:
            return refused
    if not words:
        return OneLinerRefused("there is no bpftrace in this line")
    return _Options(words[1:], notes, tuple(environment)).read()


def _before_command(words: list[str], environment: list[tuple[str, str]]) -> OneLinerRefused | None:
    """Remove an assignment, or a wrapper with its options, from the front of `words`."""
    word = words.pop(0)
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment is not None:
        if not assignment[1].startswith("BPFTRACE_"):
            return OneLinerRefused(f"the variable {assignment[1]} is set before bpftrace; only BPFTRACE_… is supported")
        environment.append((assignment[1], assignment[2]))
        return None
    if word not in _WRAPPERS:
        return OneLinerRefused(f"`{word}` before bpftrace is not supported")
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option[1:] in _WRAPPERS[word] and words:
            words.pop(0)
    if word == "timeout" and words:
        words.pop(0)
    return None


class _Options:
    """bpftrace's own command line."""

    def __init__(self, words: list[str], notes: list[str], environment: tuple[tuple[str, str], ...]) -> None:
        self._words = words
        self._notes = notes
        self._environment = environment
        self._program: str | None = None
        self._pid = 0
        self._kept: list[str] = []
        self._positional: list[str] = []

    def read(self) -> OneLiner | OneLinerRefused:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                self._positional += self._words
                break
            refused = self._option(word) if word.startswith("-") and len(word) > 1 else self._value(word)
            if refused is not None:
                return refused
        return self._result()

    def _value(self, word: str) -> OneLinerRefused | None:
        self._positional.append(word)
        return None

    def _option(self, word: str) -> OneLinerRefused | None:
        name, value = self._split(word)
        if name in ("-c", "--cmd"):
            return OneLinerRefused("-c starts a command: start it elsewhere and pin its PID")
        if name in _DEBUGGING:
            return OneLinerRefused(f"{name} does not trace")
        if name in ("-e", "-p", "--pid"):
            return self._main(name, value)
        known = {**_DROPPED, **_KEPT}
        if name not in known:
            return OneLinerRefused(f"the option {name} is not supported")
        values = [self._take(value)] if known[name] else []
        if None in values:
            return OneLinerRefused(f"{name} needs a value")
        if name in _KEPT:
            self._kept += [name, *(one for one in values if one is not None)]
        else:
            self._notes.append(f"left out: {name}")
        return None

    def _main(self, name: str, inline: str | None) -> OneLinerRefused | None:
        value = self._take(inline)
        if value is None:
            return OneLinerRefused(f"{name} needs a value")
        if name == "-e":
            self._program = value
        elif re.fullmatch("[1-9][0-9]{0,9}", value):
            self._pid = int(value)
            self._notes.append("-p became the pin: up to bpftrace 0.23 it does not restrict tracepoints and kprobes")
        else:
            return OneLinerRefused(f"{value} is not a process id")
        return None

    def _split(self, word: str) -> tuple[str, str | None]:
        """An option and the value attached to it: `-p123`, `--include=x`."""
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            return name, value if equals else None
        if word[:2] in ("-e", "-p", "-c", "-f", "-o", "-B", "-I") and len(word) > 2:
            return word[:2], word[2:]
        return word, None

    def _take(self, inline: str | None) -> str | None:
        if inline is not None:
            return inline
        return self._words.pop(0) if self._words else None

    def _result(self) -> OneLiner | OneLinerRefused:
        file = ""
        if self._program is None:
            if not self._positional:
                return OneLinerRefused("there is no program: neither -e nor a file")
            file = self._positional.pop(0)
        return OneLiner(
            program=self._program or "",
            file=file,
            pid=self._pid,
            args=tuple(self._positional),
            options=tuple(self._kept),
            environment=self._environment,
            notes=tuple(self._notes),
        )
