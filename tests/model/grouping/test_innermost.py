"""The frame by which a stack is grouped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.grouping.innermost import innermost
from bttop.model.record.telling_frames import telling
from tests.model.grouping.made import STACKS, grouped, map_of

KERNEL = "\n    schedule+3\n    do_wait.isra.0+9\n    do_syscall_64+1\n    entry_SYSCALL_64_after_hwframe+1\n"
ENTRY = "\n    do_syscall_64+1\n    entry_SYSCALL_64_after_hwframe+1\n"
USER = "\n    read [libc.so.6]\n    main [app]\n"


def of(text: str, *, is_kernel: bool = False) -> str:
    return innermost(text, is_kernel=is_kernel)


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (KERNEL, "do_wait.isra.0"),
        ("\n    schedule+3\n    io_schedule+1\n", "schedule"),
        (ENTRY, "do_syscall_64"),
        ("\n    do_syscall_64+1\n    late+2\n    entry_SYSCALL_64+1\n", "do_syscall_64"),
        ("\n", "[no frames]"),
        ("", "[no frames]"),
    ],
)
def test_a_kernel_stack_begins_after_the_scheduler(text: str, frame: str) -> None:
    assert of(text, is_kernel=True) == frame


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (USER, "read"),
        ("\n    0x7f00aa\n    main\n", "[unknown]"),
        ("\n\t7f00aa std::map<int, char>::find(int)+4 (/bin/a b)\n\t0\n", "std::map<int, char>::find(int)"),
        ("\n    a;b+1\n", "a;b"),
        ("\n    \x1b[31mred+1\n", "\\x1b[31mred"),
    ],
)
def test_a_user_stack_begins_with_its_first_frame(text: str, frame: str) -> None:
    assert of(text) == frame


@pytest.mark.parametrize(
    ("kernel", "user", "frame"),
    [
        (KERNEL, USER, "do_wait.isra.0"),
        (ENTRY, USER, "read"),
        ("\n", "\n", "[no frames]"),
        (ENTRY, "\n", "do_syscall_64"),
    ],
)
def test_of_both_stacks_the_kernel_says_what_happens_unless_it_says_nothing(kernel: str, user: str, frame: str) -> None:
    rows = map_of({f"1,dd,{kernel},{user}": 3}, columns=STACKS)
    assert grouped(rows, "frame").data.rows == {frame: 3}


@given(st.lists(st.sampled_from(["schedule", "do_syscall_64", "f" * 200, "do_x", "0x10"]), max_size=6))
def test_reading_the_beginning_finds_what_the_whole_stack_has(frames: list[str]) -> None:
    stack = "\n" + "".join(f"    {name}+1\n" for name in frames)
    found = telling(frames)
    expected = (found[0] if found else frames[0]) if frames else "[no frames]"
    assert of(f"{stack},\n    main\n", is_kernel=True) == ("[unknown]" if expected == "0x10" else expected)


def test_rows_are_grouped_by_the_frame_of_each_stack() -> None:
    rows = map_of({f"1,dd,{KERNEL},{USER}": 3, f"2,a,b,{KERNEL},\n": 4, f"3,dd,\n,{USER}": 8}, columns=STACKS)
    assert grouped(rows, "kstack").data.rows == {"do_wait.isra.0": 7, "[no frames]": 8}
    assert grouped(rows, "ustack").data.rows == {"read": 11, "[no frames]": 4}
    assert grouped(rows, "frame").data.rows == {"do_wait.isra.0": 7, "read": 8}
    assert grouped(rows, "comm").data.rows == {"dd": 11, "a,b": 4}


def test_the_longest_stack_of_entry_frames_is_read_once() -> None:
    frames = ["do_syscall_64"] * 500
    assert telling(frames) == []
    assert of("\n" + "".join(f"    {name}+1\n" for name in frames), is_kernel=True) == "do_syscall_64"
