"""Paints the levels of a flame graph as lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from bttop.model.format import numbers
from bttop.model.stacks.frame import FrameKind
from bttop.ui.render.spans import Exact, Glyphs, Line, Span
from bttop.ui.render.text import left
from bttop.ui.views.base import Scene
from bttop.ui.views.flame.layout import NARROW, FlameCell, Level
from bttop.ui.views.flame.picture import FlamePicture

_FILL: Final[dict[FrameKind, str]] = {"user": " ", "kernel": "·", "jit": "~", "unknown": "-", "label": " "}
"""What follows the name of a frame: kinds differ without colours too."""
_ASCII_FILL: Final = {"·": "."}
_CHANGED: Final = 0.1
"""The part of the larger weight by which a frame must have changed to be shown as changed."""


def paint_level(scene: Scene, picture: FlamePicture, level: Level) -> Line:
    """One level, exactly as wide as the scene."""
    runs = groupby(_spans(scene, picture, level), key=lambda span: span.role)
    return Exact.of([Span("".join([one.text for one in run]), role) for role, run in runs], scene.width)


def _spans(scene: Scene, picture: FlamePicture, level: Level) -> Iterator[Span]:
    at = 0
    for cell in level:
        if cell.start > at:
            yield Span(" " * (cell.start - at))
        yield _painted(scene, picture, cell)
        at = cell.end
    if at < scene.width:
        yield Span(" " * (scene.width - at))


def _painted(scene: Scene, picture: FlamePicture, cell: FlameCell) -> Span:
    room = cell.end - cell.start
    if cell.node == NARROW:
        text = f"+{numbers.short(cell.narrow)} narrower"
        shown = text if len(text) <= room else text.partition(" ")[0]
        return Span((shown if len(shown) <= room else "+" * room).ljust(room), "dim")
    frame = picture.tree.frame(cell.node)
    mark, role = _mark(picture, cell.node, scene.glyphs, frame.kind)
    fill = _FILL[frame.kind]
    fill = fill if scene.glyphs.sliver == "▁" else _ASCII_FILL.get(fill, fill)
    text = left(frame.name, room - 1) if room > 1 else ""
    name = text.rstrip(" ")
    text = f"{mark}{name}{fill * (len(text) - len(name))}"
    if cell.node == picture.selected and scene.cursor:
        return Span(text, scene.cursor)
    if picture.found is not None and picture.tree.labels[cell.node] in picture.found.numbers:
        return Span(text, "flame-match")
    return Span(text, role)


def _mark(picture: FlamePicture, node: int, glyphs: Glyphs, kind: FrameKind) -> tuple[str, str]:
    """The first character of a frame and its role: its kind, or how it differs from the baseline."""
    if picture.change is None:
        return glyphs.edge, f"flame-{kind}"
    before, after = picture.change.befores[node], picture.tree.totals[node]
    if abs(after - before) <= _CHANGED * max(after, before):
        return glyphs.edge, "flame-same"
    return ("+", "flame-more") if after > before else ("-", "flame-less")
