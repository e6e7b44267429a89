"""The stacks of a selection as trees, with their total weights over the span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bttop.errors import UsageError
from bttop.model.flush.contents import MapData
from bttop.model.format.text import counted
from bttop.model.plan import MapPlan
from bttop.model.stacks.flame_tree import FlameTree, StackFacts
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.tree_builder import TreeBuilder
from bttop.model.stacks.value_stacks import plan_with_stacks_in_keys, with_stacks_in_keys
from bttop.store.export.selection import MapName, Selection
from bttop.store.snapshot.hosts import ProgramRow

WHOLE = FlameForm(split="text", whole=True)
"""Every frame as it was printed, below the text parts of the key, such as the name of the process."""


def stack_plans(selection: Selection) -> Mapping[MapName, MapPlan]:
    """Return the plans of the selected maps that have stacks in keys or as values, with all of them in keys."""
    plans = {name: plan_with_stacks_in_keys(plan) for name, plan in selection.maps().items()}
    return {name: plan for name, plan in plans.items() if _stack_count(plan)}


def trees(selection: Selection, form: FlameForm = WHOLE) -> Mapping[MapName, FlameTree]:
    """Return the tree of each selected map that has stacks, over the whole span; of several hosts, one for each host.
    Of a map that is assigned or never cleared it has the last print, because each print holds everything so far. Raises
    UsageError if there are no stacks."""
    builders: dict[MapName, TreeBuilder] = {}
    namers = {host.id: selection.snapshot.frame_names(host.id).name for host in selection.snapshot.hosts}
    for name in stack_plans(selection):
        for program, data in _prints(selection, name):
            own = name._replace(host=program.host.name if selection.is_of_several else "")
            if own not in builders:
                builders[own] = TreeBuilder(form, namers[program.host.id])
            builders[own].add(with_stacks_in_keys(data))
    found = {name: builder.tree() for name, builder in builders.items()}
    selection.left_out.update(words for name, tree in found.items() for words in _left_out(name, tree.facts))
    if not any(tree.totals[0] for tree in found.values()):
        raise UsageError("there are no stacks in this part of the snapshot")
    return found


def _left_out(name: MapName, facts: StackFacts) -> Iterator[str]:
    """What a tree does not contain, in a few words each."""
    if facts.left_out:
        yield f"{name}: {counted(facts.left_out, 'stack', 'stacks')} whose number is not above 0"
    if facts.too_many:
        yield f"{name}: {counted(facts.too_many, 'frame', 'frames')} above the most that a graph can have"


def _prints(selection: Selection, name: MapName) -> Iterator[tuple[ProgramRow, MapData]]:
    """Yield the prints of a map that add up to its total over the span."""
    last: dict[int, tuple[ProgramRow, MapData]] = {}
    for (program, _), data in selection.data(name):
        if not data.plan.is_state:
            yield program, data
        elif data.rows:
            last[program.id] = program, data
    yield from last.values()


def folded(selection: Selection) -> Mapping[MapName, Sequence[tuple[tuple[str, ...], int]]]:
    """Return the stacks of each tree with their weights, outermost frame first. Kernel frames end in `_[k]` where a map
    has the stacks of programs too. Raises UsageError if there are no stacks."""
    plans = stack_plans(selection)
    return {
        name: [*_named(tree, marked=_stack_count(plans[name._replace(host="")]) > 1)]
        for name, tree in trees(selection).items()
    }


def _stack_count(plan: MapPlan) -> int:
    return sum(column.kind == "stack" for column in plan.columns)


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
