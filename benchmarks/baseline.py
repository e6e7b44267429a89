"""The stored ratios of an earlier run, and which ratios are higher or lower since.

Only ratios are compared: they carry over to another machine and to a busier day, and milliseconds do not.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.table import Row, Spread
from bttop.engine.host.host import find_bpftrace
from bttop.errors import CannotTrace

PATH: Final = Path(__file__).with_name("baseline.json")
NOISE: Final = 0.1
"""A change of the median by less is not reported, however narrow the ranges are."""


class Baseline:
    """The ratios of an earlier run, by benchmark and row."""

    def __init__(self, path: Path = PATH) -> None:
        """Read the file; a baseline that does not exist is empty."""
        self._path = path
        self._runs: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def verdicts(self, benchmark: str, rows: Sequence[Row]) -> Mapping[str, str]:
        """What is said about each row that has a ratio: the earlier one, and whether today's differs."""
        before = self._runs.get(benchmark, {}).get("ratios", {})
        return {row.what: _verdict(before.get(row.what), row.ratios) for row in rows if row.ratios}

    def store(self, benchmark: str, rows: Sequence[Row]) -> None:
        """Replace the ratios of one benchmark, with the facts of this machine."""
        ratios = {row.what: [round(one, 4) for one in row.ratios] for row in rows if row.ratios}
        self._runs[benchmark] = {"machine": machine(), "ratios": ratios}
        self._path.write_text(json.dumps(self._runs, indent=1) + "\n")


def machine() -> Mapping[str, object]:
    """What the figures depend on."""
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1),
        "python": platform.python_version(),
        "bpftrace": _release(),
    }


def _release() -> str:
    try:
        return str(find_bpftrace(None).release)
    except CannotTrace:
        return ""


def _verdict(before: Sequence[float] | None, now: Spread) -> str:
    if before is None:
        return "new"
    old = Spread(*before)
    return f"{old.median:.2f} {_change(old, now)}"


def _change(old: Spread, now: Spread) -> str:
    """A change counts if the median has left the earlier range, and the earlier median today's."""
    if not old.median or abs(now.median / old.median - 1) < NOISE:
        return "same"
    if now.median > old.high and old.median < now.low:
        return "HIGHER"
    return "LOWER" if now.median < old.low and old.median > now.high else "same"
