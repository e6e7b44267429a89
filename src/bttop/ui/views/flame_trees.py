"""Where flame graphs get their trees from: made at once, or in steps while the screen handles keys."""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.contents import MapData
from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.tree_builder import build, build_in_steps


class WantedTree(Struct, frozen=True, eq=False):
    """The tree that a flame graph needs. It is equal to one of the same map on show, form and grain; the map must be
    the same object, because equal maps are rare and comparing them is slow."""

    shown: MapData
    """The map on show."""
    data: MapData
    """The map to make the tree from: as it was printed, if that is known."""
    form: FlameForm
    namer: FrameNamer | None
    grain: int = 1
    """The tree counts weights in parts of which so many are one."""

    def __hash__(self) -> int:
        return hash((id(self.shown), self.form, self.grain))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WantedTree):
            return NotImplemented
        return other.shown is self.shown and (other.form, other.grain) == (self.form, self.grain)

    def __ne__(self, other: object) -> bool:
        return not self == other  # that of Struct compares identities

    def steps(self) -> Generator[None, None, FlameTree]:
        """Make the tree. Yields after each step, which takes some milliseconds."""
        return build_in_steps(self.data, self.form, self.namer, grain=self.grain)


class FoundTree(Struct, frozen=True):
    """The answer to a wanted tree."""

    tree: FlameTree | None
    """None while the first tree of this map and form is being made."""
    is_older: bool = False
    """Whether it is the tree of an earlier flush, because the wanted one is being made."""


class FlameTrees(Protocol):
    """The trees of a pane."""

    def find(self, wanted: WantedTree) -> FoundTree:
        """The wanted tree, or the last one of its map and form."""


class WholeTrees:
    """Makes each tree as a whole when it is wanted for the first time."""

    def find(self, wanted: WantedTree) -> FoundTree:
        """See `FlameTrees.find`."""
        return FoundTree(_whole(wanted))


@lru_cache(maxsize=4)
def _whole(wanted: WantedTree) -> FlameTree:
    """Cached, because a flush is drawn several times: at each key and at each resize."""
    return build([wanted.data], wanted.form, wanted.namer, grain=wanted.grain)
