"""What the user must know of a program to read its numbers right, as code and words."""

from __future__ import annotations

from typing import NamedTuple


class Badge(NamedTuple):
    """A caveat."""

    code: str
    """For programs: `as-is`, `note`, `counted`, `loses-updates`, `as-it-stands`, `approximate`,
    `interrupted`, `pin-inexact`, `unpinned`, `thread-id`."""
    text: str
    """A few words for a pane's state line."""
    explanation: str
    """A sentence or two: why, and what to do."""
