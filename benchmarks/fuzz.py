"""Mutated lines through the decoder and the panes: nothing raises, nothing raw is drawn, memory stays flat.

Lines of the three generations of bpftrace's output, damaged by a fixed seed; every sixty of them are a flush, after
which the pane is drawn. The histories are small ones. Peer: memory when all of them have been full for as long as it
took to fill them, so what grows after that is a leak.
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
    """Feed `lines` lines; whatever raises ends the benchmark."""
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
        Row("said to be undecodable", f"{undecodable:,}"),
        Row("rows in the flushes that were shown", f"{rows:,}"),
        Row("lines drawn, raw characters in them", f"{drawn:,}, {raw}"),
        Row("lines a second", f"{flushes * LINES_A_FLUSH / seconds:,.0f}"),
        memory.row(),
    ]


class Memory:
    """Resident memory in the last fifth of a run against the second one, as in a soak. By then the histories are full,
    and so are the caches of texts, which damaged lines fill with what never comes back."""

    def __init__(self) -> None:
        self._looks: list[float] = []
        self._full_at = 0

    def look(self, *, full: bool) -> None:
        """After each flush: whether all histories are full."""
        self._looks.append(resident_mib(os.getpid()))
        if full and not self._full_at:
            self._full_at = len(self._looks)

    def row(self) -> Row:
        """What grew since."""
        fifth = len(self._looks) // 5
        if not 0 < self._full_at <= fifth:
            return Row(
                "resident, MiB", f"{self._looks[-1]:.1f}; too few lines to fill the histories in a fifth of them"
            )
        late, early = median(self._looks[-fifth:]), median(self._looks[fifth : 2 * fifth])
        return compared("resident, MiB, last fifth (peer: second fifth)", late, early, "{:.1f}")
