"""Tracepoints in place of kernel functions."""

from __future__ import annotations

import pytest

from bttop.script.library.tracepoint_hints import stable_hint


@pytest.mark.parametrize(
    ("probe", "hint"),
    [
        ("kprobe:tcp_retransmit_skb", "tracepoint:tcp:tcp_retransmit_skb"),
        ("k:tcp_retransmit_skb", "tracepoint:tcp:tcp_retransmit_skb"),
        ("kprobe:tcp_retransmit_skb+4", "tracepoint:tcp:tcp_retransmit_skb"),
        ("fentry:vmlinux:vfs_read", "tracepoint:syscalls:sys_exit_read"),
        ("kprobe:__x64_sys_openat", "tracepoint:syscalls:sys_enter_openat"),
        ("kretprobe:__x64_sys_openat", "tracepoint:syscalls:sys_exit_openat"),
        ("kprobe:ksys_read", "tracepoint:syscalls:sys_enter_read"),
        ("kprobe:do_sys_openat2", "tracepoint:syscalls:sys_enter_openat"),
        ("kprobe:finish_task_switch", "tracepoint:sched:sched_switch"),
        ("kprobe:some_function", ""),
        ("tracepoint:tcp:tcp_retransmit_skb", ""),
        ("uprobe:/bin/x:vfs_read", ""),
        ("kprobe:", ""),
        ("kprobe", ""),
        ("", ""),
    ],
)
def test_a_function_with_a_tracepoint_that_tells_the_same_gets_a_hint(probe: str, hint: str) -> None:
    assert stable_hint(probe) == hint
