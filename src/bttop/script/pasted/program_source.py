"""The program that a shell line gives to bpftrace's standard input: a here-document, a file, or what `echo`, `printf`
and `cat` write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from bttop.patterns import pattern
from bttop.script.pasted.command_names import IN_FRONT, PRODUCERS
from bttop.script.pasted.in_front import unwrap
from bttop.script.pasted.one_liner import OneLinerRefused, shown
from bttop.script.pasted.shell import ShellCommand, ShellWord

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}
_ESCAPE: Final = pattern(r"\\([ntrabfv\\])")
_DIRECTIVE: Final = pattern(r"%(.?)")


class ProgramText(Struct, frozen=True):
    """The text of the program."""

    text: str


class ScriptFile(Struct, frozen=True):
    """The file that holds the program."""

    path: str


ProgramSource: TypeAlias = ProgramText | ScriptFile | OneLinerRefused


def input_of(command: ShellCommand, producers: Sequence[ShellCommand]) -> ProgramSource:
    """What a command reads from its standard input."""
    redirected = next((one for one in reversed(command.redirections) if one.feeds), None)
    if redirected is None:
        if producers:
            return output_of(producers)
        return OneLinerRefused("`-` reads the program from standard input: type the program itself")
    if redirected.word.inner:
        return output_of(redirected.word.inner)
    if redirected.word.fault:
        return OneLinerRefused(redirected.word.fault)
    if not redirected.is_text:
        return ScriptFile(redirected.word.text)
    if not redirected.word.text.strip():
        return OneLinerRefused("the here-document is empty: paste its lines too, or type the program itself")
    return ProgramText(redirected.word.text.strip("\n"))


def output_of(commands: Sequence[ShellCommand]) -> ProgramSource:
    """What a pipeline writes, if bttop can tell without running it."""
    if not commands:
        return OneLinerRefused("`<()` gives no program: type the program itself")
    if len(commands) > 1:
        return _unknown(commands[-1])
    command = commands[0]
    unwrapped = unwrap(command.words)
    words = command.words if isinstance(unwrapped, OneLinerRefused) else unwrapped.words
    name = words[0].text if words else ""
    fault = next((word.fault for word in words if word.fault), "")
    if name not in PRODUCERS:
        return _unknown(command)
    if fault:
        return OneLinerRefused(fault)
    if name == "cat":
        return _read_by_cat(command, words[1:])
    written = _echoed(words[1:]) if name == "echo" else _printed(words[1:])
    if isinstance(written, OneLinerRefused):
        return written
    return ProgramText(written.strip("\n"))


def _unknown(command: ShellCommand) -> OneLinerRefused:
    name = command.name
    if name in IN_FRONT:
        return OneLinerRefused(f"`{name}` stands in front of bpftrace and {IN_FRONT[name]}")
    return OneLinerRefused(
        f"the program comes from `{shown(name)}`, which bttop does not run: save it to a .bt file and type its path"
    )


def _read_by_cat(command: ShellCommand, operands: Sequence[ShellWord]) -> ProgramSource:
    files = [word.text for word in operands if not word.text.startswith("-")]
    if not files:
        return input_of(command, ())
    if len(files) > 1:
        return OneLinerRefused("the program is in several files: join them in one .bt file and type its path")
    return ScriptFile(files[0])


def _echoed(words: Sequence[ShellWord]) -> str:
    texts = [word.text for word in words]
    escapes = False
    while texts and re.fullmatch("-[neE]+", texts[0]):
        escapes = "e" in texts.pop(0)
    return _unescaped(" ".join(texts)) if escapes else " ".join(texts)


def _printed(words: Sequence[ShellWord]) -> str | OneLinerRefused:
    """What `printf` writes, if its format has no other directives than `%s`, `%b` and `%%`."""
    texts = [word.text for word in words]
    if texts[:1] == ["--"]:
        texts.pop(0)
    if not texts:
        return ""
    form, values = texts[0], iter(texts[1:])
    if any(one not in ("s", "b", "%") for one in _DIRECTIVE.findall(form)):
        return OneLinerRefused("the directives of `printf` would change the program: type the program itself")
    return _DIRECTIVE.sub(lambda one: "%" if one[1] == "%" else _value(one[1], next(values, "")), _unescaped(form))


def _value(directive: str, value: str) -> str:
    return _unescaped(value) if directive == "b" else value


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda one: _ESCAPES[one[1]], text)
