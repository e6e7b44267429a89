"""The tracepoints that are offered in place of a script's probes on kernel functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.engine.generation.candidates import Candidates
from bttop.engine.generation.source import Settings
from bttop.engine.generation.stable_hints import hints_of
from bttop.engine.host.host import Host
from bttop.script.language.reader import read
from tests.engine.stage import ANYWHERE, OLD, source


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A kernel with some tracepoints and no kprobes."""
    for name in ("syscalls/sys_enter_read", "syscalls/sys_exit_read", "sched/sched_switch", "tcp/tcp_retransmit_skb"):
        (tmp_path / "events" / name).mkdir(parents=True)
    return replace(ANYWHERE, tracefs=tmp_path)


@pytest.mark.parametrize(
    ("points", "hints"),
    [
        ("kprobe:vfs_read", ["kprobe:vfs_read: tracepoint:syscalls:sys_enter_read"]),
        ("kretprobe:vfs_read", ["kretprobe:vfs_read: tracepoint:syscalls:sys_exit_read"]),
        ("k:finish_task_switch", ["k:finish_task_switch: tracepoint:sched:sched_switch"]),
        ("kfunc:tcp_retransmit_skb", ["kfunc:tcp_retransmit_skb: tracepoint:tcp:tcp_retransmit_skb (Linux 4.15)"]),
        ("kprobe:do_exit", []),
        ("kprobe:some_function", []),
        ("uprobe:/bin/x:vfs_read", []),
        ("kprobe:vfs_read,tracepoint:syscalls:sys_enter_read", []),
        ("kprobe:vfs_read,kprobe:finish_task_switch",
         ["kprobe:vfs_read: tracepoint:syscalls:sys_enter_read",
          "kprobe:finish_task_switch: tracepoint:sched:sched_switch"]),
    ],
)  # fmt: skip
def test_a_tracepoint_that_this_kernel_has_is_offered(points: str, hints: list[str], host: Host) -> None:
    found = hints_of(read(f"{points} {{ @ = count(); }}"), host)
    assert [one.partition(" reports")[0] for one in found] == hints


def test_a_script_that_cannot_be_read_has_no_hints(host: Host) -> None:
    assert hints_of(read("kprobe:vfs_read {"), host) == ()


def test_where_tracefs_cannot_be_read_the_version_decides() -> None:
    script = read("kprobe:tcp_sendmsg { @ = count(); }")
    found = [bool(hints_of(script, replace(ANYWHERE, kernel=kernel))) for kernel in ("6.1", "6.3")]
    assert found == [False, True]


def test_a_script_with_a_fallback_has_no_hints(host: Host) -> None:
    first, second = source("kprobe:vfs_read { @ = count(); }", "a.bt"), source(name="b.bt")
    assert Candidates((first,), Settings(), host, OLD).hints
    assert not Candidates((first, second), Settings(), host, OLD).hints
