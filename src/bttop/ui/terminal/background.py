"""The background colour of the terminal, by the query OSC 11 of xterm. Pure: the driver asks and has a clock.

Terminals that do not know the query ignore it. Textual's parser (8.2.8) does not know the answer and would take it for
typed text, so it is cut out before.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bttop.patterns import pattern

QUERY: Final = "\x1b]11;?\x1b\\"
WITHOUT_QUERY: Final = ("linux", "vt", "dumb")
"""The beginnings of TERM for terminals that are not asked: Linux before 6.2 prints part of the query."""

_BEGIN: Final = "\x1b]11;"
_ANSWER: Final = pattern(r"\x1b\]11;([^\x07\x1b]{0,64})(?:\x07|\x1b\\)")
_UNFINISHED: Final = pattern(r"\x1b\]11;[^\x07\x1b]{0,64}\x1b?\Z")
_COLOUR: Final = pattern(r"rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})(?:/[0-9a-f]{1,4})?", re.IGNORECASE)


class Input(NamedTuple):
    """What was typed, and what the terminal answered."""

    typed: str
    answer: str | None
    """The colour in the terminal's words; None without an answer."""


class AnswerFilter:
    """Separates the answer from what is typed. An answer may come in any number of pieces, and at any time."""

    def __init__(self) -> None:
        self._held = ""

    @property
    def holds(self) -> bool:
        """Whether the beginning of an answer waits for the rest."""
        return bool(self._held)

    def feed(self, text: str, *, awaited: bool) -> Input:
        """Take in input. A single ESC at its end is kept only while an answer is `awaited`: it is a key otherwise."""
        text, self._held = self._held + text, ""
        answers = _ANSWER.findall(text)
        text = _ANSWER.sub("", text)
        start = _beginning(text, least=1 if awaited else 2)
        self._held = text[start:]
        return Input(text[:start], answers[-1] if answers else None)

    def give_up(self) -> str:
        """What is held if the rest does not come: a key such as ESC or Alt-]. A part of an answer is dropped."""
        held, self._held = self._held, ""
        return "" if held.startswith(_BEGIN) else held


def _beginning(text: str, least: int) -> int:
    """Where an unfinished answer of at least `least` characters begins; the length of the text if there is none."""
    unfinished = _UNFINISHED.search(text)
    if unfinished is not None:
        return unfinished.start()
    longest = next((size for size in range(len(_BEGIN) - 1, least - 1, -1) if text.endswith(_BEGIN[:size])), 0)
    return len(text) - longest


def is_dark(answer: str) -> bool | None:
    """Whether a colour such as `rgb:1e1e/1e1e/2e2e` is nearer to black than to white; None if it cannot be read."""
    found = _COLOUR.fullmatch(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / float(16 ** len(part) - 1) for part in found.groups())
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5  # the weights of Rec. 601
