"""Start-up: the time from exec to the first frame, and to the first flush of all five panes on screen.

Peers: a bare `import textual.app`, and five bare bpftrace processes with the same texts, started together. The three
run in turn, so that other load affects all of them; the figures are medians.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.ladder import Bare, bare_ladder, seconds_until_all_flushed
from benchmarks.options import Options
from benchmarks.table import Row, compared
from benchmarks.terminal import BTTOP, Terminal
from bttop.engine.host.host import Host, find_bpftrace

FIRST_FRAME = b"of 5 live"
ALL_FLUSHED = b"5 of 5 live"
"""The header shows this text in the frame with the last of the five first flushes."""


def run(options: Options) -> Sequence[Row]:
    """Measure milliseconds, medians of `rounds`."""
    programs = bare_ladder(Host.read(), find_bpftrace(None))
    rounds = [_round(programs) for _ in range(options.rounds)]
    frame, flushed, imported, bare = (statistics.median(one[column] for one in rounds) * 1000 for column in range(4))
    return [
        compared("exec to first frame, ms (peer: import textual.app)", frame, imported),
        compared("exec to all five first flushes, ms (peer: bpftrace alone)", flushed, bare),
    ]


def _round(programs: list[Bare]) -> tuple[float, float, float, float]:
    imported = _seconds_to_import()
    bare = seconds_until_all_flushed(programs)
    with Terminal(BTTOP, 160, 48, [FIRST_FRAME, ALL_FLUSHED]) as terminal:
        return terminal.wait_for(FIRST_FRAME), terminal.wait_for(ALL_FLUSHED), imported, bare


def _seconds_to_import() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
    return time.monotonic() - began
