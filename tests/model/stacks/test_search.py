"""Search and totals: recursion counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.records import Value
from bttop.model.stacks.comparison import compare
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.search import everywhere, matches
from bttop.model.stacks.tree_builder import build
from tests.model.stacks.kit import data, key


@given(st.lists(st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), st.integers(1, 99)), max_size=20))
def test_a_function_counts_once_in_each_stack_that_contains_it(found: list[tuple[list[str], int]]) -> None:
    rows: dict[str, Value] = {key("main", *names, pid=at + 1): weight for at, (names, weight) in enumerate(found)}
    tree = build([data(rows)], FlameForm())
    total = sum(weight for names, weight in found if "a" in names)
    assert matches(tree, "A").weight == sum(weight for names, weight in found if "a" in "".join([*names, "main"]))
    numbers = [at for at, frame in enumerate(tree.frames) if frame.name == "a"]
    for number in numbers:
        here = everywhere(tree, number)
        assert (here.total, here.own) == (total, sum(weight for names, weight in found if names[-1] == "a"))


def test_a_comparison_has_the_earlier_weight_of_each_frame_and_counts_what_is_gone() -> None:
    before = build([data({key("main", "f"): 4, key("main", "old", "older"): 6})], FlameForm())
    after = build([data({key("main", "f"): 9, key("main", "new"): 1})], FlameForm())
    found = compare(after, before)
    by_name = {after.frame(node).name: found.befores[node] for node in range(len(after.labels))}
    assert by_name == {"all": 10, "main": 10, "f": 4, "new": 0}
    assert (found.gone, found.gone_weight) == (1, 6)
