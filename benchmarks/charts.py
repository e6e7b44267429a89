"""Drawing histograms and trends, in ms of CPU: histograms in each form, lines of 360 points, 4,096 miniatures."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.ui.scenes import buckets, map_plan, scene

from benchmarks.options import Options
from benchmarks.table import Row, in_turn
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.charts import draw_curves
from bttop.ui.render.line_chart import Curve, plot
from bttop.ui.render.spans import UNICODE
from bttop.ui.views import histogram, quantiles
from bttop.ui.views.base import Form, HistogramChoice, ViewChoice

POINTS: Final = 360
KEYS: Final = 4096
CELLS, ROWS = 190, 30
FORMS: Final[Sequence[Form]] = ("linear", "log", "cumulative")


def run(options: Options) -> Sequence[Row]:
    """The peer of each row is the linear histogram of 30 buckets, in the same round."""
    works = _works()
    figures: dict[str, list[float]] = {what: [] for what in works}
    for _ in range(options.rounds):
        for what, work in works.items():
            figures[what].append(_milliseconds(work))
    peers = figures["histogram of 30 buckets, linear"]
    return [in_turn(f"{what}, {CELLS}x{ROWS}", found, peers, "{:,.1f} ms") for what, found in figures.items()]


def _works() -> dict[str, Callable[[], object]]:
    draw = random.Random(1)
    found: dict[str, Callable[[], object]] = {}
    for form in FORMS:
        found[f"histogram of 30 buckets, {form}"] = _histogram(form)
    for count in (1, 3, 6):
        calm = [[0.5 + 0.4 * math.sin(at / 40 + line) for at in range(POINTS)] for line in range(count)]
        wild = [[draw.random() for _ in range(POINTS)] for _ in range(count)]
        found[f"{count} lines of {POINTS} points, calm"] = _lines(calm)
        found[f"{count} lines of {POINTS} points, wild"] = _lines(wild)
    rows: dict[str, Value] = {f"{pid},x": _some_buckets(draw) for pid in range(KEYS)}
    shown = scene(rows, map_plan("hist", unit="us"), width=CELLS, height=ROWS)
    found[f"table of {KEYS:,} histograms with miniatures"] = lambda: quantiles.VIEW.draw(shown)
    return found


def _histogram(form: Form) -> Callable[[], object]:
    choice = ViewChoice(histogram=HistogramChoice(form))
    shown = scene({"": buckets(*range(1, 31))}, map_plan("hist", []), choice, width=CELLS, height=ROWS)
    return lambda: histogram.VIEW.draw(shown)


def _lines(values: Sequence[Sequence[float]]) -> Callable[[], object]:
    curves = [
        Curve(number, (tuple((at / (POINTS - 1), value) for at, value in enumerate(one)),))
        for number, one in enumerate(values)
    ]

    def draw() -> object:
        draw_curves.cache_clear()
        return plot(curves, ("100/s", "0"), CELLS, ROWS, UNICODE)

    return draw


def _some_buckets(draw: random.Random) -> tuple[Bucket, ...]:
    return buckets(*(draw.randrange(100) for _ in range(draw.randrange(1, 12))), first=draw.randrange(12))


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)
