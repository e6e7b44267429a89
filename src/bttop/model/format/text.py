"""Make untrusted text, such as process names, safe to show: hidden characters become visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from bttop.patterns import pattern

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me", "Mc"}
"""Unicode categories that control the terminal, draw nothing or combine with neighbouring characters."""
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Characters that Unicode classifies as letters or symbols, but that are drawn as a blank."""


_JOINING = pattern("[\u1160-\u11ff\ud7b0-\ud7ff\U0001f3fb-\U0001f3ff]")
"""Hangul vowels and finals, and skin tones: they join the character before them and take no width."""


_BLANK = "\\x20"
MOST_NAMED: Final = 3
"""Names that a text has of several."""


@lru_cache(maxsize=8192)
def visible(text: str) -> str:
    """The text with everything that is not plainly printable written as an escape.

    Two different names never look the same: a real backslash is doubled if the text after it would make it look like an
    escape.
    """
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_escaped(character, after) for character, after in zip(text, (*text[1:], ""), strict=True))


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 row`, `1,200 rows`. `many` is the plural if it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def first_names(names: Sequence[str]) -> str:
    """Some of several names as text: at most MOST_NAMED, and how many more there are."""
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown


def inert(text: str) -> str:
    """The text with everything that is not plainly printable written as an escape, and nothing else changed: for whole
    sentences, in which names may already be visible or quoted."""
    if text.isprintable() and text.isascii():
        return text
    return "".join([_escape(one) if _must_escape(one) else one for one in text])


def visible_name(text: str) -> str:
    """A name for a table cell: as `visible`, and with the blanks at both ends written as escapes, because the padding
    of the cell would hide them."""
    core = text.strip(" ")
    if len(core) == len(text):
        return visible(text)
    before = len(text) - len(text.lstrip(" ")) if core else 0
    after = len(text) - len(core) - before
    # As in `visible`, a backslash before an escape is doubled.
    joint = "\\" if after and core.endswith("\\") else ""
    return _BLANK * before + visible(core) + joint + _BLANK * after


def _must_escape(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN
        or (character.isspace() and character != " ")
        or character in _FILLERS
        or _JOINING.match(character) is not None
    )


def _escaped(character: str, after: str) -> str:
    if character == "\\":
        return "\\\\" if after and (after in "\\xuU" or _must_escape(after)) else character
    return _escape(character) if _must_escape(character) else character


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
