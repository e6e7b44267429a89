"""A heat map of 600 flushes with 40 buckets: redrawn after one more flush.

Peer of redrawing: the histogram of one flush with the same buckets.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from msgspec.structs import replace

from benchmarks.options import Options
from benchmarks.table import Row, in_turn
from bttop.model.flush.contents import MapData, Origin
from bttop.model.flush.flush import Flush
from bttop.model.history.course import Course, Point, T
from bttop.model.history.trends import Trend
from bttop.model.plan import MapPlan, Plan
from bttop.model.record.records import Bucket
from bttop.model.record.release import Release
from bttop.ui.render.spans import UNICODE
from bttop.ui.views.base import Scene, ViewChoice
from bttop.ui.views.heatmap import VIEW as HEAT_MAP
from bttop.ui.views.histogram import VIEW as HISTOGRAM

FLUSHES: Final = 600
BUCKETS: Final = 40
SHADES: Final = 15
SIZES: Final = ((80, 22), (120, 38), (200, 48))
_SECOND: Final = 1_000_000_000


class GrowingPast:
    """The last flushes of a timeline that grows by one before each drawing, as a pane keeps them."""

    def __init__(self, flushes: Sequence[Flush]) -> None:
        self._flushes = flushes
        self._points: dict[int, Point[object]] = {}
        self.end = FLUSHES

    def course(self, _about: Hashable, length: int, read: Callable[[Flush], T | None]) -> Course[T]:
        """The course of the last `length` flushes; each is read once."""
        points = []
        for number in range(self.end - length, self.end):
            if number not in self._points:
                flush = self._flushes[number]
                self._points[number] = Point(number, 1, flush.start_ns, flush.end_ns, read(flush))
            points.append(self._points[number])
        return Course(tuple(points))  # type: ignore[arg-type]  # the figures are what `read` returns


def run(options: Options) -> Sequence[Row]:
    """Measure drawing in turn with its peer."""
    rounds = max(3, options.rounds)
    return [_drawn(width, height, rounds) for width, height in SIZES]


def _drawn(width: int, height: int, rounds: int) -> Row:
    past = GrowingPast(_flushes(FLUSHES + rounds + 1))
    scene = replace(_scene(past), width=width, height=height)
    HEAT_MAP.draw(scene)
    HISTOGRAM.draw(scene)
    drawn, peers = [], []
    for _ in range(rounds):
        past.end += 1
        drawn.append(_ms(lambda: HEAT_MAP.draw(scene)))
        peers.append(_ms(lambda: HISTOGRAM.draw(scene)))
    what = f"redraw {FLUSHES} flushes by {BUCKETS} buckets at {width}x{height}, ms"
    return in_turn(what, drawn, peers, "{:,.1f}")


def _flushes(count: int) -> Sequence[Flush]:
    chosen = random.Random(7)
    return [_flush(number, chosen) for number in range(count)]


def _flush(number: int, chosen: random.Random) -> Flush:
    """A flush in which each bucket counted something."""
    plan = MapPlan("@us", "hist", scheme="bank", unit="us")
    found = tuple([Bucket(2**n, 2 ** (n + 1) - 1, chosen.randint(1, 4000)) for n in range(BUCKETS)])
    origin, start = Origin(Release(0, 17, 0), Plan({"@us": plan})), number * _SECOND
    maps = {"@us": MapData(plan, "hist", {"": found})}
    return Flush(origin, 1, "a", number, start, start + _SECOND, start, maps, (), frozenset(), ())


def _scene(past: GrowingPast) -> Scene:
    (flush,) = _flushes(1)
    choice, data = ViewChoice(), flush.maps["@us"]
    return Scene(data, flush, Trend(), choice, 80, 24, UNICODE, past=past, shades=SHADES)


def _ms(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3
