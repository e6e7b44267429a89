"""Parse the JSON that bpftrace prints, including its invalid forms.

Objects become tuples of (name, value) pairs, because bpftrace repeats the names within an object. Arrays become lists,
so that the two stay distinct.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TypeAlias

from bttop.patterns import pattern

Json: TypeAlias = "int | float | str | bool | list[Json] | tuple[tuple[str, Json], ...] | None"
"""A parsed value. A tuple is an object, a list is an array."""

LENIENT_LIMIT = 1 << 20
"""Longest text, in characters, for the slower lenient parser."""

_DEPTH_LIMIT = 64
_NUMBER_DIGITS = 40


def _finite(text: str) -> float | str:
    """A number with a fraction or an exponent; the text if it is too large for a float."""
    number = float(text)
    return number if isfinite(number) else text


# NaN and Infinity are not JSON, and bpftrace prints no such numbers: they stay text.
_STRICT = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=str, parse_float=_finite)

_SPACE = pattern(r"[ \t\r\n]*")
# A bare value inside an object ends before the next member, or before a closing brace.
_BARE_IN_OBJECT = pattern(r',\s*"(?:[^"\\]|\\.)*"\s*:|\}(?=\s*(?:[,{}\]]|$))')
_BARE_IN_ARRAY = pattern(r"[,\]{]")
_DECIMAL = pattern(r"-?(?:0|[1-9][0-9]*)")
_POINTER = pattern(r"0x[0-9a-fA-F]+")


def parse(text: str) -> Json:
    """Parse one line of text, including the common invalid forms.

    Raises ValueError if even the lenient parser fails, and RecursionError for deeper nesting than bpftrace prints.
    """
    try:
        parsed: Json = _STRICT.decode(text)
    except ValueError:
        if len(text) > LENIENT_LIMIT:
            raise
        return _Lenient(text).whole()
    return parsed


class _Lenient:
    """Parses JSON whose values may be unquoted, missing, or not separated by commas.

    bpftrace up to 0.21 prints strftime(), cgroup_path(), strerror() and pointers without quotes; up to 0.15 it prints
    an empty histogram as empty text; 0.24 prints the points of a tseries without commas between them.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Json:
        """The single value of the whole text; raises ValueError if text is left over."""
        found = self._value(_BARE_IN_OBJECT, 0)
        self._skip()
        if self._at != len(self._text):
            raise ValueError(f"text after the record, at character {self._at}")
        return found

    def _value(self, bare_end: re.Pattern[str], depth: int) -> Json:
        if depth > _DEPTH_LIMIT:
            raise ValueError("nested too deeply")
        self._skip()
        start = self._peek()
        if start == "{":
            return self._object(depth)
        if start == "[":
            return self._array(depth)
        if start == '"':
            return self._string()
        return self._bare(bare_end)

    def _object(self, depth: int) -> tuple[tuple[str, Json], ...]:
        self._at += 1
        members: list[tuple[str, Json]] = []
        while not self._took("}"):
            if members and not self._took(","):
                raise ValueError(f"no comma between members, at character {self._at}")
            self._skip()
            name = self._string()
            if not self._took(":"):
                raise ValueError(f"a name without a value, at character {self._at}")
            members.append((name, self._value(_BARE_IN_OBJECT, depth + 1)))
        return tuple(members)

    def _array(self, depth: int) -> list[Json]:
        self._at += 1
        elements: list[Json] = []
        while not self._took("]"):
            before = self._at
            if elements:
                self._took(",")
            elements.append(self._value(_BARE_IN_ARRAY, depth + 1))
            if self._at == before and self._peek() != ",":
                raise ValueError(f"an array does not end, at character {before}")
        return elements

    def _string(self) -> str:
        if self._peek() != '"':
            raise ValueError(f"a name is missing, at character {self._at}")
        text, self._at = _STRICT.raw_decode(self._text, self._at)
        return str(text)

    def _bare(self, end: re.Pattern[str]) -> Json:
        found = end.search(self._text, self._at)
        if found is None:
            raise ValueError(f"a value does not end, at character {self._at}")
        text = self._text[self._at : found.start()].strip()
        if '"' in text:
            raise ValueError(f"a quote within a value, at character {self._at}")
        self._at = found.start()
        return bare_value(text)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _took(self, character: str) -> bool:
        self._skip()
        if self._peek() != character:
            return False
        self._at += 1
        return True


def bare_value(text: str) -> Json:
    """The value of unquoted text: None (empty or null), a number, a pointer as an integer, a boolean, or the text
    itself."""
    if not text or text == "null":
        return None
    if text in {"true", "false"}:
        return text == "true"
    if len(text) <= _NUMBER_DIGITS:
        if _DECIMAL.fullmatch(text):
            return int(text)
        if _POINTER.fullmatch(text):
            return int(text, 16)
    return text
