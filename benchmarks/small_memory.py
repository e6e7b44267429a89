"""`python -m benchmarks.small_memory ...`: bttop with histories and a look-back buffer that are full within minutes.

Further growth in a long run is a leak. With the usual sizes (64 and 32 MiB) they take hours to fill.
"""

from __future__ import annotations

import sys
from functools import partial
from unittest import mock

from bttop.cli import main
from bttop.model.history.history import HistoryBudget
from bttop.store.recording.lookback_buffer import LookbackBuffer

HISTORIES = 4 << 20
"""Most bytes of the flushes of all programs."""
HINDSIGHT = 1 << 20
"""Most bytes of sealed blocks in the look-back buffer."""

if __name__ == "__main__":
    with (
        mock.patch("bttop.engine.engine.HistoryBudget", partial(HistoryBudget, HISTORIES)),
        mock.patch(
            "bttop.store.recording.lookback_buffer.LookbackBuffer", partial(LookbackBuffer, limit_bytes=HINDSIGHT)
        ),
    ):
        sys.exit(main(sys.argv[1:]))
