"""Trees of stacks: weights, forms, and what is set apart."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Column
from bttop.model.record.records import Bucket, Stats, Value
from bttop.model.stacks import path_tree
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.row_parts import splits_of
from bttop.model.stacks.tree_builder import build
from tests.model.stacks.kit import KEY, data, key, shares, stack

WHOLE = FlameForm(whole=True)
NAMES = st.lists(st.sampled_from(["main", "f;g", "operator+ (int)", "Ünïcode", "w" * 90, "h"]), min_size=1, max_size=40)


def test_callers_are_above_what_they_call_and_the_kernel_is_below_the_program() -> None:
    rows: dict[str, Value] = {key("_start+1", "main+9", "f+2", kernel=("do_syscall_64+3", "read+4")): 3}
    rows[key("_start+1", "main+12", kernel=())] = 2
    assert shares(build([data(rows)], FlameForm())) == {
        "_start": (0, 5),
        "_start;main": (2, 5),
        "_start;main;f": (0, 3),
        "_start;main;f;do_syscall_64": (0, 3),
        "_start;main;f;do_syscall_64;read": (3, 3),
    }


@given(st.lists(st.tuples(NAMES, st.integers(1, 1 << 64)), max_size=30))
def test_every_weight_ends_at_the_path_of_its_stack(found: list[tuple[list[str], int]]) -> None:
    rows: dict[str, Value] = {}
    expected: Counter[tuple[str, ...]] = Counter()
    for at, (names, weight) in enumerate(found):
        rows[key(*[f"{name}+{at}" for name in names], pid=at + 1)] = weight
        expected[tuple(names)] += weight
    tree = build([data(rows)], WHOLE)
    assert {tuple(frame.name for frame in path): weight for path, weight in tree.stacks()} == dict(expected)
    assert tree.totals[0] == sum(expected.values())


@given(st.lists(NAMES, min_size=1, max_size=20))
def test_an_inverted_tree_has_the_same_paths_backwards(stacks: list[list[str]]) -> None:
    rows: dict[str, Value] = {key(*names, pid=at + 1): 1 for at, names in enumerate(stacks)}
    upright = build([data(rows)], WHOLE)
    inverted = build([data(rows)], FlameForm(whole=True, inverted=True))
    assert Counter(dict(upright.stacks())) == Counter(
        {tuple(reversed(path)): weight for path, weight in inverted.stacks()}
    )


def test_stacks_that_are_as_deep_as_the_map_keeps_are_set_apart() -> None:
    columns = (Column("ustack", "stack", depth=3),)
    tree = build([data({stack("c", "b", "a"): 4, stack("_start", "a"): 1}, columns=columns)], FlameForm())
    assert tree.facts.cut == 4
    assert shares(tree)["[cut at 3 frames]"] == (0, 4)
    deep = build([data({stack(*["f"] * 127): 1}, columns=(Column("kstack", "stack"),))], FlameForm())
    assert deep.facts.cut == 1


def test_stacks_without_frame_pointers_are_set_apart_and_addresses_are_not_mixed_in() -> None:
    rows: dict[str, Value] = {
        key("memcpy"): 5,
        key("main", "f"): 2,
        key("0x7f01", "0x7f02", "main", "f"): 3,
        key("0x7f09", "main", "f", pid=8): 1,
        key(): 9,
    }
    tree = build([data(rows)], FlameForm())
    assert (tree.facts.broken, tree.facts.empty) == (5, 9)
    assert shares(tree)["[chain ends: no frame pointers];memcpy"] == (5, 5)
    assert shares(tree)["[no symbol];main;f"] == (4, 4)
    assert shares(tree)["[no frames]"] == (9, 9)


def test_offsets_keep_addresses_apart_and_files_merge_functions() -> None:
    rows: dict[str, Value] = {key("0x10", "0x20"): 1}
    names = {0x10: "main [app]", 0x20: "f [app]"}

    def namer(pid: int, address: int) -> str:
        return names.get(address, "") if pid == 7 else ""

    by_offset = build([data(rows)], FlameForm(names="offset"), namer)
    assert list(shares(by_offset)) == ["main [app] 0x10", "main [app] 0x10;f [app] 0x20"]
    by_file = build([data(rows)], FlameForm(names="module"), namer)
    assert list(shares(by_file)) == ["app"]
    assert list(shares(build([data(rows)], FlameForm(), namer))) == ["main [app]", "main [app];f [app]"]


def test_the_perf_mode_says_the_file_of_each_frame() -> None:
    line = "\n\t7f0011 read+5 (/usr/lib/libc.so.6)\n\t55aa main+3 (/opt/app)\n"
    tree = build([data({line: 2}, columns=(Column("ustack", "stack"),))], FlameForm())
    assert list(shares(tree)) == ["main [app]", "main [app];read [libc.so.6]"]


def test_each_process_or_thread_has_a_tree_of_its_own() -> None:
    columns = (Column("tid", "int"), *KEY)
    rows: dict[str, Value] = {f"{tid},{key('main', pid=pid)}": 1 for tid, pid in ((1, 7), (2, 7), (3, 8))}
    one = data(rows, columns=columns)
    assert splits_of(one.plan) == ("all", "process", "thread")
    assert [path for path in shares(build([one], FlameForm(split="process"))) if ";" not in path] == [
        "java 7",
        "java 8",
    ]
    threads = shares(build([one], FlameForm(split="thread")))
    assert [path for path in threads if ";" not in path] == ["java 1", "java 2", "java 3"]


@pytest.mark.parametrize(
    ("value", "weight"),
    [(3, 3), (Stats(2, 5, 10), 10), ((Bucket(1, 1, 4), Bucket(2, 3, 1)), 5), (2.6, 3), (1 << 63, 1 << 63)],
)
def test_what_a_value_weighs(value: Value, weight: int) -> None:
    assert build([data({key("main"): value})], FlameForm()).totals[0] == weight


@pytest.mark.parametrize("value", [0, -5, "text", True, None, float("inf"), ()])
def test_rows_without_a_weight_are_counted(value: Value) -> None:
    tree = build([data({key("main"): value})], FlameForm())
    assert (tree.facts.left_out, tree.totals[0], len(tree.labels)) == (1, 0, 1)


def test_frames_above_the_limit_are_counted_and_no_weight_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_tree, "MOST_NODES", 10)
    tree = build([data({key("main", *[f"f{n}" for n in range(30)]): 5})], FlameForm())
    assert (len(tree.labels), tree.facts.too_many, tree.totals[0]) == (10, 22, 5)


def test_a_name_is_shown_safely_and_the_end_mark_of_new_releases_is_no_frame() -> None:
    tree = build([data({"7,a,\n\tevil\x1b[2J+1\n\tmain+2\n\t0\n,\n": 1})], FlameForm())
    assert list(shares(tree)) == ["main", "main;evil\\x1b[2J"]


def test_jit_and_unknown_frames_are_kinds_of_their_own() -> None:
    frames = ("main", "py::run:/app.py", "LazyCompile:*go a.js:1", "Ljava/lang/Thread;::run", "[unknown]", "[app]")
    tree = build([data({key(*frames): 1})], FlameForm())
    kinds = [frame.kind for frame in tree.path(len(tree.labels) - 1)]
    assert kinds == ["user", "jit", "jit", "jit", "unknown", "unknown"]


def test_the_key_of_the_heaviest_row_below_a_frame_is_known() -> None:
    light, heavy = key("main", "f"), key("main", "g")
    tree = build([data({light: 1, heavy: 5})], FlameForm())
    node, _ = tree.find(tree.path(1))
    assert tree.keys[tree.widest_end(node)] == heavy
