"""Puts text into the clipboard of the terminal by OSC 52 of xterm. Terminals that do not know or allow it ignore it.
None of them answers, so whether it worked is unknown."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from bttop.ui.terminal.background import WITHOUT_QUERY

MOST: Final = 74_994
"""Characters of base64 that every terminal with OSC 52 takes."""
_SCREEN_PIECE: Final = 700
"""Bytes that screen passes on at once: it drops longer sequences."""


def clipboard_sequences(text: str, environment: Mapping[str, str]) -> str:
    """What to send for this text; empty if the terminal is known not to take it, or if it is too long."""
    data = b64encode(text.encode("utf-8", "replace")).decode()
    if len(data) > MOST or environment.get("TERM", "").startswith(WITHOUT_QUERY):
        return ""
    plain = f"\x1b]52;c;{data}\x07"
    if environment.get("TMUX"):
        # tmux takes the first with `set-clipboard on` and passes the second on with `allow-passthrough on`.
        doubled = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{doubled}\x1b\\"
    if environment.get("STY"):
        pieces = [plain[at : at + _SCREEN_PIECE] for at in range(0, len(plain), _SCREEN_PIECE)]
        return "".join([f"\x1bP{piece}\x1b\\" for piece in pieces])
    return plain
