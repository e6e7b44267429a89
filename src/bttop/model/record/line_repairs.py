"""Repair the bytes of a line before it is parsed."""

from __future__ import annotations

import re

from bttop.patterns import pattern

# bpftrace 0.17 and newer print a byte of 0x80 and above as `\uffffffXX` if char is signed. Only an odd number of
# backslashes makes an escape.
_WIDE_BYTE = pattern(rb"(?<!\\)((?:\\\\)*)\\uffffff([89a-f][0-9a-f])")
_SURROGATE = pattern(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_ESCAPE = pattern(rb"(?<!\\)(?:\\\\)*\\u")
_LEADING_KIND = pattern(rb'\{"type": ?"([a-z_]+)"')

# Numbers that bpftrace prints through an ostream: they follow the base of the stream.
_STREAMED = {
    b"hist": pattern(rb'("count": ?)([0-9a-f]+)(?=[},])'),
    b"tseries": pattern(rb'("value": ?)([0-9a-f]+)(?=[},])'),
    b"lost_events": pattern(rb'("(?:count|events)": ?)([0-9a-f]+)(?=[},])'),
}

_INNER_ESCAPE = pattern(r"((?:\\uffffff[89a-f][0-9a-f])+)|\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL)
_INNER_NAMED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def escape_end(data: bytes) -> int:
    """Index after the first `\\u` escape of a line, or -1: from there on, streamed numbers are hexadecimal."""
    if b"\\" not in data or b"\\u" not in data:
        return -1
    found = _ESCAPE.search(data)
    return found.end() if found else -1


def streamed_kind(data: bytes) -> bytes:
    """The record type of a line if its numbers follow the base of the stream, else an empty string."""
    found = _LEADING_KIND.match(data)
    return found[1] if found and found[1] in _STREAMED else b""


def has_hexadecimal(data: bytes) -> bool:
    """Whether a line holds a streamed number that can only be hexadecimal."""
    numbers = _STREAMED.get(streamed_kind(data))
    return numbers is not None and any(not found[2].isdigit() for found in numbers.finditer(data))


def to_decimal(data: bytes, start: int) -> bytes:
    """The line with its streamed numbers from index `start` on converted from hexadecimal to decimal."""
    kind = streamed_kind(data)
    if not kind:
        return data
    signed = kind == b"tseries"

    def rewrite(found: re.Match[bytes]) -> bytes:
        number = int(found[2][:16], 16)
        if signed and number >= 1 << 63:
            number -= 1 << 64
        return found[1] + str(number).encode()

    return data[:start] + _STREAMED[kind].sub(rewrite, data[start:])


def repaired(data: bytes) -> bytes:
    """The line with escaped bytes joined to UTF-8; an escaped lone surrogate is replaced."""
    # One byte is found in a thirtieth of the time that two take, and most lines have none.
    if b"\\" not in data or b"\\u" not in data:
        return data
    if b"\\uffffff" in data:
        data = _WIDE_BYTE.sub(lambda found: found[1] + bytes([int(found[2], 16)]), data)
    if b"\\ud" in data or b"\\uD" in data:
        data = _SURROGATE.sub(lambda found: found[1] + (found[2] or rb"\ufffd"), data)
    return data


def to_text(data: bytes) -> str:
    """A repaired line as text. A byte that is not UTF-8 becomes a lone surrogate (PEP 383), so that names that differ
    in it stay different."""
    return data.decode("utf-8", "surrogateescape")


def unescape_key(key: str) -> str:
    """Undo the second escaping of a key (bpftrace 0.22 and 0.23)."""
    return _INNER_ESCAPE.sub(_unescaped, key) if "\\" in key else key


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        codes = found[1].split("\\uffffff")[1:]
        return bytes(int(code, 16) for code in codes).decode("utf-8", "surrogateescape")
    if found[2]:
        character = chr(int(found[2], 16))
        return "\ufffd" if "\ud800" <= character <= "\udfff" else character
    return _INNER_NAMED.get(found[3], found[3])
