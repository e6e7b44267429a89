"""Which nodes of a tree match a text, and where else its functions are."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from bttop.model.stacks.flame_tree import ROOT, FlameTree


class Matches(Struct, frozen=True):
    """The frames that contain a text."""

    numbers: frozenset[int]
    """Indexes into the frames of the tree."""
    weight: int
    """Weight of the stacks with at least one such frame."""


class Everywhere(Struct, frozen=True):
    """A frame wherever it is in a tree."""

    places: int
    """Number of nodes."""
    own: int
    total: int
    """Weight of the stacks that contain the frame; a stack in which it occurs several times counts once."""


@lru_cache(maxsize=8)
def matches(tree: FlameTree, needle: str) -> Matches:
    """The frames whose name or file contains a text; case is ignored."""
    wanted = needle.casefold()
    numbers = frozenset(at for at, one in enumerate(tree.frames) if at and wanted in one.text.casefold())
    return Matches(numbers, _everywhere(tree, numbers).total)


@lru_cache(maxsize=8)
def nameless_weight(tree: FlameTree, *, inverted: bool = False) -> int:
    """Weight of the stacks with a frame that has no symbol. Outermost frames that call one with a symbol do not count:
    they are the start code of a C library, whose symbols distributions strip. `inverted`: innermost frames are at the
    root."""
    nodes = {node for node, number in enumerate(tree.labels) if number in tree.nameless}
    outermost = {node for node in nodes if _is_first(tree, node) != inverted}
    around = nodes if inverted else nodes - outermost
    weights = (
        tree.totals[node] - (_start_weight(tree, node, inverted=inverted) if node in outermost else 0)
        for node in nodes
        if not _is_within(tree, node, around)
    )
    return sum(weights)


def _is_first(tree: FlameTree, node: int) -> bool:
    """Whether a node is next to the root of its stacks."""
    parent = tree.parents[node]
    return parent == ROOT or tree.frame(parent).kind == "label"


def _start_weight(tree: FlameTree, node: int, *, inverted: bool) -> int:
    """Weight of the stacks in which a node without a symbol is the outermost frame and calls one with a symbol."""
    if inverted:
        return 0 if tree.frame(tree.parents[node]).kind == "kernel" else tree.own[node]
    return sum(tree.totals[child] for child in tree.children(node) if tree.frame(child).kind != "kernel")


@lru_cache(maxsize=64)
def everywhere(tree: FlameTree, number: int) -> Everywhere:
    """A frame, given by its index into the frames of the tree, over the whole tree."""
    return _everywhere(tree, frozenset((number,)))


def _everywhere(tree: FlameTree, numbers: frozenset[int]) -> Everywhere:
    if not numbers:
        return Everywhere(0, 0, 0)
    nodes = [node for node, number in enumerate(tree.labels) if number in numbers]
    inside = set(nodes)
    total = sum(tree.totals[node] for node in nodes if not _is_within(tree, node, inside))
    return Everywhere(len(nodes), sum(tree.own[node] for node in nodes), total)


def _is_within(tree: FlameTree, node: int, nodes: set[int]) -> bool:
    """Whether an ancestor of a node is among some nodes."""
    while node:
        node = tree.parents[node]
        if node in nodes:
            return True
    return False
