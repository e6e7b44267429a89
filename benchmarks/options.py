"""The command line options of the benchmarks."""

from __future__ import annotations

from typing import NamedTuple


class Options(NamedTuple):
    """Sizes and lengths; each benchmark uses those that apply to it."""

    full: bool = False
    rounds: int = 5
    seconds: float = 20.0
    minutes: float = 20.0
    hours: float = 24.0
    runs: int = 200
    lines: int = 1_000_000
    faster: bool = False
    store: bool = False
