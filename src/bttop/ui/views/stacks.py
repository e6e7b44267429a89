"""Stacks: one row per stack with its share of the samples and its innermost frames; a row unfolds into all frames."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from bttop.model.format import numbers
from bttop.model.format.text import visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Value
from bttop.model.record.stacks import stacks_of
from bttop.ui.render.spans import Line, Span, bar, fit
from bttop.ui.views.base import Drawing, Scene, parts, per
from bttop.ui.views.ordering import Row
from bttop.ui.views.rows import WHOLE, RowCell, draw_rows, text_cells
from bttop.ui.views.table import key_lines, number, rate_title, summary, total, value_lines

NARROW, WIDE = 60, 100
"""Below NARROW cells, ids and shares are left out to make room for frames; from WIDE cells on there is a bar."""


class Stacks:
    """Numbers by a key that contains a stack."""

    name = "stacks"

    def rank(self, plan: MapPlan, rows: Mapping[str, Value]) -> int:  # noqa: ARG002
        if plan.aggregation not in ("count", "sum", "value"):
            return 0
        return 8 if any(column.kind == "stack" for column in plan.columns) else 0

    def draw(self, scene: Scene) -> Drawing:
        whole = total(scene)
        seconds, title = per(scene).seconds, rate_title(scene)
        cells = [
            RowCell(title, lambda row: numbers.whole(number(row.value) / seconds), lambda row: number(row.value),
                 "number", "right", least=5, most=WHOLE, falls=True, rigid=True, natural=True),
            *([_share(whole)] if scene.width >= NARROW else []),
            *_who(scene),
            RowCell("innermost frames", lambda row: _inline(scene, row), None, "frame", least=12, most=400, spare=1),
        ]  # fmt: skip
        if scene.width >= WIDE:
            cells.insert(
                2, RowCell("", lambda row: bar(number(row.value), whole, 8, scene.glyphs), None, "bar", least=8, most=8)
            )
        return draw_rows(
            scene,
            cells,
            default_sort=scene.data.plan.sort or title,
            summary=summary(scene),
            under=lambda row: _unfolded(scene, row),
        )

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return (*value_lines(scene, key), *key_lines(scene, key))


VIEW = Stacks()


def _share(total: float) -> RowCell:
    return RowCell("%", lambda row: numbers.share(number(row.value), total), None, "dim", "right", least=3, most=4)


def _who(scene: Scene) -> list[RowCell]:
    """The columns of key parts that are not stacks. Ids are left out below NARROW cells, because frames matter more."""
    stacks = _stack_indexes(scene)
    plan = scene.data.plan
    ids = {plan.pid, plan.tid} if scene.width < NARROW else set()
    return [cell for index, cell in enumerate(text_cells(scene)) if index not in stacks and cell.title not in ids]


def _stack_indexes(scene: Scene) -> frozenset[int]:
    return frozenset(index for index, column in enumerate(scene.data.plan.columns) if column.kind == "stack")


def row_frames(scene: Scene, key: str) -> list[tuple[str, tuple[str, ...]]]:
    """The column's title and the frames of each stack in a key: kernel stacks first, innermost frame first."""
    return _frames(key, scene.data.plan.columns)


@lru_cache(maxsize=4096)
def _frames(key: str, columns: tuple[Column, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Cached, because each flush has mostly the same stacks, and parsing them is half the cost of a repaint."""
    return [
        (title, tuple(visible_name(name) for name in frames))
        for title, frames in stacks_of(columns, parts(key, columns))
    ]


def _inline(scene: Scene, row: Row) -> str:
    """The whole stack on one line, innermost frame first, kernel frames before user frames."""
    mark = scene.glyphs.open if row.key in scene.choice.opened else scene.glyphs.closed
    inline = [name for _, stack in row_frames(scene, row.key) for name in stack]
    return f"{mark} {' < '.join(inline) if inline else '[no frames]'}"


def _unfolded(scene: Scene, row: Row) -> list[Line]:
    lines = []
    for title, stack in row_frames(scene, row.key):
        for index, name in enumerate(stack):
            head = f"{title if index == 0 else '':>14}  "
            lines.append(fit((Span(head, "heading"), Span(name, "frame")), scene.width))
    return lines
