"""Stacks: one row per stack with its share of the samples and its innermost frames; a row unfolds into all frames."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct

from bttop.model.format import numbers
from bttop.model.format.text import visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.demangle import without_parameters
from bttop.model.record.stacks import NO_FRAMES, stacks_of
from bttop.model.record.telling_frames import ends_early, telling, with_repeats, without_module
from bttop.ui.render.spans import Line, Span, bar, fit
from bttop.ui.views.base import Drawing, Scene, parts
from bttop.ui.views.rows.ordering import Row
from bttop.ui.views.rows.rows import RowCell, draw_rows, text_cells
from bttop.ui.views.table import (
    change_cells,
    key_lines,
    number,
    rate_title,
    shown_as_stacks,
    summary,
    total,
    value_cells,
    value_lines,
    with_rows_gone,
)

CUT: Final = "chain ends: no frame pointers"
LEAST_FRAMES = 12
"""Minimum cells of the frames; twice as many where there is room, at the expense of the columns after them."""
NARROW, WIDE = 60, 100
"""Below NARROW cells, ids and shares are left out to make room for frames; from WIDE cells on there is a bar, and all
other columns are before the frames."""


class Stacks:
    """Numbers by a key that contains a stack."""

    name = "stacks"

    def rank(self, plan: MapPlan, *, has_keys: bool) -> int:  # noqa: ARG002
        return 8 if shown_as_stacks(plan) else 0

    def draw(self, scene: Scene) -> Drawing:
        whole = total(scene, scene.data.rows)
        who, others = _who(scene)
        least = max(LEAST_FRAMES, min(2 * LEAST_FRAMES, scene.width - 20))
        cells = [
            *value_cells(scene),
            *change_cells(scene),
            *([_share(whole)] if scene.width >= NARROW else []),
            *who,
            RowCell("innermost frames", lambda row: _inline(scene, row), None, "frame", least=least, most=400, spare=1),
            *others,
        ]
        if scene.width >= WIDE:
            cells.insert(
                2, RowCell("", lambda row: bar(number(row.value), whole, 8, scene.glyphs), None, "bar", least=8, most=8)
            )
        drawing = draw_rows(
            scene,
            cells,
            default_sort=scene.data.plan.sort or rate_title(scene),
            summary=partial(summary, scene),
            under=lambda row: _unfolded(scene, row),
        )
        return with_rows_gone(scene, drawing)

    def detail(self, scene: Scene, key: str) -> tuple[Line, ...]:
        return (*value_lines(scene, key), *key_lines(scene, key))


VIEW = Stacks()


def _share(total: float) -> RowCell:
    return RowCell("%", lambda row: numbers.share(number(row.value), total), None, "dim", "right", least=3, most=4)


def _who(scene: Scene) -> tuple[list[RowCell], list[RowCell]]:
    """The columns of key parts that are not stacks: those before the frames and those after them, which are left out
    first. Ids are left out below NARROW cells, because frames matter more."""
    stacks = _stack_indexes(scene)
    plan = scene.data.plan
    ids = {plan.pid, plan.tid}
    found = [cell for index, cell in enumerate(text_cells(scene)) if index not in stacks]
    if scene.width >= WIDE:
        return found, []
    found = [cell for cell in found if scene.width >= NARROW or cell.title not in ids]
    first = [cell for cell in found if cell.title in {*ids, "comm"}]
    return first, [cell for cell in found if cell not in first]


def _stack_indexes(scene: Scene) -> frozenset[int]:
    return frozenset(index for index, column in enumerate(scene.data.plan.columns) if column.kind == "stack")


class Stack(Struct, frozen=True):
    """One stack of a row."""

    title: str
    """Of its column."""
    frames: tuple[str, ...]
    """Innermost first."""
    is_cut: bool
    """Whether the chain ends before the start of the thread."""

    @property
    def is_kernel(self) -> bool:
        return self.title.startswith("k")


def row_stacks(scene: Scene, key: str) -> Sequence[Stack]:
    """The stacks in a key: those of the kernel first."""
    return _stacks(key, scene.data.plan.columns)


@lru_cache(maxsize=4096)
def _stacks(key: str, columns: tuple[Column, ...]) -> Sequence[Stack]:
    """Cached, because each flush has mostly the same stacks, and parsing them is half the cost of a repaint."""
    depths = {column.title: column.depth for column in columns}
    found = []
    for title, names in stacks_of(columns, parts(key, columns)):
        frames = tuple(visible_name(name) for name in names)
        found.append(Stack(title, frames, not title.startswith("k") and ends_early(frames, depths[title])))
    return found


def _inline(scene: Scene, row: Row) -> str:
    """The stacks on one line, innermost frame first."""
    mark = scene.glyphs.open if row.key in scene.choice.opened else scene.glyphs.closed
    return f"{mark} {_line_of(row.key, scene.data.plan.columns) or NO_FRAMES}"


@lru_cache(maxsize=1024)
def _line_of(key: str, columns: tuple[Column, ...]) -> str:
    """Cached, because each drawing has mostly the same rows."""
    return one_line(_stacks(key, columns))


def one_line(stacks: Sequence[Stack]) -> str:
    """The frames that say what happens: the innermost one of the kernel, then those of the program. Without a program's
    stack all of the kernel that say something. Frames of the kernel that are left out are counted, as in `…3`."""
    user = [word for one in stacks if not one.is_kernel for word in _words(one.frames)]
    kernel = [word for one in stacks if one.is_kernel for word in _kernel_words(one.frames, alone=not user)]
    note = [f"({CUT})"] if any(one.is_cut for one in stacks) else []
    return " < ".join([*kernel, *user, *note])


def _kernel_words(frames: Sequence[str], *, alone: bool) -> list[str]:
    shown = telling(frames) or (frames if alone else ())
    shown = shown if alone else shown[:1]
    hidden = len(frames) - len(shown)
    return [*_words(shown), *([f"…{hidden}"] if hidden else [])]


def _words(frames: Sequence[str]) -> list[str]:
    return with_repeats([without_parameters(without_module(frame)) for frame in frames])


def _unfolded(scene: Scene, row: Row) -> list[Line]:
    """Every frame on a line of its own, with its file."""
    lines = []
    for stack in row_stacks(scene, row.key):
        names = [(name, "frame") for name in with_repeats(stack.frames)]
        for index, (name, role) in enumerate([*names, *([(CUT, "dim")] if stack.is_cut else [])]):
            head = f"{stack.title if index == 0 else '':>14}  "
            lines.append(fit((Span(head, "heading"), Span(name, role)), scene.width))
    return lines
