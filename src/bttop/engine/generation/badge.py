"""The texts that a pane shows beside numbers: badges, and complaints about a start."""

from __future__ import annotations

from msgspec import Struct


class Complaint(Struct, frozen=True):
    """A problem of one generation, as lines to show: bpftrace's own message first."""

    title: str
    lines: tuple[str, ...] = ()


_WRONG = (
    "1 in ",
    "not attached",
    "attach points not checked",
    "maps left out",
    "++ loses updates",
    "print+clear",
    "skips are not counted",
)
"""The beginnings of badges that mean that a number is missing or wrong."""


class Badge(Struct, frozen=True):
    """A caveat that is shown on the pane's rule; `why` explains it on demand."""

    text: str
    why: str

    @property
    def says_wrong(self) -> bool:
        """Whether it means that a number is missing or wrong; other badges explain how to read a number. Decided by the
        text, because a recording stores no more of a badge."""
        return self.text.startswith(_WRONG)
