"""A bpftrace release: output and language differ between releases."""

from __future__ import annotations

import re
from typing import NamedTuple

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class Release(NamedTuple):
    """A bpftrace release, ordered by its numbers."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """Read the output of `bpftrace --version` (`bpftrace v0.17.0`, with or without a suffix); None if it has no
        version."""
        found = _VERSION.search(text)
        if found is None:
            return None
        return cls(int(found[1]), int(found[2]), int(found[3] or 0))
