"""Mutated lines through the decoder and the panes: nothing raises, nothing raw is drawn, memory stays flat.

Lines of the three generations of bpftrace's output, damaged by a fixed seed; every sixty of them are a flush, after
which the pane is drawn. Peer: memory after a fifth of the lines, when the histories have been trimmed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from tests.ui.hostile import raw_in
from tests.ui.mutated import LINES_A_FLUSH, OUTPUTS, MutatedPane

from benchmarks.options import Options
from benchmarks.table import Row, compared
from benchmarks.terminal import resident_mib

SEED = 20


def run(options: Options) -> Sequence[Row]:
    """Feed `lines` lines; whatever raises ends the benchmark."""
    panes = [MutatedPane(output, SEED + index) for index, output in enumerate(OUTPUTS)]
    flushes = max(1, options.lines // LINES_A_FLUSH)
    drawn, raw, rows, before, began = 0, 0, 0, 0.0, time.monotonic()
    for count in range(flushes):
        pane = panes[count % len(panes)]
        lines = pane.flush()
        rows += pane.rows
        drawn, raw = drawn + len(lines), raw + len(raw_in(lines))
        if count == flushes // 5:
            before = resident_mib(os.getpid())
    seconds = time.monotonic() - began
    undecodable = sum(pane.program.tally.undecodable for pane in panes)
    return [
        Row("lines fed, raised", f"{flushes * LINES_A_FLUSH:,}, 0"),
        Row("said to be undecodable", f"{undecodable:,}"),
        Row("rows in the flushes that were shown", f"{rows:,}"),
        Row("lines drawn, raw characters in them", f"{drawn:,}, {raw}"),
        Row("lines a second", f"{flushes * LINES_A_FLUSH / seconds:,.0f}"),
        compared("resident, MiB (peer: after a fifth)", resident_mib(os.getpid()), before, "{:.1f}"),
    ]
