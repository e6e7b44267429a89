"""Charts as inline SVG. They scale with the page. Colours come from the style sheet, for dark mode and for printing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from bttop.model.stacks.flame_tree import ROOT, FlameTree
from bttop.model.stacks.frame import Frame
from bttop.store.report.markup import Markup, tag

_LEVELS = 12
"""Number of shades of a heat map."""
_ROW = 18
"""Height of a frame in pixels."""
_MOST_FRAMES = 2_500
_DEEPEST = 64
_NARROWEST = 0.0025
"""Smallest width of a drawn frame, as a fraction of the whole: three pixels of a large window."""
_HUES = 6

Values = Sequence[float | None]
"""One value per bin; None is a gap."""


def area(values: Values, tips: Sequence[str], moments: Iterable[float], height: int = 56) -> Markup:
    """Return an area chart of a number over time, from zero up. `tips` are shown under the pointer; `moments` (0 to 1)
    are the places of marks."""
    return _field(
        len(values), 100, height, [*_curve(values, 100), *_touches(tips, 100), *_moments(moments, values, 100)]
    )


def spark(values: Values) -> Markup:
    """Return an area chart that fits into a line of text."""
    return _field(len(values), 100, 20, _curve(values, 100))


def _field(width: int, depth: int, height: int, content: Sequence[Markup]) -> Markup:
    return tag(
        "svg",
        content,
        class_="wide",
        viewBox=f"0 0 {max(width, 1)} {depth}",
        preserveAspectRatio="none",
        height=height,
        role="img",
    )


def _curve(values: Values, depth: int) -> list[Markup]:
    top = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    lines, areas = [], []
    for run in _runs(values):
        # A run of one bin is drawn as a step, so that it is visible.
        points = [(at + 0.5, _height(value, top, depth)) for at, value in run]
        first, last = run[0][0], run[-1][0] + 1
        points = [(first, points[0][1]), *points, (last, points[-1][1])]
        line = "L".join(f"{_short(x)} {_short(y)}" for x, y in points)
        lines.append(f"M{line}")
        areas.append(f"M{first} {depth}L{line}L{last} {depth}Z")
    return [tag("path", class_="area", d="".join(areas)), tag("path", class_="stroke", d="".join(lines))]


def _height(value: float, top: float, depth: int) -> float:
    """Return the distance of a value from the upper edge, with a little space for the line."""
    share = min(1.0, abs(value) / top) if top and math.isfinite(value) else 0.0
    return depth - share * (depth - 4)


def _runs(values: Values) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for at, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((at, value))
    if run:
        yield run


def _touches(tips: Sequence[str], depth: int) -> list[Markup]:
    """Return invisible columns with a tooltip for each bin."""
    return [
        tag("rect", tag("title", tip), class_="touch", x=at, y=0, width=1, height=depth) for at, tip in enumerate(tips)
    ]


def _moments(moments: Iterable[float], values: Sequence[object], depth: int) -> list[Markup]:
    return [
        tag("path", class_="moment", d=f"M{_short(moment * len(values))} 0V{depth}")
        for moment in moments
        if 0 <= moment <= 1
    ]


def heat(
    rows: Sequence[Sequence[float]], tips: Sequence[str], moments: Iterable[float], row_height: int = 11
) -> Markup:
    """Return a heat map: time from left to right, first row at the bottom. The shade is the logarithm of the count."""
    top = max((count for row in rows for count in row), default=0.0)
    shades: dict[int, list[str]] = {}
    for up, row in enumerate(reversed(rows)):
        for at, length, level in _strips(row, top):
            shades.setdefault(level, []).append(f"M{at} {up}h{length}v1h-{length}z")
    paths = [
        tag("path", d="".join(found), fill_opacity=_short(0.08 + 0.92 * level / _LEVELS))
        for level, found in sorted(shades.items())
    ]
    content = [*paths, *_touches(tips, len(rows)), *_moments(moments, tips, len(rows))]
    return _field(len(tips), len(rows), len(rows) * row_height, content)


def _strips(row: Sequence[float], top: float) -> Iterator[tuple[int, int, int]]:
    """Yield the runs of cells with the same shade: first cell, number of cells, shade. Empty cells are left out."""
    levels = [_level(count, top) for count in row]
    start = 0
    for at in range(1, len(levels) + 1):
        if at == len(levels) or levels[at] != levels[start]:
            if levels[start]:
                yield start, at - start, levels[start]
            start = at


def _level(count: float, top: float) -> int:
    if count <= 0 or top <= 0:
        return 0
    return max(1, math.ceil(_LEVELS * math.log1p(count) / math.log1p(top)))


def bar(part: float, whole: float) -> Markup:
    """Return a bar whose width is `part` divided by `whole`; the whole fills the cell."""
    share = min(1.0, max(0.0, part / whole)) if whole > 0 and math.isfinite(part) else 0.0
    return tag("span", class_="bar", style=f"width:{share * 100:.1f}%") if share else Markup("")


class Flames(Struct, frozen=True):
    """A flame graph, and the number of frames that it leaves out."""

    picture: Markup
    hidden: int
    """Number of frames that are not drawn: too narrow, too deep, or beyond the limit of `_MOST_FRAMES`."""


class _Box(Struct, frozen=True):
    node: int
    left: float
    """0 to 1, like `width`."""
    width: float
    depth: int


def flames(tree: FlameTree, weigh: Callable[[float], str]) -> Flames:
    """Return stacks as an icicle graph: root on top, callees below callers, width is the share."""
    boxes = _boxes(tree)
    drawn = sorted(boxes, key=lambda box: (-box.width, box.depth))[:_MOST_FRAMES]
    drawn = [box for box in drawn if box.width >= _NARROWEST and box.depth <= _DEEPEST]
    height = (max([box.depth for box in drawn], default=0) + 1) * _ROW
    shapes = [_shape(box, tree.frame(box.node), weigh(tree.totals[box.node])) for box in sorted(drawn, key=_in_order)]
    picture = tag("svg", shapes, class_="wide flame", height=height, role="img")
    return Flames(picture, len(boxes) - len(drawn))


def _in_order(box: _Box) -> tuple[int, float]:
    return box.depth, box.left


def _boxes(tree: FlameTree) -> list[_Box]:
    whole = max(tree.totals[ROOT], 1)
    boxes = [_Box(ROOT, 0.0, 1.0, 0)]
    for box in boxes:
        left = box.left
        for child in tree.heaviest_first([*tree.children(box.node)]):
            width = tree.totals[child] / whole
            boxes.append(_Box(child, left, width, box.depth + 1))
            left += width
    return boxes


def _shape(box: _Box, frame: Frame, amount: str) -> Markup:
    name, share = frame.name, f"{box.width * 100:.3g} %"
    hue = "fk" if frame.kind == "kernel" else f"f{zlib.crc32(name.encode(errors='replace')) % _HUES}"
    label = [tag("text", name, x=4, y=13)] if box.width > 0.025 else []
    return tag(
        "svg",
        tag("title", f"{name}: {amount}, {share}"),
        tag("rect", class_=hue, width="100%", height="100%"),
        label,
        x=f"{box.left * 100:.3f}%",
        y=box.depth * _ROW,
        width=f"{box.width * 100:.3f}%",
        height=_ROW,
    )


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
