"""Trees that are made in steps."""

from __future__ import annotations

from bttop.model.record.records import Value
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.tree_builder import build
from bttop.ui.board.pane_data.gradual_trees import SMALL, GradualTrees
from bttop.ui.views.flame_trees import FoundTree, WantedTree
from tests.model.stacks.kit import data, key, shares


def wanted(count: int, weight: int = 1, form: FlameForm | None = None) -> WantedTree:
    rows: dict[str, Value] = {key("main", f"f{number}", pid=number + 1): weight for number in range(count)}
    made = data(rows)
    return WantedTree(made, made, form or FlameForm(), None)


def drawn(trees: GradualTrees, tree: WantedTree) -> FoundTree:
    """What one drawing gets."""
    trees.begin_drawing()
    return trees.find(tree)


def test_a_small_tree_is_made_at_once_and_a_large_one_in_steps() -> None:
    trees = GradualTrees(seconds=0)
    small = drawn(trees, wanted(SMALL)).tree
    assert small is not None and small.totals[0] == SMALL
    large = wanted(4 * 256 + 1, form=FlameForm(split="process"))
    unfinished = []
    while (found := drawn(trees, large)).tree is None:
        unfinished.append(trees.unfinished)
    assert all(unfinished) and len(unfinished) > 3 and not found.is_older
    assert shares(found.tree) == shares(build([large.data], large.form))
    again = drawn(trees, WantedTree(large.shown, large.data, large.form, None))
    assert again.tree is found.tree and not again.is_older, "it is kept for each drawing of the same map"


def test_a_tree_is_made_without_drawing_once_a_drawing_has_asked_for_it() -> None:
    trees, large = GradualTrees(seconds=0), wanted(2000)
    assert drawn(trees, large).tree is None
    while trees.unfinished:
        trees.work()
    assert trees.find(large).tree is not None


def test_the_tree_before_is_shown_until_the_next_is_made_and_none_starves() -> None:
    trees = GradualTrees(seconds=0)
    first = wanted(2000)
    while (found := drawn(trees, first)).tree is None:
        pass
    weights = []
    for number in range(2, 200):  # the map changes at each drawing
        found = drawn(trees, wanted(2000, weight=number))
        assert found.tree is not None and found.is_older and trees.unfinished
        weights.append(found.tree.totals[0] // 2000)
    assert weights == sorted(weights) and len({*weights}) > 5


def test_what_no_drawing_asks_for_is_not_made_any_more() -> None:
    trees = GradualTrees(seconds=0)
    assert drawn(trees, wanted(2000)).tree is None
    unfinished = []
    for _ in range(3):
        unfinished.append(trees.unfinished)
        trees.begin_drawing()
    assert unfinished == [True, True, False], "each drawing may still ask for what the one before has asked for"
