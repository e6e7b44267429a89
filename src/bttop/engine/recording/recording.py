"""The state and the limits of a recording."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from bttop.model.record.records import Stamp


class Recording(Struct, frozen=True):
    """The state of a recording."""

    path: Path
    since: Stamp
    """When it was requested; its content may begin earlier."""
    size: int = 0
    """Bytes of the file and its log."""
    flushes: int = 0
    failure: str = ""
    """The error that ended it; empty while it runs."""
    hint: str = ""


class Limits(Struct, frozen=True):
    """The maximum size and age of a recording's content; 0: no limit."""

    max_bytes: int = 0
    max_age_ns: int = 0
