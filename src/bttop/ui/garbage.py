"""When the garbage collector runs in the dashboard."""

from __future__ import annotations

import gc
from typing import Final

_THRESHOLDS: Final = (10_000, 10, 20)
"""See `gc.set_threshold`. A repaint makes thousands of objects, of which almost none are in cycles: with Python's own
thresholds, collecting takes an eighth of the CPU time, and 40 ms at once."""


def begin_collecting() -> None:
    """Collect from now on, but none of the objects that exist already: what is imported stays."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    gc.enable()
