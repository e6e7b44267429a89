"""Memory of the five bpftrace processes, as PSS: a page that several of them share counts once.

Peer: the same five scripts by hand, started together. Both run in turn, not at the same time: they would share pages.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.ladder import again_if_one_ends, ladder_running, plain_ladder, read_interval
from benchmarks.options import Options
from benchmarks.screen import light_load
from benchmarks.startup import ALL_FLUSHED
from benchmarks.table import Row, in_turn
from benchmarks.terminal import BTTOP, Terminal, descendants, pss_mib
from bttop.engine.host.host import Host, find_bpftrace

SETTLED: Final = 3
"""Intervals after which a bpftrace has used what it needs to print."""


def run(options: Options) -> Sequence[Row]:
    """Measure MiB."""
    with tempfile.TemporaryDirectory() as folder, light_load():
        programs = plain_ladder(Host.read(), find_bpftrace(None), Path(folder))
        rounds = [(_bttop(), again_if_one_ends(partial(_by_hand, programs))) for _ in range(options.rounds)]
    own, bare = zip(*rounds, strict=True)
    return [in_turn("PSS of the five bpftrace, MiB (peer: by hand)", own, bare)]


def _bttop() -> float:
    with Terminal(BTTOP, 160, 48, [ALL_FLUSHED]) as terminal:
        terminal.wait_for(ALL_FLUSHED)
        time.sleep(SETTLED)
        return sum(pss_mib(pid) for pid in descendants(terminal.process.pid) if _is_bpftrace(pid))


def _by_hand(programs: Sequence[Sequence[str]]) -> float:
    with ladder_running(programs) as started:
        for _ in range(SETTLED):
            for process in started:
                read_interval(process)
        return sum(pss_mib(process.pid) for process in started)


def _is_bpftrace(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().startswith("bpftrace")
