"""bttop leaves itself out, in the kernel, and nobody else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bttop.engine.request.pinning import children_of
from tests.real import load, tracing
from tests.real.test_stream import Streaming, streaming

pytestmark = pytest.mark.real

CALLS = "tracepoint:raw_syscalls:sys_enter { @[pid, comm] = count(); }"


BEFORE_EXEC = 500
"""Calls of the one bpftrace that is started while the other one counts already."""


def seen(stream: Streaming) -> set[tuple[int, str]]:
    return {(pid, comm) for pid, comm in stream.sums("")}


def family(pid: int) -> set[int]:
    """A process and all below it: bttop, its tracer and the bpftraces of that. Others may trace this host as well."""
    return {pid}.union(*(family(child) for child in children_of(pid)))


def test_neither_bttop_nor_its_bpftraces_are_seen_and_everybody_else_is(bpftrace: str) -> None:
    with load.copy(50_000, 1) as copy, streaming(bpftrace, "-e", CALLS, "profile", "-i", "0.2", programs=2) as stream:
        own = family(stream.process.pid)
        copy.run()
        stream.flush_everything()
        found = stream.sums("")
    assert len(own) >= 4
    assert found[copy.pid, "dd"] >= 100_000
    # Between fork and exec a bpftrace has the tracer's name and an id that nobody knows yet.
    before = {comm for pid, comm in found if pid in own}
    assert before <= {Path(sys.executable).resolve().name[:15], "python3"}
    assert sum(count for (pid, _), count in found.items() if pid in own) < BEFORE_EXEC


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


def test_the_switches_of_bttops_own_bpftraces_are_not_counted_and_those_of_others_are(bpftrace: str) -> None:
    with streaming(bpftrace, "sched_switch", "-i", "0.2") as stream:
        own = family(stream.process.pid)
        stream.wait_for(lambda: len(stream.sums("in")) > 2 and len(stream.sums("out")) > 2)
        stream.flush_everything()
        into, out = stream.sums("in"), stream.sums("out")
        assert "read as is" not in stream.complaints()
    assert own.isdisjoint({tid for tid, _ in into})
    assert own.isdisjoint({pid for pid, _, _ in out})


def test_the_retransmits_of_its_own_sockets_are_left_out_and_those_of_others_are_not(bpftrace: str) -> None:
    if missing := load.lossy_network_missing():
        tracing.unable(missing)
    with load.lossy_network() as network, streaming(bpftrace, "retransmits", "-i", "0.5") as stream:
        with network.transfer(1_000_000, comm="bpftrace") as own:
            assert own.run() > 0
        with network.transfer(1_000_000) as other:
            retransmits = other.run()
        stream.flush_everything()
        found = stream.sums("retrans")
        if "pid is the interrupted process" in stream.complaints():
            tracing.unable("this kernel does not tell who owns a socket")
    assert load.are_the_retransmits(found[other.sender, "bttop-sender", "127.0.0.1"], retransmits)
    assert own.sender not in {pid for pid, *_ in found}
