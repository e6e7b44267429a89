"""The examples of the language reference of bpftrace 0.27, from `reference.txt`: whole scripts, by section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

_SECTION = re.compile(r"^==== (.+)\n", re.MULTILINE)


class Snippet(NamedTuple):
    """One script that uses what an example of its section shows."""

    section: str
    text: str

    @property
    def name(self) -> str:
        """A name for test reports."""
        return f"{self.section}: {' '.join(self.text.split())[:60]}"


def _snippets() -> tuple[Snippet, ...]:
    _, *parts = _SECTION.split((Path(__file__).parent / "reference.txt").read_text())
    return tuple(Snippet(section, text) for section, text in zip(parts[::2], parts[1::2], strict=True))


SNIPPETS: Final = _snippets()
