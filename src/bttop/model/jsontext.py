"""JSON that leaves bttop, and JSON that comes from a stranger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

MOST_VALUES: Final = 400_000
"""Of one text from a stranger; an empty list takes 64 bytes."""


def json_text(value: object, *, indent: int | None = None) -> str:
    """A value as JSON of ASCII without control characters, on one line unless it is indented. JSON has no NaN and no
    infinity: they become null."""
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(value, allow_nan=False, separators=separators, indent=indent)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, separators=separators, indent=indent)
    # The one control character of ASCII that JSON leaves as it is.
    return text.replace("\x7f", "\\u007f")


def bounded_value(text: str) -> Any:
    """The value of a text that anybody may have written, at most `MOST_VALUES` of them: counted before any is made.
    Text in it is Unicode, and numbers are finite. Raises ValueError."""
    count = sum(map(text.count, ",[{"))
    if count > MOST_VALUES:
        raise ValueError(f"its JSON has more than {MOST_VALUES:,} values")
    try:
        found = json.loads(text, parse_constant=_refused, parse_float=_finite_number)
        # Escapes can spell half of a character, which no file and no terminal takes.
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("its JSON has text that is not Unicode") from None
    return found


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _refused(word: str) -> Any:
    raise ValueError(f"its JSON has a {word}, which is no number")


def _finite_number(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _refused(text[:20])
