"""Reads a pasted text: decides whether it is a program or a shell line, and finds the bpftrace command of the line."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from bttop.patterns import pattern
from bttop.script.pasted.command_names import COMMAND_START
from bttop.script.pasted.one_liner import OneLiner, OneLinerRefused, shown
from bttop.script.pasted.shell import commands_of
from bttop.script.pasted.shell_line import read_commands
from bttop.script.pasted.surroundings import SCRIPT_START, without_surroundings
from bttop.script.pasted.web_text import repaired

_SHELL: Final = pattern(rf"\s*(?:{COMMAND_START}|\(\s*{COMMAND_START}|[A-Z_][A-Z0-9_]*=\S*\s+{COMMAND_START})")
_WORD: Final = pattern(r"\s*(?:\.{0,2}/|~/)?[A-Za-z0-9_][\w.+/-]*(?=\s|$)")
_DEFINITION: Final = pattern(r"\s*(?:BEGIN|END|begin|end|struct|union|enum|typedef|config|let|macro|import|fn)\b")
_QUOTED: Final = pattern(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_SHELL_COMMENT: Final = pattern(r"(?<=\})[ \t]+#[^\n\"{}]*\s*\Z")
_MOST_SHOWN: Final = 6


def read_one_liner(text: str) -> OneLiner | OneLinerRefused:
    """Read a pasted program or shell line. Never raises."""
    bare, replaced = repaired(without_surroundings(text))
    if not bare.strip():
        return OneLinerRefused("there is nothing to run: type a program, such as `kprobe:vfs_read { @ = count(); }`")
    if not _is_shell(bare):
        return _noted(_program(bare), replaced)
    found = read_commands(commands_of(bare))
    if isinstance(found, OneLinerRefused):
        return found
    program, more = repaired(found.program)
    return _noted(replace(found, program=program), (*replaced, *more))


def _program(text: str) -> OneLiner:
    """A bare program. A comment of a shell behind its last block is left out: bpftrace would not read it."""
    comment = _SHELL_COMMENT.search(text)
    if comment is None:
        return OneLiner(program=text.strip("\n"))
    return OneLiner(program=text[: comment.start()].strip("\n"), notes=(f"left out: {shown(comment[0])}",))


def _is_shell(text: str) -> bool:
    """Whether a text is a line of a shell: it starts with a known command, or with a word that starts no program."""
    if SCRIPT_START.match(text):
        return False
    if _SHELL.match(text):
        return True
    if _DEFINITION.match(text) or _WORD.match(text) is None:
        return False
    return "{" not in _QUOTED.sub("", text)


def _noted(found: OneLiner, replaced: tuple[str, ...]) -> OneLiner:
    """Add which characters of a page were replaced."""
    different = tuple(dict.fromkeys(replaced))
    if not different:
        return found
    named = " ".join(_name(one) for one in different[:_MOST_SHOWN])
    more = " …" if len(different) > _MOST_SHOWN else ""
    return replace(found, notes=(f"replaced characters of a web page: {named}{more}", *found.notes))


def _name(character: str) -> str:
    return character if len(character) > 1 or character.isprintable() else f"U+{ord(character):04X}"
