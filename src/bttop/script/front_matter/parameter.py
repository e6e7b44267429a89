"""A declared parameter of a script, and the check and conversion of its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from bttop.patterns import pattern

ParameterKind: TypeAlias = Literal["text", "number", "duration", "pid", "path"]

KINDS: Final = frozenset({"text", "number", "duration", "pid", "path"})
UNITS: Final[Mapping[str, int]] = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
"""The units of durations, in ns."""

_INTEGER: Final = pattern(r"[+-]?(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)")
_DURATION: Final = pattern(r"([0-9][0-9_]*(?:\.[0-9]+)?)\s*(ns|us|ms|s|m|h)?")
_SMALLEST: Final = -(1 << 63)
_LARGEST: Final = (1 << 64) - 1


class Parameter(Struct, frozen=True):
    """One parameter: `$1` is the first one."""

    name: str
    help: str = ""
    default: str | None = None
    """Its value if none is given; None if one must be given."""
    kind: ParameterKind = "text"
    unit: str = "s"
    """Of a duration: the unit of the number that the script gets."""

    @property
    def placeholder(self) -> str:
        """The word for its value in the text of a command."""
        return "VALUE" if self.name.startswith("$") else self.name.lstrip("-").upper()

    @property
    def about(self) -> str:
        """Name, kind, help and default in one line."""
        kind = f"{self.kind} (in {self.unit} without a unit)" if self.kind == "duration" else self.kind
        default = "" if self.default is None else f" (default {self.default})"
        text = f": {self.help}" if self.help else ""
        return f"{self.name}, {kind}{text}{default}"


class ParameterFault(Struct, frozen=True):
    """Why a value cannot be used."""

    reason: str


def value_of(parameter: Parameter, text: str) -> str | ParameterFault:
    """The value as bpftrace gets it: numbers in decimal, durations as a number in the parameter's unit."""
    if parameter.kind == "number":
        return _number(text)
    if parameter.kind == "pid":
        is_pid = re.fullmatch("[0-9]{1,10}", text) is not None
        return str(int(text)) if is_pid else ParameterFault(f"{text!r} is not a process id")
    if parameter.kind == "duration":
        return _duration(text, parameter.unit)
    return text


def _number(text: str) -> str | ParameterFault:
    if _INTEGER.fullmatch(text) is None:
        return ParameterFault(f"{text!r} is not an integer")
    digits = text.replace("_", "")
    number = int(digits, 16 if "x" in digits.lower() else 10)
    if not _SMALLEST <= number <= _LARGEST:
        return ParameterFault(f"{text} does not fit into 64 bits")
    return str(number)


def _duration(text: str, unit: str) -> str | ParameterFault:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return ParameterFault(f"{text!r} is not a duration; write 5s, 200ms or 10us")
    try:
        number = Decimal(found[1].replace("_", "")) * UNITS[found[2] or unit] / UNITS[unit]
    except InvalidOperation:
        return ParameterFault(f"{text!r} is too long")
    if number != number.to_integral_value() or number > _LARGEST:
        return ParameterFault(f"{text} is not a whole number of {unit}")
    return str(int(number))
