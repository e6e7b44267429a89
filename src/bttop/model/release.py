"""A bpftrace release, as far as its output and language differ."""

from __future__ import annotations

import re
from typing import NamedTuple

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Release(NamedTuple):
    """A bpftrace release, ordered as numbers."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """Read `bpftrace --version`'s answer (`bpftrace v0.17.0`, with or without a suffix), or None."""
        found = _VERSION.search(text)
        if found is None:
            return None
        return cls(int(found[1]), int(found[2]), int(found[3] or 0))
