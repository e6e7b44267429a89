"""Search and totals: recursion counts once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.records import Value
from bttop.model.stacks.comparison import compare
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.search import everywhere, matches, nameless_weight
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


ADDRESS = "0x7f6cedcfa95c"


@pytest.mark.parametrize(
    ("stack", "counts"),
    [
        (("main", "f"), False),
        ((ADDRESS, "main", "f"), False),
        ((ADDRESS, ADDRESS, "main"), False),
        ((ADDRESS,), True),
        (("main", ADDRESS), True),
        ((ADDRESS, "main", ADDRESS), True),
        ((ADDRESS, "main", ADDRESS, "g"), True),
    ],
    ids=lambda value: ";".join(value).replace(ADDRESS, "?") if isinstance(value, tuple) else str(value),
)
@pytest.mark.parametrize("inverted", [False, True], ids=["by callers", "inverted"])
def test_outermost_frames_without_a_symbol_that_call_one_with_a_symbol_are_start_code(
    stack: tuple[str, ...], counts: bool, inverted: bool
) -> None:
    rows: dict[str, Value] = {key(*stack): 3, key("main", "f", pid=8): 4}
    tree = build([data(rows)], FlameForm(inverted=inverted))
    assert nameless_weight(tree, inverted=inverted) == 3 * counts


@pytest.mark.parametrize("inverted", [False, True], ids=["by callers", "inverted"])
def test_a_program_without_symbols_that_calls_the_kernel_is_counted(inverted: bool) -> None:
    tree = build([data({key(ADDRESS, kernel=("entry_SYSCALL_64", "read")): 3})], FlameForm(inverted=inverted))
    assert nameless_weight(tree, inverted=inverted) == 3
