"""What a program has cost at each of its last flushes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Final

from bttop.engine.cost.cost import Cost
from bttop.engine.program.past_status import NOTED_NS, PastStatus

_KEPT: Final = 600


class CostSamples:
    """The cost of a program in percent of one core, noted while it runs. `page` returns its status at a moment, which
    has the cost in a recording."""

    def __init__(self, page: Callable[[int], PastStatus]) -> None:
        self._page = page
        self._moments: deque[int] = deque(maxlen=_KEPT)
        self._percents: deque[float] = deque(maxlen=_KEPT)

    def note(self, end_ns: int, cost: Cost | None) -> None:
        """Note the cost at the end of a flush (CLOCK_BOOTTIME in ns)."""
        percent = None if cost is None else cost.percent
        if percent is not None and (not self._moments or end_ns > self._moments[-1]):
            self._moments.append(end_ns)
            self._percents.append(percent)

    def at(self, end_ns: int) -> float:
        """The cost at the end of a flush; NaN if it is not known."""
        index = bisect_right(self._moments, end_ns) - 1
        if index >= 0:
            return self._percents[index]
        cost = self._page(end_ns + NOTED_NS).cost
        return math.nan if cost is None or cost.percent is None else cost.percent
