"""How the output of bpftrace releases differs, and the repairs on a line's bytes before it is parsed.

Measured on 0.17, 0.23 and 0.27; the borders in between are those of bpftrace's sources.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bttop.model.release import Release

# A byte of 0x80 and above is printed as `\uffffffXX` by bpftrace 0.17 and newer where char is signed. Only an
# odd number of backslashes makes an escape.
_WIDE_BYTE = re.compile(rb"(?<!\\)((?:\\\\)*)\\uffffff([89a-f][0-9a-f])")
_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u")
_LEADING_KIND = re.compile(rb'\{"type": ?"([a-z_]+)"')

# Numbers that ostream prints, and that therefore follow the stream's base.
_STREAMED = {
    b"hist": re.compile(rb'("count": ?)([0-9a-f]+)(?=[},])'),
    b"tseries": re.compile(rb'("value": ?)([0-9a-f]+)(?=[},])'),
    b"lost_events": re.compile(rb'("(?:count|events)": ?)([0-9a-f]+)(?=[},])'),
}

_INNER_ESCAPE = re.compile(r"((?:\\uffffff[89a-f][0-9a-f])+)|\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL)
_INNER_NAMED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Dialect(NamedTuple):
    """The traits of one release's JSON."""

    keys_escaped_twice: bool
    """0.22 and 0.23 escape key text once for the key and once more for JSON."""
    emitter: bool
    """0.24 and newer: large integers are strings, a `\\u` escape makes streamed numbers hexadecimal."""
    folds_large: bool
    """Up to 0.19 one bucket, printed as -2^31 to 0, holds every value of 2^31 and above."""
    lost_is_total: bool
    """From 0.19 `lost_events` is a running total, before it a delta."""
    doubled_entries: bool
    """Up to 0.21 avg() and stats() use two map entries per key."""
    longest_text: int
    """Bytes that str() keeps: 64 (measured on 0.17), from 0.22 on 1024 (0.23, 0.27)."""
    loses_interrupts: bool
    """Up to 0.18 a SIGINT can get lost. From 0.19 on none does, and a second one ends bpftrace while it prints."""
    attached_after: bool
    """From 0.24 `attached_probes` is printed when all probes are attached, before it when they are about to be."""
    raw_tracepoints: bool
    """0.19 to 0.23 attach to raw tracepoints and give their arguments as plain numbers. 0.17 cannot attach; 0.27, where
    the arguments have types, does not find the same one in most of its starts."""
    empty_is_zero: bool
    """From 0.24 min(), max() and avg() without a key print 0 when nothing was counted; before, nothing is printed."""
    new_keys_collide: bool
    """0.23 makes an entry for count(), sum(), hist() and lhist() only where there is none: when two CPUs make the same
    new key at once, the second one's event fails (`map_update_elem`, -17) and is lost. 0.24 mended it."""


@lru_cache(maxsize=16)
def dialect(release: Release) -> Dialect:
    """The traits of `release`."""
    version = (release.major, release.minor)
    return Dialect(
        keys_escaped_twice=(0, 22) <= version < (0, 24),
        emitter=version >= (0, 24),
        folds_large=version < (0, 20),
        lost_is_total=version >= (0, 19),
        doubled_entries=version < (0, 22),
        longest_text=64 if version < (0, 22) else 1024,
        loses_interrupts=version < (0, 19),
        attached_after=version >= (0, 24),
        raw_tracepoints=(0, 19) <= version < (0, 24),
        empty_is_zero=version >= (0, 24),
        new_keys_collide=version == (0, 23),
    )


def escape_end(data: bytes) -> int:
    """Index behind the first `\\u` escape of a line, or -1: from there streamed numbers are hexadecimal."""
    if b"\\u" not in data:
        return -1
    found = _ESCAPE.search(data)
    return found.end() if found else -1


def streamed_kind(data: bytes) -> bytes:
    """The record type of a line if its numbers follow the stream's base, else an empty string."""
    found = _LEADING_KIND.match(data)
    return found[1] if found and found[1] in _STREAMED else b""


def has_hexadecimal(data: bytes) -> bool:
    """Whether a line holds a streamed number that can only be hexadecimal."""
    numbers = _STREAMED.get(streamed_kind(data))
    return numbers is not None and any(not found[2].isdigit() for found in numbers.finditer(data))


def to_decimal(data: bytes, start: int) -> bytes:
    """The line with its streamed numbers from index `start` on rewritten from hexadecimal to decimal."""
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


def to_text(data: bytes) -> str:
    """The line as text: escaped bytes joined to UTF-8. A byte that is no UTF-8 becomes the lone surrogate of PEP 383,
    so that names that differ in it stay different; a lone surrogate that the line itself has is replaced."""
    if b"\\u" not in data:
        return data.decode("utf-8", "surrogateescape")
    if b"\\uffffff" in data:
        data = _WIDE_BYTE.sub(lambda found: found[1] + bytes([int(found[2], 16)]), data)
    if b"\\ud" in data or b"\\uD" in data:
        data = _SURROGATE.sub(lambda found: found[1] + (found[2] or rb"\ufffd"), data)
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
