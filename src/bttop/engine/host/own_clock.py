"""The clocks of this host."""

from __future__ import annotations

import time

from bttop.model.record.records import Stamp


def boot_ns() -> int:
    """CLOCK_BOOTTIME in ns: the clock of stamps and of bpftrace's `nsecs`."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def own_clock() -> Stamp:
    """The boot clock and the wall clock now."""
    return Stamp(boot_ns(), time.time_ns())
