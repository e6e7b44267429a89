"""Completion of the one-liner prompt."""

from __future__ import annotations

from bttop.ui.ask import Completions


def complete(_text: str, _cursor: int) -> Completions:
    """Words that fit at the cursor."""
    return Completions(0, ())
