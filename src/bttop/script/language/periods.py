"""The period of `interval` and `profile` attach points, as bpftrace 0.14 to 0.27 read it.

The number may have underscores, an exponent or the prefix of hexadecimal or octal numbers. It follows a unit
(`interval:s:5`), or has its unit behind it (`interval:5s`), or is a number of nanoseconds (`interval:5000000000`).
"""

from __future__ import annotations

import re
from typing import Final

from bttop.patterns import pattern
from bttop.script.language.reader import AttachPoint

_SECOND: Final = 1_000_000_000
_BEFORE: Final = {"s": _SECOND, "ms": 1_000_000, "us": 1_000}
_BEHIND: Final = {"": 1, "ns": 1, "us": 1_000, "ms": 1_000_000, "s": _SECOND, "m": 60 * _SECOND, "h": 3600 * _SECOND}
_NUMBER = pattern(
    r"(?P<digits>0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})(?:[eE](?P<exponent>[0-9]{1,2}))?"
    r"(?:(?P<unit>ns|us|ms|s|m|h)|[uU]?[lL]{0,2})"
)


def period_ns(point: AttachPoint) -> int:
    """The period in ns; 0 if it cannot be read, as with a parameter that has no value."""
    unit, colon, number = point.rest.replace('"', "").rpartition(":")
    found = _number(number)
    if unit == "hz":
        return _SECOND // found if found else 0
    if colon and unit not in _BEFORE:
        return 0
    return found * _BEFORE.get(unit, 1)


def _number(text: str) -> int:
    """A number, multiplied by the unit behind it in ns; 0 if it is not a number."""
    found = _NUMBER.fullmatch(text.replace("_", ""))
    if found is None:
        return 0
    digits = found["digits"]
    is_octal = digits.startswith("0") and digits.isdigit()
    if is_octal and not re.fullmatch("[0-7]+", digits):
        return 0
    power: int = 10 ** int(found["exponent"] or 0)
    return int(digits, 8 if is_octal else 0) * power * _BEHIND[found["unit"] or ""]
