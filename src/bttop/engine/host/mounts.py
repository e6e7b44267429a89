"""Reads the kernel's table of mounts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

TABLE: Final = Path("/proc/self/mounts")
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One line of the table."""

    place: Path
    kind: str
    """Type of the file system, such as `tracefs`."""


def mounted(table: Path = TABLE) -> tuple[Mount, ...] | None:
    """All mounts, in the order of the table; None if it cannot be read."""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    words = [line.split(" ") for line in lines]
    return tuple([Mount(_place(one[1]), one[2]) for one in words if len(one) > 2])


def _place(written: str) -> Path:
    """Decode a path: the table writes blanks and backslashes as octal escapes."""
    return Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), written))
