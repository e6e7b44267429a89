"""Two trees frame by frame: the same map before and after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from bttop.model.stacks.flame_tree import ROOT, FlameTree


class TreeComparison(Struct, frozen=True):
    """A tree and an earlier one."""

    befores: Sequence[float]
    """The earlier weight of each node of the tree: that of the node with the same path; 0 if there was none."""
    gone: int
    """Number of frames that only the earlier tree has, below one that both have."""
    gone_weight: float
    """Earlier weight of these frames."""


@lru_cache(maxsize=4)
def compare(after: FlameTree, before: FlameTree, grain: int = 1) -> TreeComparison:
    """Compare two trees of the same form, whose maps must cover the same time. `grain` is that of the earlier tree."""
    numbers = {frame: number for number, frame in enumerate(before.frames)}
    # Maps that are merged by function have lost the files that the perf mode prints.
    to_before = [numbers.get(frame, numbers.get(replace(frame, module=""), -1)) for frame in after.frames]
    known = {(before.parents[node], before.labels[node]): node for node in range(1, len(before.labels))}
    partners = [ROOT] + [-1] * (len(after.labels) - 1)
    for node in range(1, len(after.labels)):
        above = partners[after.parents[node]]
        if above >= 0:
            partners[node] = known.get((above, to_before[after.labels[node]]), -1)
    found = set(partners)
    gone = [node for (above, _), node in known.items() if above in found and node not in found]
    befores = [before.totals[one] / grain if one >= 0 else 0.0 for one in partners]
    return TreeComparison(befores, len(gone), sum(before.totals[node] for node in gone) / grain)
