from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.telling_frames import ends_early, telling, with_repeats, without_module

ENTRY = ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"]


@pytest.mark.parametrize(
    ("stack", "left"),
    [
        (["__schedule", "schedule", "do_nanosleep", *ENTRY], ["do_nanosleep"]),
        (["finish_task_switch.isra.0", "__schedule", "schedule", "futex_wait", *ENTRY], ["futex_wait"]),
        (["bpf_prog_1f_sched", "__traceiter_sched_switch", "__schedule", "schedule", "kthread", "ret_from_fork"],
         ["kthread"]),
        (["el0_svc_common.constprop.0", "do_el0_svc", "el0_svc", "el0t_64_sync_handler", "el0t_64_sync"], []),
        (["copy_page", "schedule", "do_fault", *ENTRY], ["copy_page", "schedule", "do_fault"]),
        (["__schedule", "schedule", *ENTRY], []),
        (["0xffffffff81000000"], ["0xffffffff81000000"]),
        ([], []),
    ],
)  # fmt: skip
def test_the_scheduler_and_the_entry_are_left_out(stack: list[str], left: list[str]) -> None:
    assert telling(stack) == left


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (["a", "b"], ["a", "b"]),
        (["parse_json"] * 12 + ["main"], ["parse_json x12", "main"]),
        (["v", "o", "v", "o", "v", "main"], ["(v < o) x2", "v", "main"]),
        (["a", "a", "b", "a", "a", "b"], ["a x2", "b", "a x2", "b"]),
        (["a", "b", "c", "d"] * 2, ["(a < b < c < d) x2"]),
        (["a", "b", "c", "d", "e"] * 2, ["a", "b", "c", "d", "e"] * 2),
        ([], []),
    ],
)
def test_recursion_is_one_word(frames: list[str], words: list[str]) -> None:
    assert with_repeats(frames) == words


@given(st.lists(st.sampled_from("ab"), max_size=300))
def test_no_frame_is_lost_in_repeats(frames: list[str]) -> None:
    unfolded: list[str] = []
    for word in with_repeats(frames):
        inner, _, times = word.partition(" x")
        unfolded += inner.strip("()").split(" < ") * int(times or 1)
    assert unfolded == frames


@pytest.mark.parametrize(
    ("stack", "depth", "early"),
    [
        (["memcpy"], 0, True),
        (["read [libc.so.6]", "worker [app]"], 0, True),
        (["a", "b", "c", "worker"], 0, True),
        (["work", "main"], 0, False),
        (["work", "start_thread [libc.so.6]"], 0, False),
        (["main.f", "runtime.goexit.abi0"], 0, False),
        (["work", "main", "[libc.so.6]"], 0, False),
        (["[app]"], 0, True),
        (["[app]", "[app]", "[app]"], 0, False),
        (["0x7f00"], 0, False),
        (["[process ended]"], 0, False),
        (["a", "b", "c"], 3, False),
        (["a", "b"], 3, True),
        (["f"] * 127, 0, False),
        ([], 0, False),
    ],
)
def test_a_chain_that_does_not_reach_the_start_of_its_thread_ends_early(
    stack: list[str], depth: int, early: bool
) -> None:
    assert ends_early(stack, depth) == early


@pytest.mark.parametrize(
    ("name", "bare"),
    [("read [libc.so.6]", "read"), ("[libc.so.6]", "[libc.so.6]"), ("operator [](int)", "operator [](int)"), ("", "")],
)
def test_the_file_of_a_frame_is_left_out(name: str, bare: str) -> None:
    assert without_module(name) == bare
