"""Memory of the host and of this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from bttop.engine.host.folder import Folder

MEMINFO: Final = Path("/proc/meminfo")
STATM: Final = Path("/proc/self/statm")
SMAPS_ROLLUP: Final = Path("/proc/self/smaps_rollup")
READINGS_KEPT: Final = 10
"""Readings of the resident memory for which one PSS is valid: the kernel walks the page tables for it, which takes
about a millisecond."""
NOTABLE_CHANGE: Final = 8
"""The PSS is read at once when the resident memory has changed by 1/8."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def available_bytes(table: Folder = MEMINFO) -> int | None:
    """Memory that programs can still use without swapping (MemAvailable, Linux 3.14 and newer); None if unknown."""
    return _field(table, "MemAvailable:")


class OwnMemory:
    """The memory of this process, for a caller that reads it about once a second."""

    def __init__(self, statm: Path = STATM, rollup: Path = SMAPS_ROLLUP) -> None:
        self._statm = statm
        self._rollup = rollup
        self._pss: int | None = None
        self._rss = 0
        """The resident memory when the PSS was read."""
        self._left = 0

    def read(self) -> tuple[int, int | None]:
        """The resident and the proportional memory in bytes; None if the kernel has no `smaps_rollup` (before Linux
        4.14)."""
        rss = int(self._statm.read_text().split()[1]) * _PAGE
        self._left -= 1
        if self._left < 0 or abs(rss - self._rss) * NOTABLE_CHANGE > self._rss:
            self._pss, self._rss, self._left = _field(self._rollup, "Pss:"), rss, READINGS_KEPT - 1
        return rss, self._pss


def _field(table: Folder, name: str) -> int | None:
    """The number of bytes in a line such as `Pss:   1234 kB`; None without such a line."""
    try:
        lines = table.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)
