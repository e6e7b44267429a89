"""A tree of stacks with weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from bttop.model.stacks.frame import Frame

ROOT = 0


class StackFacts(Struct, frozen=True):
    """What is known about the stacks of a tree besides their frames. Weights are in the unit of the map."""

    stacks: int = 0
    """Rows with a weight above 0."""
    left_out: int = 0
    """Rows without a weight above 0; they are not in the tree."""
    cut: int = 0
    """Weight of the stacks that are deeper than what the map keeps."""
    broken: int = 0
    """Weight of the stacks whose chain of frame pointers is broken."""
    empty: int = 0
    """Weight of the stacks without frames."""
    too_many: int = 0
    """Frames that are left out, because the tree has the most nodes that it may have."""


class FlameTree(Struct, frozen=True, eq=False):
    """Nodes by number; node 0 is the root and a parent has a lower number than its children. A tree is equal only to
    itself."""

    frames: Sequence[Frame]
    """The distinct frames."""
    nameless: frozenset[int]
    """Indexes of the frames without a symbol."""
    labels: Sequence[int]
    """The frame of each node, as an index into `frames`."""
    parents: Sequence[int]
    firsts: Sequence[int]
    """One child of each node; 0 if it has none."""
    nexts: Sequence[int]
    """The next child of the same parent; 0 after the last."""
    own: Sequence[int]
    """Weight of the stacks that end at each node."""
    totals: Sequence[int]
    """Weight of the stacks that pass through each node, or end there."""
    keys: Mapping[int, str]
    """The raw key of the heaviest row that ends at a node."""
    facts: StackFacts

    def frame(self, node: int) -> Frame:
        """The frame of a node."""
        return self.frames[self.labels[node]]

    def children(self, node: int) -> Iterator[int]:
        """The children of a node, in no particular order."""
        child = self.firsts[node]
        while child:
            yield child
            child = self.nexts[child]

    def heaviest_first(self, nodes: Sequence[int]) -> list[int]:
        """Nodes by falling weight; those of equal weight by name."""
        return sorted(nodes, key=lambda node: (-self.totals[node], self.frame(node).name))

    def path(self, node: int) -> tuple[Frame, ...]:
        """The frames from below the root to a node."""
        found = []
        while node:
            found.append(self.frame(node))
            node = self.parents[node]
        return tuple(reversed(found))

    def find(self, path: Sequence[Frame]) -> tuple[int, int]:
        """The node at the end of a path, or of as much of it as is there, and the length of that part."""
        node = ROOT
        for depth, frame in enumerate(path):
            child = next((one for one in self.children(node) if self.frame(one) == frame), None)
            if child is None:
                return node, depth
            node = child
        return node, len(path)

    def widest_end(self, node: int) -> int:
        """The node at which the heaviest stacks below a node end: the way down follows the heaviest child, until more
        weight ends than goes on."""
        while (child := self._heaviest(node)) and self.totals[child] > self.own[node]:
            node = child
        return node

    def _heaviest(self, node: int) -> int:
        return max(self.children(node), key=lambda one: (self.totals[one], -one), default=0)

    def stacks(self) -> Iterator[tuple[tuple[Frame, ...], int]]:
        """Each path at which a stack ends, with the weight of the stacks that end there."""
        for node, weight in enumerate(self.own):
            if weight:
                yield self.path(node), weight
