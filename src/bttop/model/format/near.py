"""Finds the known word that a misspelt one means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LIKE: Final = 0.8
"""Least similarity of a misspelt word (difflib)."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like `word`; empty if none is like it."""
    return next(iter(get_close_matches(word, known, 1, _LIKE)), "")
