"""From paths with weights to a tree. Sorted paths that begin alike follow each other, so each node is made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bttop.model.stacks.flame_tree import ROOT

MOST_NODES: Final = 600_000
"""Maximum nodes of a tree: about 100 bytes each while it is built. 4,096 stacks of 127 frames fit even if they have
nothing in common."""
_AT_ONCE: Final = 1024
"""Paths in a step."""
_SORTED_AT_ONCE: Final = 8192


class PathTree:
    """The nodes of a tree by number. A path has one character per frame, the outermost first."""

    def __init__(self) -> None:
        self.parents: list[int] = [ROOT]
        self.labels: list[int] = [0]
        """The character of each node's frame as a number. The root has the first one."""
        self.firsts: list[int] = [0]
        self.nexts: list[int] = [0]
        self.own: list[int] = [0]
        self.totals: list[int] = [0]
        self.keys: dict[int, str] = {}
        """The key of the heaviest path that ends at a node."""
        self.too_many = 0
        """Frames that are left out, because the tree has the most nodes that it may have."""
        self._branches: dict[int, int] = {}
        """The parents of the nodes that are not right below the node before them."""
        self._labels: list[str] = ["\0"]
        self._ends: dict[int, int] = {}
        self._heaviest: dict[int, int] = {}
        """The weight of the heaviest path that ends at a node, where several do: the tree is full."""

    def add_all(self, weights: Mapping[str, int], keys: Mapping[str, str]) -> Iterator[None]:
        """Make the nodes of all paths; call it once. Yields after each step."""
        nodes, count = [ROOT], 1
        paths = [*weights]
        for at in range(0, len(paths), _SORTED_AT_ONCE):
            paths[at : at + _SORTED_AT_ONCE] = sorted(paths[at : at + _SORTED_AT_ONCE])
            yield
        paths.sort()  # merges sorted runs, which takes a fraction of the time
        last, branches, labels = 0, self._branches, self._labels
        for number, whole in enumerate(paths, 1):
            bits = _bits(whole)
            same = min(_common(last, bits, whole), len(nodes) - 1)
            last, path, new = bits, whole, len(whole) - same
            if new > MOST_NODES - count:
                self.too_many += new - (MOST_NODES - count)
                new = MOST_NODES - count
                path = path[: same + new]
            del nodes[same + 1 :]
            if new:
                branches[count] = nodes[same]
                labels.append(path[same:])
                nodes += range(count, count + new)
                count += new
            self._end(nodes[-1], weights[whole], keys[whole])
            if not number % _AT_ONCE:
                yield
        yield
        yield from self._finish(count)

    def _end(self, node: int, weight: int, key: str) -> None:
        """Note that a path ends at a node. Others end there too if frames of them are left out."""
        before = self._ends.get(node)
        if before is None:
            self._ends[node], self.keys[node] = weight, key
            return
        self._ends[node] = before + weight
        if weight > self._heaviest.setdefault(node, before):
            self._heaviest[node], self.keys[node] = weight, key

    def _finish(self, count: int) -> Iterator[None]:
        """Fill the columns, which are made at once because that is much faster than node by node."""
        self.labels = [*map(ord, "".join(self._labels))]
        yield
        self.parents = [ROOT, *range(count - 1)]
        self.own = [0] * count
        yield
        for node, parent in self._branches.items():
            self.parents[node] = parent
        for node, weight in self._ends.items():
            self.own[node] = weight
        yield
        self._link(count)
        yield
        self.totals = totals = self.own.copy()
        for node, parent in zip(range(count - 1, 0, -1), reversed(self.parents), strict=False):
            totals[parent] += totals[node]

    def _link(self, count: int) -> None:
        """Find the first child and the next sibling of each node."""
        # A node without a branch after it has the node after it as its only child so far.
        firsts = [*range(1, count), 0]
        nexts = [0] * count
        for node in self._branches:
            firsts[node - 1] = 0
        for node, parent in self._branches.items():
            nexts[node] = firsts[parent]
            firsts[parent] = node
        self.firsts, self.nexts = firsts, nexts


def _bits(path: str) -> int:
    """A path as a number: 32 bits for each frame, the outermost one lowest."""
    return int.from_bytes(path.encode("utf-32-le", "surrogatepass"), "little")


def _common(one: int, other: int, path: str) -> int:
    """The number of frames with which two paths begin, the other one of which is `path`: those below the lowest bit in
    which their numbers differ. No frame of a path is 0, the character of the root."""
    different = one ^ other
    return (different & -different).bit_length() - 1 >> 5 if different else len(path)
