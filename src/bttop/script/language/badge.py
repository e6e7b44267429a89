"""A caveat that a user needs to interpret a program's numbers: a code and texts."""

from __future__ import annotations

from msgspec import Struct


class ScriptCaveat(Struct, frozen=True):
    """A caveat, shown as a badge."""

    code: str
    """For programs: `as-is`, `note`, `counted`, `loses-updates`, `as-it-stands`, `approximate`, `at-end`,
    `interrupted`, `pin-inexact`, `unpinned`, `thread-id`, `namespace`, `parameter`, `in-macro`, `unseen`,
    `imported`, `shown-at-end`, `nothing`, `largest`, `divided`."""
    text: str
    """A few words for a pane's state line."""
    explanation: str
    """One or two sentences: why, and what to do."""
