from __future__ import annotations

from pathlib import Path

import pytest

from bttop.script.cost.hot_probes import is_wildcard, why_hot
from bttop.script.language.reader import Script, read


def why(points: str) -> str:
    found = read(f"{points} {{ @ = count(); }}")
    assert isinstance(found, Script)
    return why_hot(found)


@pytest.mark.parametrize(
    "points",
    [
        "t:raw_syscalls:sys_enter",
        "t:syscalls:sys_enter_*",
        "t:syscalls:sys_exit_read",
        "t:syscalls:sys_enter_futex",
        "t:sched:sched_switch",
        "t:kmem:kmalloc",
        "t:exceptions:page_fault_user",
        "rt:sched_switch",
        "t:syscalls:sys_enter_execve",
        "t:sched:sched_process_exec",
        "t:tcp:tcp_retransmit_skb",
        "t:signal:signal_generate",
        "rt:sched_process_exit",
        "software:cpu-clock:1000000",
        "kprobe:try_to_wake_up",
        "kprobe:vfs_read",
        "kretfunc:some_function_of_a_module",
        "fentry:vmlinux:tcp_sendmsg",
        "uprobe:/lib/libc.so.6:malloc",
        "uprobe:/bin/bash:readline",
        "uretprobe:/bin/x:main",
        "kprobe:do_exit",
        "kfunc:vmlinux:tcp_v4_connect",
        "usdt:/usr/bin/python3:python:function__entry",
        "software:faults:1",
        "hardware:cycles:100000",
        "profile:hz:10000",
        "profile:us:50",
        "profile:odd",
        "BEGIN, interval:s:1, t:timer:timer_start",
    ],
)
def test_what_can_fire_often_is_hot_with_the_reason(points: str) -> None:
    assert why(points).partition(": ")[2]


@pytest.mark.parametrize(
    "points",
    [
        "BEGIN",
        "interval:ms:1",
        "profile:hz:99",
        "profile:ms:10",
    ],
)
def test_what_says_its_own_rate_is_not(points: str) -> None:
    assert why(points) == ""


def test_the_reason_names_the_attach_point() -> None:
    assert why("BEGIN, t:sched:sched_switch") == "t:sched:sched_switch: a tracepoint of unknown rate"


def test_a_wildcard_is_known_by_its_star() -> None:
    found = read("t:syscalls:sys_enter_*, t:syscalls:sys_enter_read { @ = count(); }")
    assert isinstance(found, Script)
    assert [is_wildcard(point) for point in found.points] == [True, False]


@pytest.mark.parametrize("name", ["syscalls", "vfs_read", "sched_switch", "retransmits"])
def test_the_stock_probes_would_be_looked_at_if_they_were_not_shipped(name: str) -> None:
    found = read((Path(__file__).parents[3] / "probes" / f"{name}.bt").read_text())
    assert isinstance(found, Script)
    assert why_hot(found)
