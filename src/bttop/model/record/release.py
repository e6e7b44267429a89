"""A bpftrace release: output and language differ between releases."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bttop.patterns import pattern

_NUMBERS: Final = r"v?(\d+)\.(\d+)(?:\.(\d+))?"
_VERSION: Final = pattern(_NUMBERS)
_ANSWER: Final = pattern(rf"\bbpftrace\s+{_NUMBERS}")


class Release(NamedTuple):
    """A bpftrace release, ordered by its numbers."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """Read a version, such as `0.17.0`, with or without a suffix; None if there is none."""
        return cls._of(_VERSION.search(text))

    @classmethod
    def of_answer(cls, text: str) -> Release | None:
        """Read the output of `bpftrace --version` (`bpftrace v0.17.0`); None if another program has answered."""
        return cls._of(_ANSWER.search(text))

    @classmethod
    def _of(cls, found: re.Match[str] | None) -> Release | None:
        return None if found is None else cls(int(found[1]), int(found[2]), int(found[3] or 0))
