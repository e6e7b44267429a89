"""Unique names."""

from __future__ import annotations

import itertools
from collections.abc import Container


def unique_name(wanted: str, taken: Container[str], numbered: str = "{name} ({number})") -> str:
    """`wanted`, in the form `numbered` with the lowest free number from 2 if the name is in `taken`."""
    others = (numbered.format(name=wanted, number=number) for number in itertools.count(2))
    return next(name for name in itertools.chain((wanted,), others) if name not in taken)
