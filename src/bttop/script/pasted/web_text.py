"""Undoes what web pages, word processors and chats do to code: other quotes, dashes and blanks, HTML entities and
invisible characters. Text inside "…" and in comments belongs to the program and is kept, except HTML entities."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from bttop.patterns import pattern

CONTROL_SEQUENCE: Final = pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_PARTS: Final = pattern(
    rf"""(?P<kept>"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/)
    |[“”„‟＂](?P<quoted>(?:[^“”„‟＂"\\\n]|\\.)*)[“”＂"]
    |(?P<control>{CONTROL_SEQUENCE.pattern})
    |(?P<dash>[–—])(?P<option>[A-Za-z-]*)
    |(?P<other>[^\x00-\x7f])""",
    re.VERBOSE | re.DOTALL,
)
_ENTITY: Final = pattern(r"&(lt|gt|amp|quot|apos|nbsp|#39|#34|#x27|#x22|#60|#62);")
_ENTITIES: Final = {
    "lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " ",
    "#39": "'", "#34": '"', "#x27": "'", "#x22": '"', "#60": "<", "#62": ">",
}  # fmt: skip
_CHARACTERS: Final = {
    **dict.fromkeys("‘’‚‛′＇´", "'"), **dict.fromkeys("“”„‟″＂", '"'),
    "−": "-", "‐": "-", "‑": "-", "→": "->", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
_BY_CATEGORY: Final = {"Cf": "", "Zs": " ", "Zl": "\n", "Zp": "\n"}
_LONG_OPTIONS: Final = frozenset({"include", "unsafe", "pid", "cmd", "no-warnings", "usdt-file-activation", "quiet"})
"""Options of which a page may have made one dash out of two."""
_QUOTED_PROGRAM: Final = pattern(r"""([-–—]e\s*)[“”„]([^']*["“”„][^']*)[“”](?=\s*$|\s+[^\s"“”]+\s*$)""")
"""A program with strings between curly quotes: straight ones would end at its first string."""


class Repaired(NamedTuple):
    """A text as it was before a page changed it."""

    text: str
    replaced: tuple[str, ...]
    """The characters and entities that were replaced, each once, in the order of the text."""


def repaired(text: str) -> Repaired:
    """Undo the changes of a page. A text without them is returned as it is."""
    found: list[str] = []
    text = _entities(text.replace("\r\n", "\n"), found)
    if not text.isascii() or "\x1b" in text:
        text = _PARTS.sub(lambda part: _plain(part, found), _QUOTED_PROGRAM.sub(r"\1'\2'", text))
    return Repaired(text, tuple(dict.fromkeys(found)))


def _entities(text: str, found: list[str]) -> str:
    """Replace HTML entities. A page escapes all of a text, so those inside strings count only with others."""
    code = _PARTS.sub(lambda part: "" if part["kept"] else part[0], text)
    escaped = [one[0] for one in _ENTITY.finditer(code)]
    found += escaped
    return _ENTITY.sub(lambda one: _ENTITIES[one[1]], text) if escaped else text


def _plain(part: re.Match[str], found: list[str]) -> str:
    """One part of a text as its author typed it; adds what was replaced to `found`."""
    if part["kept"] is not None:
        return part[0]
    if part["control"] is not None:
        return ""
    if part["quoted"] is not None:
        found += [part[0][0], part[0][-1]] if part[0][-1] != '"' else [part[0][0]]
        return f'"{part["quoted"]}"'
    if part["dash"] is not None:
        found.append(part["dash"])
        return _dashes(part["dash"], part["option"]) + part["option"]
    return _character(part["other"], found)


def _dashes(dash: str, option: str) -> str:
    """`–e` stands for `-e`, `–include` and `—include` for `--include`: word processors join two dashes."""
    return "--" if option in _LONG_OPTIONS or (dash == "—" and not option) else "-"


def _character(character: str, found: list[str]) -> str:
    plain = _CHARACTERS.get(character, _BY_CATEGORY.get(unicodedata.category(character), character))
    if plain != character:
        found.append(character)
    return plain
