"""The stacks of a selection as trees, with their total weights over the span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bttop.errors import UsageError
from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.tree_builder import TreeBuilder
from bttop.store.export.selection import MapName, Selection

WHOLE = FlameForm(split="text", whole=True)
"""Every frame as it was printed, below the text parts of the key, such as the name of the process."""


def trees(selection: Selection, form: FlameForm = WHOLE) -> Mapping[MapName, FlameTree]:
    """Return the tree of each selected map that has a stack column, over the whole span; of several hosts, one for each
    host. Raises UsageError if there are no stacks."""
    builders: dict[MapName, TreeBuilder] = {}
    namers = {host.id: selection.snapshot.frame_names(host.id).name for host in selection.snapshot.hosts}
    for name, plan in selection.maps().items():
        if any(column.kind == "stack" for column in plan.columns):
            for (program, _), data in selection.data(name):
                own = name._replace(host=program.host.name if selection.is_of_several else "")
                if own not in builders:
                    builders[own] = TreeBuilder(form, namers[program.host.id])
                builders[own].add(data)
    found = {name: builder.tree() for name, builder in builders.items()}
    if not any(tree.totals[0] for tree in found.values()):
        raise UsageError("there are no stacks in this part of the snapshot")
    return found


def folded(selection: Selection) -> Mapping[MapName, Sequence[tuple[tuple[str, ...], int]]]:
    """Return the stacks of each tree with their weights, outermost frame first. Kernel frames end in `_[k]` where a map
    has the stacks of programs too. Raises UsageError if there are no stacks."""
    plans = selection.maps()
    found = {}
    for name, tree in trees(selection).items():
        kinds = [column for column in plans[name._replace(host="")].columns if column.kind == "stack"]
        found[name] = [*_named(tree, marked=len(kinds) > 1)]
    return found


def _named(tree: FlameTree, *, marked: bool) -> Iterator[tuple[tuple[str, ...], int]]:
    names = [f"{frame.text}_[k]" if marked and frame.kind == "kernel" else frame.text for frame in tree.frames]
    for node, weight in enumerate(tree.own):
        if weight:
            path = []
            above = node
            while above:
                path.append(names[tree.labels[above]])
                above = tree.parents[above]
            yield tuple(reversed(path)), weight
