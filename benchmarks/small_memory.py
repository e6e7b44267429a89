"""`python -m benchmarks.small_memory ...`: bttop with histories and a hindsight that are full within minutes.

What grows beyond them in a long run is a leak; with their usual sizes (64 and 32 MiB) they fill for hours.
"""

from __future__ import annotations

import sys
from functools import partial
from unittest import mock

from bttop.cli import main
from bttop.model.history import HistoryBudget
from bttop.store.journal import Journal

HISTORIES = 4 << 20
"""Bytes for the flushes of all programs."""
HINDSIGHT = 1 << 20
"""Bytes of sealed blocks."""

if __name__ == "__main__":
    with (
        mock.patch("bttop.engine.engine.HistoryBudget", partial(HistoryBudget, HISTORIES)),
        mock.patch("bttop.store.journal.Journal", partial(Journal, limit_bytes=HINDSIGHT)),
    ):
        sys.exit(main(sys.argv[1:]))
