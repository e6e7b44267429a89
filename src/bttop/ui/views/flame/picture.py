"""What a flame graph shows: its tree, the zoomed and the selected frame, and the levels on screen."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct

from bttop.model.stacks.comparison import TreeComparison, compare
from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.search import Matches, matches
from bttop.ui.views.base import Scene
from bttop.ui.views.flame.layout import FlameCell, FlameLayout, lay_out
from bttop.ui.views.flame_choice import FlameChoice
from bttop.ui.views.flame_trees import FlameTrees, FoundTree, WantedTree, WholeTrees

HEAD, FOOT = 1, 2
"""Lines above the levels and, at most, below them."""


_GRAIN: Final = 1000
"""The grain of a baseline's weights: many stacks were seen less than once in the length of a flush."""


class FlamePicture(Struct, frozen=True):
    """What a flame graph shows for a scene."""

    tree: FlameTree
    layout: FlameLayout
    zoomed: int
    """The node that has the whole width."""
    missing: int
    """How many frames of the path to the zoomed frame are not in this flush."""
    selected: int
    depth: int
    """Level and index of the selected node within the layout."""
    index: int
    top: int
    """The first level on screen."""
    rows: int
    """Number of levels on screen."""
    found: Matches | None
    """The frames that match the search; None without a search."""
    change: TreeComparison | None
    """The same span of the baseline; None without one, and while its tree is being made."""
    is_older: bool = False
    """Whether it is the tree of an earlier flush, because that of the flush on show is being made."""

    @property
    def cell(self) -> FlameCell:
        """The selected cell."""
        return self.layout.levels[self.depth][self.index]


@lru_cache(maxsize=4)
def _layout(tree: FlameTree, node: int, width: int) -> FlameLayout:
    return lay_out(tree, node, width)


def picture_of(scene: Scene) -> FlamePicture | None:
    """What the flame graph of a scene shows; None while its first tree is being made."""
    choice = scene.choice.flame
    made = _find(scene, choice.form)
    tree = made.tree
    if tree is None:
        return None
    zoomed, found_depth = tree.find(choice.zoomed)
    layout = _layout(tree, zoomed, scene.width)
    depth, index = _selected(tree, layout, choice)
    rows = max(1, scene.height - HEAD - FOOT)
    return FlamePicture(
        tree,
        layout,
        zoomed,
        choice.zoom - found_depth,
        layout.levels[depth][index].node,
        depth,
        index,
        _top(scene, depth, len(layout.levels), rows),
        rows,
        matches(tree, scene.choice.needle) if scene.choice.needle else None,
        _change(scene, tree, choice.form),
        made.is_older,
    )


def _trees(scene: Scene) -> FlameTrees:
    return scene.flame_trees or WholeTrees()


def _find(scene: Scene, form: FlameForm) -> FoundTree:
    # The rows of an open group are only some of those that were printed.
    printed = scene.printed if scene.choice.inside is None else None
    data = scene.data if printed is None else printed
    return _trees(scene).find(WantedTree(scene.data, data, form, scene.namer))


def _change(scene: Scene, tree: FlameTree, form: FlameForm) -> TreeComparison | None:
    if scene.baseline is None or form.names == "offset":
        return None  # stacks of a baseline are merged by function
    before = _trees(scene).find(WantedTree(scene.baseline, scene.baseline, form, scene.namer, _GRAIN)).tree
    return None if before is None else compare(tree, before, _GRAIN)


def _selected(tree: FlameTree, layout: FlameLayout, choice: FlameChoice) -> tuple[int, int]:
    """The level and the index of the selected frame, or of the nearest of its callers that is drawn."""
    node, _ = tree.find(choice.at)
    while (place := layout.place(node)) is None and node:
        node = tree.parents[node]
    return place or (0, 0)


def _top(scene: Scene, depth: int, levels: int, rows: int) -> int:
    """The first level on screen: as scrolled, but the level of the frame that the user has selected is visible."""
    top = max(0, min(scene.choice.top, levels - rows))
    return min(depth, max(top, depth - rows + 1)) if scene.choice.moved else top
