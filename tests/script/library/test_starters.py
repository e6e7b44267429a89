"""The first programs for a probe."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.library.starters import Argument, Starter, starters
from bttop.script.rewrite.prepare import prepare

SWITCH = (Argument("char[16]", "prev_comm"), Argument("pid_t", "prev_pid"), Argument("long", "prev_state"))


def titles(found: tuple[Starter, ...]) -> list[str]:
    return [starter.title for starter in found]


def loaded(starter: Starter) -> ProbeFile:
    found = probe_file(Path("x.bt"), starter.text)
    assert isinstance(found, ProbeFile), found
    return found


def test_a_tracepoint_is_counted_and_its_arguments_are_shown_by_their_types() -> None:
    found = starters("tracepoint:sched:sched_switch", SWITCH)
    assert titles(found) == [
        "count by comm",
        "count by prev_comm",
        "histogram of prev_pid",
        "histogram of prev_state",
    ]
    assert "@hits[args->prev_comm] = count();" in found[1].text
    assert "@prev_pid = hist(args->prev_pid);" in found[2].text


@pytest.mark.parametrize(
    ("type_", "whole"),
    [
        *(("int", True), ("unsigned long long", True), ("u64", True), ("__u16", True), ("size_t", True)),
        *(("dev_t", True), ("unsigned", True), ("uint32_t", True), ("const int", True), ("s32", True)),
        *(("void *", False), ("struct sock *", False), ("u8[16]", False), ("bool", False), ("enum x", False)),
        *(("struct timespec64", False), ("const struct x", False), ("", False)),
    ],
)
def test_only_whole_numbers_get_a_histogram(type_: str, whole: bool) -> None:
    found = starters("tracepoint:a:b", [Argument(type_, "x")])
    assert ("histogram of x" in titles(found)) is whole


def test_a_path_of_a_system_call_is_read_as_text() -> None:
    argument = [Argument("int", "__syscall_nr"), Argument("const char *", "filename")]
    found = starters("tracepoint:syscalls:sys_enter_openat", argument)
    assert titles(found) == ["count by comm", "count by filename"]
    assert "str(args->filename)" in found[1].text
    assert titles(starters("tracepoint:module:x", argument[1:])) == ["count by comm"]


def test_a_kernel_function_without_known_arguments_is_asked_by_number() -> None:
    found = starters("kprobe:vfs_read", [])
    assert titles(found) == ["count by comm", *(f"histogram of arg{number}" for number in range(3))]
    assert "hist(arg2)" in found[3].text


def test_the_known_arguments_of_a_kernel_function_keep_their_place() -> None:
    known = [Argument("struct file *", "file"), Argument("char *", "buf"), Argument("size_t", "count")]
    found = starters("kprobe:vfs_read", known)
    assert titles(found) == ["count by comm", "histogram of count"]
    assert "@count = hist(arg2);" in found[1].text
    assert "hist(args->count)" in starters("fentry:vmlinux:vfs_read", known)[1].text


def test_a_raw_tracepoint_whose_arguments_nobody_knows_is_only_counted() -> None:
    assert titles(starters("rawtracepoint:sched_switch", [])) == ["count by comm"]


def test_a_return_probe_shows_what_comes_back() -> None:
    found = starters("kretprobe:vfs_read", [Argument("ssize_t", "retval")])
    assert titles(found) == ["count by comm", "histogram of what it returns"]
    assert "hist(retval)" in found[1].text


def test_an_event_that_runs_for_somebody_else_says_so() -> None:
    caught = loaded(starters("tracepoint:irq:softirq_entry", [])[0])
    assert caught.front is not None
    assert caught.front.badge
    exact = loaded(starters("tracepoint:raw_syscalls:sys_enter", [])[0])
    assert exact.front is not None
    assert not exact.front.badge


@pytest.mark.parametrize(
    "probe", ["BEGIN", "interval:s:1", "iter:task", "", "nonsense", "a{", "k:a,k:b", "\0", "k:f /1/"]
)
def test_what_cannot_count_has_no_starters(probe: str) -> None:
    assert starters(probe, []) == ()


def test_an_event_with_many_arguments_has_a_bounded_menu() -> None:
    many = [Argument("int", f"a{number}") for number in range(100)]
    assert len(starters("tracepoint:a:b", many)) <= 24


@pytest.mark.parametrize(
    "probe",
    [
        *("tracepoint:sched:sched_switch", "kprobe:vfs_read", "kretprobe:vfs_read", "software:faults"),
        *("hardware:cycles", "fentry:vmlinux:vfs_read", "kfunc:vfs_read", "rawtracepoint:sched_switch"),
        *("uprobe:/bin/bash:readline", "usdt:/bin/x:a:b", "tracepoint:irq:softirq_entry"),
    ],
)
def test_every_starter_is_a_probe_file_with_exact_flushes(probe: str) -> None:
    for starter in starters(probe, SWITCH):
        file = loaded(starter)
        one = prepare(file.script, front=file.front)
        assert one.is_edited
        assert {plan.scheme for plan in one.plan.maps.values()} <= {"bank", "cumulative"}


@given(st.text(max_size=20), st.lists(st.builds(Argument, st.text(max_size=9), st.text(max_size=5)), max_size=3))
def test_any_probe_and_arguments_give_an_answer(probe: str, arguments: list[Argument]) -> None:
    assert isinstance(starters(probe, arguments), tuple)


def test_a_system_call_on_a_file_descriptor_is_counted_by_open_file() -> None:
    found = starters("tracepoint:syscalls:sys_enter_fsync", (Argument("unsigned int", "fd"),))
    assert [one.title for one in found] == ["count by comm", "count by open file"]
    assert "@calls[pid, comm, (int64)args->fd] = count();" in found[1].text
