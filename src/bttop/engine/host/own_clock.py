"""The clocks of this host."""

from __future__ import annotations

import time

from bttop.model.record.records import Stamp


def own_clock() -> Stamp:
    """The boot clock and the wall clock now."""
    return Stamp(time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns())
