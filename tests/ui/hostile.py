"""Names that an attacker may choose, and what of a name may never reach the screen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from bttop.ui.render.spans import Line, Span

HOSTILE: Final = (
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x1b\\",
    "\x1bP0;1|17/ab\x1b\\",
    "\x9b31mc1",
    "two\nlines",
    "back\rto start",
    "tab\tbed",
    "\x08\x08\x7f",
    "[/]",
    "[bold red]x[/bold red]",
    "[@click=app.quit]x[/]",
    "$primary {x} %s %n",
    "evil\u202egnp.exe",
    "\u2066iso\u2069lated",
    "zero\u200bwidth",
    "zero\u200d\ufeff\u00adwidth",
    "\u2028line\u2029",
    "e" + "\u0301" * 2048,
    "\u0e33\u0e33thai",
    "\u1112\u1161\u11ab",
    "\ue000private",
    "\U000e0041tag",
    "\ufffe\uffff",
    "bytes\udcff\udc80",
    "\u3164\u115f\u2800filler",
    "nbsp\u00a0name\u2003",
    "\x00nul",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "漢字\u0301",
    "👩\u200d👩\u200d👧",
    "☝\U0001f3fd\ufe0f",
    "a\\x1b",
    "-e",
)
"""Each alone is a name that a process, a file or a probe may have."""

STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me", "Mc"})
"""Categories that steer a terminal, draw nothing or pile up on what is before them."""


def raw(text: str) -> list[str]:
    """The characters of a text that must not be shown as they are."""
    return [f"U+{ord(one):04X}" for one in text if unicodedata.category(one) in STEERING or one in "\u00a0\u2003\u3164"]


def raw_in(lines: Iterable[Line | Iterable[Span]]) -> list[str]:
    """The same for drawn lines."""
    return [found for line in lines for span in line for found in raw(span.text)]
