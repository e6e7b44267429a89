"""Write JSON, and read JSON from untrusted sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

MOST_VALUES: Final = 400_000
"""Most values in one untrusted text; an empty list takes 64 bytes."""


def json_text(value: object, *, indent: int | None = None) -> str:
    """The value as ASCII JSON without control characters, on one line unless `indent` is given. JSON has no NaN and no
    infinity: they become null."""
    separators = (",", ":") if indent is None else None
    try:
        text = json.dumps(value, allow_nan=False, separators=separators, indent=indent)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, separators=separators, indent=indent)
    # The only ASCII control character that JSON does not escape.
    return text.replace("\x7f", "\\u007f")


def bounded_value(text: str) -> Any:
    """The value of an untrusted JSON text with at most `MOST_VALUES` values, which are counted before any is created.
    Its strings are valid Unicode and its numbers are finite. Raises ValueError."""
    count = sum(map(text.count, ",[{"))
    if count > MOST_VALUES:
        raise ValueError(f"its JSON has more than {MOST_VALUES:,} values")
    try:
        found = json.loads(text, parse_constant=_refused, parse_float=_finite_number)
        # Escapes can spell half of a surrogate pair, which files and terminals reject.
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
    raise ValueError(f"its JSON has a {word}, which is not a finite number")


def _finite_number(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _refused(text[:20])
