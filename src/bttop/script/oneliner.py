"""One-liners as people paste them: a program, or the shell line that runs it. Nothing is ever run."""

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
"""Commands that run their arguments, with the options of theirs that take a value."""

_DROPPED: Final = {"-v": 0, "-vv": 0, "-q": 0, "-f": 1, "-o": 1, "-B": 1, "--no-warnings": 0}
_DEBUGGING: Final = frozenset({"-d", "-dd", "-l", "-lv", "--dry-run", "--info", "-V", "--version", "-h", "--help"})
_KEPT: Final = {"-k": 0, "-kk": 0, "--include": 1, "-I": 1, "--unsafe": 0, "--usdt-file-activation": 0}
_DOLLARS: Final = re.compile(r"\$(\(|\{|[A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class OneLiner:
    """A program to run."""

    program: str
    """The script; empty when `file` names it."""
    file: str = ""
    pid: int = 0
    """Of `-p`: the pin; 0 when there is none."""
    args: tuple[str, ...] = ()
    """Positional parameters."""
    options: tuple[str, ...] = ()
    """Options of bpftrace to keep, for example `--unsafe`, which the user must be asked about."""
    environment: tuple[tuple[str, str], ...] = ()
    """`BPFTRACE_…` assignments in front of the command."""
    notes: tuple[str, ...] = ()
    """What was left out, for the user."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a pasted text cannot be run."""

    reason: str


def read_one_liner(text: str) -> OneLiner | Refused:
    """Understand a pasted program or shell line. Total."""
    prompt = None if _is_preprocessor(text) else _PROMPT.match(text)
    bare = text[prompt.end() :] if prompt else text
    if not bare.strip():
        return Refused("there is nothing to run")
    if not _is_command(bare):
        return OneLiner(program=bare.strip("\n"))
    words = _shell_words(bare)
    if isinstance(words, Refused):
        return words
    return _command(words)


def _is_preprocessor(text: str) -> bool:
    return re.match(r"\s*#\s*(?:include|define|if|!)", text) is not None


def _is_command(text: str) -> bool:
    """Whether the first word, after assignments and known wrappers, is bpftrace: decided before any unquoting."""
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
    """What a shell would make of a line, as far as it goes without running anything."""

    words: list[str] = field(default_factory=list)
    cut: str = ""
    """The operator at which the line was cut."""


class _Shell:
    """Splits one line into words. Own rules, because a wrong quote would change the program silently."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._result = _Words()
        self._word: str | None = None

    def read(self) -> _Words | Refused:
        while self._at < len(self._text):
            refused = self._step()
            if refused is not None:
                return refused
            if self._result.cut:
                break
        self._end_word()
        return self._result

    def _step(self) -> Refused | None:
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

    def _single(self) -> Refused | None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            return Refused("a ' is never closed")
        self._add(self._text[self._at + 1 : end], end + 1 - self._at)
        return None

    def _double(self) -> Refused | None:
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
            return Refused('a " is never closed')
        self._at += 1
        return None

    def _plain(self, character: str) -> Refused | None:
        if character == "$" and self._text[self._at + 1 : self._at + 2] in ("'", '"'):
            return Refused("$'…' is a quoting that only some shells know: use '…'")
        refused = self._substitution()
        if refused is None:
            self._add(character, 1)
        return refused

    def _substitution(self) -> Refused | None:
        """What the shell would fill in here: it is never run, and what it would give is not known."""
        found = _DOLLARS.match(self._text, self._at)
        if self._text[self._at] == "`":
            wanted = self._text[self._at : (self._text.find("`", self._at + 1) + 1) or None]
        elif found is None:
            parameter = re.compile(r"\$[\d#@*?$!]").match(self._text, self._at)
            return Refused(f"the shell would replace {parameter[0]} here: write '…'") if parameter else None
        elif found[1] == "(":
            wanted = self._text[self._at : (self._text.find(")", self._at) + 1) or None]
        else:
            wanted = found[0] + ("…}" if found[1] == "{" else "")
        return Refused(f"the shell would fill in {wanted}: put the value there, or use the pin")


def _shell_words(text: str) -> _Words | Refused:
    return _Shell(text).read()


def _command(read: _Words) -> OneLiner | Refused:
    words = list(read.words)
    notes = [f"left out: everything from `{read.cut}` on"] if read.cut else []
    environment: list[tuple[str, str]] = []
    while words and not _BPFTRACE.fullmatch(words[0]):
        refused = _before_command(words, environment)
        if refused is not None:
            return refused
    if not words:
        return Refused("there is no bpftrace in this line")
    return _Options(words[1:], notes, tuple(environment)).read()


def _before_command(words: list[str], environment: list[tuple[str, str]]) -> Refused | None:
    """Take an assignment, or a wrapper with its options, off the front."""
    word = words.pop(0)
    assignment = _ASSIGNMENT.fullmatch(word)
    if assignment is not None:
        if not assignment[1].startswith("BPFTRACE_"):
            return Refused(f"the variable {assignment[1]} is set in front of bpftrace; only BPFTRACE_… is known")
        environment.append((assignment[1], assignment[2]))
        return None
    if word not in _WRAPPERS:
        return Refused(f"`{word}` stands in front of bpftrace: what it does is not known")
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

    def read(self) -> OneLiner | Refused:
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                self._positional += self._words
                break
            refused = self._option(word) if word.startswith("-") and len(word) > 1 else self._value(word)
            if refused is not None:
                return refused
        return self._result()

    def _value(self, word: str) -> Refused | None:
        self._positional.append(word)
        return None

    def _option(self, word: str) -> Refused | None:
        name, value = self._split(word)
        if name in ("-c", "--cmd"):
            return Refused("-c starts a command of its own: start it elsewhere and pin its PID")
        if name in _DEBUGGING:
            return Refused(f"{name} does not trace")
        if name in ("-e", "-p", "--pid"):
            return self._main(name, value)
        known = {**_DROPPED, **_KEPT}
        if name not in known:
            return Refused(f"the option {name} is not known")
        values = [self._take(value)] if known[name] else []
        if None in values:
            return Refused(f"{name} needs a value")
        if name in _KEPT:
            self._kept += [name, *(one for one in values if one is not None)]
        else:
            self._notes.append(f"left out: {name}")
        return None

    def _main(self, name: str, inline: str | None) -> Refused | None:
        value = self._take(inline)
        if value is None:
            return Refused(f"{name} needs a value")
        if name == "-e":
            self._program = value
        elif re.fullmatch("[1-9][0-9]{0,9}", value):
            self._pid = int(value)
            self._notes.append("-p became the pin: up to bpftrace 0.23 it does not restrict tracepoints and kprobes")
        else:
            return Refused(f"{value} is not a process id")
        return None

    def _split(self, word: str) -> tuple[str, str | None]:
        """An option and the value that is glued to it: `-p123`, `--include=x`."""
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

    def _result(self) -> OneLiner | Refused:
        file = ""
        if self._program is None:
            if not self._positional:
                return Refused("there is no program: neither -e nor a file")
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
