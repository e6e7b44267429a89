"""Reads the kernel's table of mounts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.engine.host.folder import Folder
from bttop.patterns import pattern

TABLE: Final = Path("/proc/self/mounts")
_ESCAPE: Final = pattern(r"\\([0-7]{3})")


class Mount(Struct, frozen=True):
    """One line of the table."""

    place: Path
    kind: str
    """Type of the file system, such as `tracefs`."""


def mounted(table: Folder = TABLE) -> tuple[Mount, ...] | None:
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
