"""Tracepoints in place of kernel functions."""

from __future__ import annotations

import pytest

from bttop.script.library.tracepoint_hints import SINCE, StableHint, in_words, stable_hints


@pytest.mark.parametrize(
    ("probe", "hints"),
    [
        ("kprobe:tcp_retransmit_skb", ["tcp:tcp_retransmit_skb"]),
        ("k:tcp_retransmit_skb", ["tcp:tcp_retransmit_skb"]),
        ("kprobe:tcp_retransmit_skb+4", ["tcp:tcp_retransmit_skb"]),
        ("kprobe:finish_task_switch.isra.0", ["sched:sched_switch"]),
        ("kprobe:__kmalloc_noprof", ["kmem:kmalloc"]),
        ("kprobe:tcp_v4_connect", ["sock:inet_sock_set_state"]),
        ("kprobe:do_sys_open", ["syscalls:sys_enter_openat"]),
        ("kprobe:do_exit", ["sched:sched_process_exit"]),
        ("kprobe:handle_mm_fault", ["exceptions:page_fault_user"]),
        ("kprobe:blk_account_io_start", ["block:block_io_start"]),
        ("kprobe:vfs_read", ["syscalls:sys_enter_read"]),
        ("kretprobe:vfs_read", ["syscalls:sys_exit_read"]),
        ("fentry:vmlinux:vfs_read", ["syscalls:sys_enter_read"]),
        ("kfunc:vfs_read", ["syscalls:sys_enter_read"]),
        ("kretfunc:vfs_read", ["syscalls:sys_exit_read"]),
        ("kprobe:__x64_sys_openat", ["syscalls:sys_enter_openat"]),
        ("kretprobe:__x64_sys_openat", ["syscalls:sys_exit_openat"]),
        ("kprobe:__x64_sys_openat2", ["syscalls:sys_enter_openat2"]),
        ("kprobe:ksys_read", ["syscalls:sys_enter_read"]),
        ("kprobe:vfs_read*", ["syscalls:sys_enter_read", "syscalls:sys_enter_readv"]),
        ("kprobe:*kmalloc", ["kmem:kmalloc"]),
        ("kprobe:some_function", []),
        ("kprobe:*", []),
        ("tracepoint:tcp:tcp_retransmit_skb", []),
        ("uprobe:/bin/x:vfs_read", []),
        ("kprobe:", []),
        ("kprobe", []),
        ("", []),
    ],
)
def test_a_function_with_a_tracepoint_that_reports_about_the_same_gets_a_hint(probe: str, hints: list[str]) -> None:
    assert [one.name for one in stable_hints(probe)] == hints


def test_a_tracepoint_is_expected_from_its_first_version_on() -> None:
    (hint,) = stable_hints("kprobe:tcp_sendmsg")
    assert hint.since == "Linux 6.3"
    assert [hint.is_expected(version, "x86_64") for version in ((6, 2), (6, 3))] == [False, True]


def test_a_tracepoint_of_one_architecture_is_not_expected_on_another() -> None:
    (hint,) = stable_hints("kprobe:handle_mm_fault")
    assert [hint.is_expected((6, 1), machine) for machine in ("x86_64", "aarch64")] == [True, False]


def test_a_name_that_only_looks_like_a_system_call_is_not_expected() -> None:
    (hint,) = stable_hints("kprobe:__sys_accept4_file")
    assert not hint.is_expected((6, 18), "x86_64")


def test_the_sentence_names_the_tracepoint_and_since_when_it_exists() -> None:
    assert in_words(stable_hints("kprobe:tcp_set_state")) == (
        "tracepoint:sock:inet_sock_set_state (Linux 4.16) reports about the same and is stable across kernels"
    )


def test_the_sentence_for_a_wildcard_names_the_first_tracepoints_and_counts_the_others() -> None:
    many = tuple(StableHint(f"group:event{number}") for number in range(5))
    assert in_words(many) == (
        "tracepoint:group:event0, tracepoint:group:event1, tracepoint:group:event2 and 2 more "
        "report about the same and are stable across kernels"
    )
    assert in_words(()) == ""


def test_every_version_belongs_to_a_tracepoint_of_the_table() -> None:
    known = {one.name for one in stable_hints("kprobe:*_*")}
    assert set(SINCE) <= known
