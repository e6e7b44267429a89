"""Where the frames of a flame graph are: levels of cells, each as wide as its share of the weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

from bttop.model.stacks.flame_tree import FlameTree

NARROW: Final = -1
"""The node of a cell that stands for frames which are narrower than one cell."""


class FlameCell(NamedTuple):
    """One frame, or several narrow ones."""

    node: int
    """NARROW for several narrow frames."""
    start: int
    """Its first cell; `end` is the first one after it."""
    end: int
    left: int
    """Weight of everything to the left of it."""
    narrow: int = 0
    """Number of the narrow frames."""


Level: TypeAlias = "Sequence[FlameCell]"


class FlameLayout(Struct, frozen=True):
    """All levels below a frame, the frame first."""

    levels: Sequence[Level]
    narrow: int
    """Frames that are narrower than one cell, below frames that are drawn."""

    def place(self, node: int) -> tuple[int, int] | None:
        """The level and the index of a node; None if it is not drawn."""
        for depth, level in enumerate(self.levels):
            for at, one in enumerate(level):
                if one.node == node:
                    return depth, at
        return None


def lay_out(tree: FlameTree, node: int, width: int) -> FlameLayout:
    """The frames below a node in `width` cells, the heaviest to the left. Frames narrower than a cell are one cell at
    the right of their parent, if they are as wide together."""
    levels: list[Level] = [[FlameCell(node, 0, width, 0)]]
    narrow = 0
    while True:
        level: list[FlameCell] = []
        for cell in levels[-1]:
            if cell.node != NARROW:
                narrow += _add_children(tree, cell, level, width, tree.totals[node])
        if not level:
            return FlameLayout(levels, narrow)
        levels.append(level)


def _add_children(tree: FlameTree, parent: FlameCell, level: list[FlameCell], width: int, whole: int) -> int:
    """Add the children of a cell to a level; return how many are narrow."""
    totals = tree.totals
    children = [*tree.children(parent.node)]
    wide = tree.heaviest_first([one for one in children if totals[one] * width >= whole])
    left = parent.left
    for one in wide:
        right = left + totals[one]
        level.append(FlameCell(one, _cell(left, width, whole), _cell(right, width, whole), left))
        left = right
    hidden = len(children) - len(wide)
    end = _cell(parent.left + totals[parent.node] - tree.own[parent.node], width, whole)
    if hidden and end > (start := _cell(left, width, whole)):
        level.append(FlameCell(NARROW, start, end, left, hidden))
    return hidden


def _cell(left: int, width: int, whole: int) -> int:
    """The cell at which a weight begins, rounded: a frame of at least one cell then has at least one."""
    return (2 * left * width + whole) // (2 * whole) if whole else 0
