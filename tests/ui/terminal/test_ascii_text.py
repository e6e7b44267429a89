"""Drawn characters as ASCII."""

from __future__ import annotations

from msgspec.structs import astuple
from textual._border import BORDER_CHARS

from bttop.ui.commands.command import CAPS
from bttop.ui.render.spans import UNICODE
from bttop.ui.render.text import width
from bttop.ui.terminal.ascii_text import AsciiText


def test_all_that_is_drawn_becomes_ascii_in_the_same_cells() -> None:
    drawn = "".join([*astuple(UNICODE), *CAPS.values(), "…·×µ≥≤“”—", *map(chr, range(0x2500, 0x25A0))])
    shown = AsciiText().of(drawn)
    assert shown.isascii()
    assert len(shown) == len(drawn) == width(drawn)


def test_frames_of_dialogs_become_ascii() -> None:
    frames = "".join(part for border in BORDER_CHARS.values() for line in border for part in line)
    assert [one for one in AsciiText().of(frames) if not one.isascii()] == []


def test_names_of_others_stay_as_they_are() -> None:
    assert AsciiText().of("nginx é 名前") == "nginx é 名前"
