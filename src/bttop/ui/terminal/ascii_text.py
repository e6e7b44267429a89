"""Texts for terminals whose locale has no UTF-8: every character that bttop and its dialogs draw becomes ASCII. What
processes and files are called stays as it is."""

from __future__ import annotations

from typing import Final

_CHARACTERS: Final = {
    "…": ".", "·": "|", "×": "x", "±": "~", "µ": "u", "≥": ">", "≤": "<", "≈": "~", "Δ": "D",
    "←": "<", "→": ">", "↑": "^", "↓": "v", "↵": "|", "▸": ">", "▾": "v", "▴": "^", "▶": ">", "◀": "<", "▼": "v",
    "▲": "^", "●": "*", "•": "*", "○": "o", "⚑": "!", "‖": "=", "—": "-", "–": "-", "“": '"', "”": '"', "‘": "'",
    "’": "'", "⭘": "o", "🔎": "? ", "✓": "+", "✗": "x",
}  # fmt: skip
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS: Final = "._-=+*%#"


def _table() -> dict[int, str]:
    """Every character with its ASCII form of the same width."""
    lines = {chr(number): "+" for number in range(0x2500, 0x2580)}
    lines |= dict.fromkeys("─━╌╍┄┅┈┉═╴╶╸╺", "-") | dict.fromkeys("│┃╎╏┆┇┊┋║╵╷╹╻", "|")
    blocks = {chr(number): "#" for number in range(0x2580, 0x25A0)} | dict(zip(_LEVELS, _ASCII_LEVELS, strict=True))
    blocks |= dict.fromkeys("▏▎▍▕", "|") | dict.fromkeys("▔", "-") | dict.fromkeys("░▒", ":")
    braille = {chr(number): ":" for number in range(0x2801, 0x2900)} | {"\u2800": " "}
    return str.maketrans(lines | blocks | braille | _CHARACTERS)


class AsciiText:
    """Turns drawn characters into ASCII. The table is made once, on the first use."""

    def __init__(self) -> None:
        self._table = _table()

    def of(self, text: str) -> str:
        """The text with ASCII characters in the same cells."""
        return text.translate(self._table)
