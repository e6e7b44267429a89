"""Feeds mutated lines to the decoder and the panes: nothing raises, no raw character is drawn, memory does not grow.

Lines of the three generations of bpftrace's output are damaged with a fixed seed. Every sixty lines are a flush, after
which the pane is drawn. The histories are small. Peer: memory in the second fifth of the run, when all histories are
full; later growth is a leak.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from statistics import median

from tests.ui.hostile import raw_in
from tests.ui.mutated import LINES_A_FLUSH, OUTPUTS, MutatedPane

from benchmarks.options import Options
from benchmarks.table import Row, compared
from benchmarks.terminal import resident_mib

SEED = 20


def run(options: Options) -> Sequence[Row]:
    """Feed `lines` lines. An exception ends the benchmark."""
    panes = [MutatedPane(output, SEED + index) for index, output in enumerate(OUTPUTS)]
    flushes = max(1, options.lines // LINES_A_FLUSH)
    drawn, raw, rows, memory, began = 0, 0, 0, Memory(), time.monotonic()
    for count in range(flushes):
        pane = panes[count % len(panes)]
        lines = pane.flush()
        rows += pane.rows
        drawn, raw = drawn + len(lines), raw + len(raw_in(lines))
        memory.look(full=all(pane.is_full for pane in panes))
    seconds = time.monotonic() - began
    undecodable = sum(pane.program.tally.undecodable for pane in panes)
    return [
        Row("lines fed, raised", f"{flushes * LINES_A_FLUSH:,}, 0"),
        Row("reported as undecodable", f"{undecodable:,}"),
        Row("rows in the shown flushes", f"{rows:,}"),
        Row("lines drawn, raw characters in them", f"{drawn:,}, {raw}"),
        Row("lines per second", f"{flushes * LINES_A_FLUSH / seconds:,.0f}"),
        memory.row(),
    ]


class Memory:
    """Compares resident memory in the last fifth of a run with the second fifth, as in a soak. By then the histories
    and the caches of texts are full; damaged lines fill the caches with texts that do not occur again."""

    def __init__(self) -> None:
        self._looks: list[float] = []
        self._full_at = 0

    def look(self, *, full: bool) -> None:
        """Take a sample after a flush. `full`: whether all histories are full."""
        self._looks.append(resident_mib(os.getpid()))
        if full and not self._full_at:
            self._full_at = len(self._looks)

    def row(self) -> Row:
        """Return the row that compares the two fifths."""
        fifth = len(self._looks) // 5
        if not 0 < self._full_at <= fifth:
            return Row(
                "resident memory, MiB", f"{self._looks[-1]:.1f}; the histories were not full after a fifth of the lines"
            )
        late, early = median(self._looks[-fifth:]), median(self._looks[fifth : 2 * fifth])
        return compared("resident memory, MiB, last fifth (peer: second fifth)", late, early, "{:.1f}")
