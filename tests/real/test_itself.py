"""bttop leaves itself out, in the kernel, and nobody else."""

from __future__ import annotations

import os

import pytest

from . import load
from .test_stream import Streaming, streaming

pytestmark = pytest.mark.real

CALLS = "tracepoint:raw_syscalls:sys_enter { @[pid, comm] = count(); }"


def seen(stream: Streaming) -> set[tuple[int, str]]:
    return {(pid, comm) for pid, comm in stream.sums("")}


def test_neither_bttop_nor_its_bpftraces_are_seen_and_everybody_else_is(bpftrace: str) -> None:
    with load.copy(50_000, 1) as copy, streaming(bpftrace, "-e", CALLS, "profile", "-i", "0.2", programs=2) as stream:
        copy.run()
        stream.flush_everything()
        found = seen(stream)
        writes = stream.sums("")[copy.pid, "dd"]
    assert writes >= 100_000
    assert "bpftrace" not in {comm for _, comm in found}
    assert stream.process.pid not in {pid for pid, _ in found}


def test_show_self_shows_them(bpftrace: str) -> None:
    with streaming(bpftrace, "-e", CALLS, "-i", "0.2", "--show-self") as stream:
        stream.wait_for(lambda: {"bpftrace"} <= {comm for _, comm in seen(stream)})
        stream.wait_for(lambda: stream.process.pid in {pid for pid, _ in seen(stream)})


def test_a_pin_to_one_of_them_shows_it(bpftrace: str) -> None:
    with streaming(bpftrace, "-e", CALLS, "-i", "0.2", "-p", "bpftrace") as stream:
        stream.wait_for(lambda: {comm for _, comm in seen(stream)} == {"bpftrace"})


def test_what_started_bttop_is_seen_when_it_is_no_carrier_of_the_terminal(bpftrace: str) -> None:
    with streaming(bpftrace, "-e", CALLS, "-i", "0.2") as stream:
        stream.wait_for(lambda: os.getpid() in {pid for pid, _ in seen(stream)})


def test_the_switches_of_bttops_own_processes_are_not_counted_and_those_of_others_are(bpftrace: str) -> None:
    with streaming(bpftrace, "sched_switch", "-i", "0.2") as stream:
        stream.wait_for(lambda: len(stream.sums("in")) > 2 and len(stream.sums("out")) > 2)
        stream.flush_everything()
        names = {key[-1] for name in ("in", "out") for key in stream.sums(name)}
        assert "read as is" not in stream.complaints()
    assert "bpftrace" not in names
