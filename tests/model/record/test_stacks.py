from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.stacks import Site, StackFrame, fold, names, parse_stack
from tests.model.samples import captured_plan, maps_by_name, records


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("\n    main+12\n    __libc_start+3\n", (Site("main", 12), Site("__libc_start", 3))),
        ("\nmain+12\n0x7f1234\n0\n", (Site("main", 12), Site("0x7f1234", None))),
        ("\n\tffffffff81000000 do_idle+19\n", (Site("do_idle", 19),)),
        ("\n    operator+(A, B)+7\n", (Site("operator+(A, B)", 7),)),
        ("\n    f+0x1f\n", (Site("f", 31),)),
        ("\n    [unknown]\n", (Site("[unknown]", None),)),
        ("\n    a+b\n", (Site("a+b", None),)),
        ("\n", ()),
        ("", ()),
        ("\n0\n", ()),
    ],
)
def test_frames_are_read_innermost_first(text: str, sites: tuple[Site, ...]) -> None:
    assert parse_stack(text) == sites


@pytest.mark.parametrize("release", ["0.17", "0.23", "0.27"])
def test_captured_stacks_read_alike_on_every_release(release: str) -> None:
    found = maps_by_name(records(f"{release}-stacks", captured_plan()))
    kernel = ("perf_syscall_enter", "syscall_trace_enter", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")
    value = found["@kv"].rows[""]
    assert isinstance(value, str)
    assert names(next(iter(found["@ks"].rows))) == names(value) == kernel
    assert names(next(iter(found["@us"].rows))) == ("__libc_pwrite",)


def test_stacks_fold_into_one_tree_heaviest_first() -> None:
    tree = fold([(("a", "m"), 2), (("b", "m"), 5), (("m",), 1)])
    assert tree == StackFrame(
        "all", 0, 8, (StackFrame("m", 1, 8, (StackFrame("b", 5, 5, ()), StackFrame("a", 2, 2, ()))),)
    )


def test_recursion_and_depth_beyond_pythons_own_fold() -> None:
    tree = fold([(["f"] * 5000, 3)])
    depth = 0
    while tree.children:
        (tree,) = tree.children
        depth += 1
    assert (depth, tree.own, tree.total) == (5000, 3, 3)


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), max_size=6), st.integers(0, 100))))
def test_folding_preserves_the_weight(stacks: list[tuple[list[str], int]]) -> None:
    def check(frame: StackFrame) -> int:
        assert frame.total == frame.own + sum(check(child) for child in frame.children)
        assert list(frame.children) == sorted(frame.children, key=lambda child: -child.total)
        return frame.total

    assert check(fold(stacks)) == sum(weight for _, weight in stacks)


@given(st.text())
def test_any_text_gives_frames(text: str) -> None:
    assert all(site.name for site in parse_stack(text))
