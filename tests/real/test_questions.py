"""Generated questions on the real bpftrace: they load and beat, and count what was done."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.host.kernel.kernel_probes import KernelProbes
from bttop.engine.tracer.bpftrace_queries import Asker
from bttop.script.library.follow_ups import FollowUp, RowFacts, follow_ups
from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.library.starters import Argument, Starter, starters
from bttop.script.rewrite.prepare import prepare
from tests.engine.asking import queries
from tests.real.tracing import Rows, Tracing, key_starts, tracing, wait_until

pytestmark = pytest.mark.real

HERE = "127.0.0.1"
TIMES = 300
OPENAT = (Argument("int", "dfd"), Argument("const char *", "filename"))
SWITCH = (Argument("char[16]", "prev_comm"), Argument("pid_t", "prev_pid"))
EXEC = (Argument("__data_loc char[]", "filename"), Argument("pid_t", "old_pid"))
ROWS = (
    RowFacts(pid=os.getpid(), tid=1, syscall="openat", syscall_number=257, arguments=OPENAT),
    RowFacts(syscall="pwrite64", syscall_number=18),
    RowFacts(address=HERE),
    RowFacts(address="::1"),
    RowFacts(function="vfs_read"),
    RowFacts(function="readline", binary="/bin/bash"),
    RowFacts(file="/etc/passwd"),
)
WRITTEN = {
    f"{one.name} {'pinned' if one.pin else facts.address}": one
    for facts in ROWS
    for one in follow_ups(facts)
    if one.text
}
BEGINNINGS = {
    f"{probe} {one.title}": one
    for probe, arguments in (
        ("tracepoint:sched:sched_switch", SWITCH),
        ("tracepoint:sched:sched_process_exec", EXEC),
        ("software:faults", ()),
    )
    for one in starters(probe, arguments)
}


def probe(text: str) -> ProbeFile:
    found = probe_file(Path("question.bt"), text)
    assert isinstance(found, ProbeFile)
    return found


@pytest.mark.parametrize("asked", [*WRITTEN.values(), *BEGINNINGS.values()], ids=[*WRITTEN, *BEGINNINGS])
def test_a_generated_program_loads_and_beats(bpftrace: str, asked: FollowUp | Starter, tmp_path: Path) -> None:
    file = probe(asked.text)
    why = Host.read().why_unavailable(asked.wants if isinstance(asked, FollowUp) else ())
    if why:
        pytest.skip(why)
    one = prepare(
        file.script, front=file.front, pin=asked.pin if isinstance(asked, FollowUp) else None, interval_ms=100
    )
    path = tmp_path / "prepared.bt"
    path.write_text(one.text)
    with tracing(bpftrace, path, *one.args) as traced:
        wait_until(lambda: traced.output().count(b'"data": [0,[0,') >= 2 or traced.ended, 90, "heartbeats")
        assert not traced.ended, traced.complaints().decode(errors="replace")


@contextlib.contextmanager
def asking(bpftrace: str, facts: RowFacts, title: str, folder: Path) -> Iterator[Tracing]:
    """The question's program as it is written, held to this process where the row is."""
    (asked,) = (one for one in follow_ups(facts) if one.title == title)
    path = folder / "question.bt"
    path.write_text(asked.text)
    arguments = asked.pin.pids if asked.pin else ()
    with tracing(bpftrace, path, *(arguments or (0,))) as traced:
        yield traced


def count(rows: Rows, *key: object) -> int:
    """The sum of the values of all rows whose key begins so, or is this: counts, or the buckets of histograms."""
    found = key_starts(rows, *key) if key else rows
    exact = [row for row in rows if row[0] == ",".join(str(part) for part in key)] if key else []
    return sum(_events(value) for _, value in [*found, *exact])


def _events(value: Any) -> int:
    if isinstance(value, list):
        return sum(int(bucket["count"]) for bucket in value)
    return int(value["count"]) if isinstance(value, dict) else int(value)


def test_the_latency_and_the_results_of_a_call_count_each_of_this_process(bpftrace: str, tmp_path: Path) -> None:
    facts = RowFacts(pid=os.getpid(), syscall="pwrite64", syscall_number=18)
    with (tmp_path / "target").open("wb") as target, asking(bpftrace, facts, "pwrite64: latency", tmp_path) as traced:
        for _ in range(TIMES):
            os.pwrite(target.fileno(), b"x", 0)
        maps = traced.stop()
    assert count(maps["@latency"]) == TIMES
    assert count(maps["@by_process"], os.getpid()) == TIMES


def test_failures_of_a_call_are_told_by_their_number(bpftrace: str, tmp_path: Path) -> None:
    facts = RowFacts(pid=os.getpid(), syscall="openat", syscall_number=257)
    with asking(bpftrace, facts, "openat: what it returns", tmp_path) as traced:
        for _ in range(TIMES):
            with contextlib.suppress(FileNotFoundError):
                os.open("/there/is/no/such/file", os.O_RDONLY)
        maps = traced.stop()
    failed = [row for row in maps["@results"] if row[0].startswith(f"{os.getpid()},") and row[0].endswith(",2")]
    assert count(failed) == TIMES


def test_who_opens_a_path_is_counted(bpftrace: str, tmp_path: Path) -> None:
    with asking(bpftrace, RowFacts(file="/etc/passwd"), "who opens /etc/passwd", tmp_path) as traced:
        for _ in range(TIMES):
            os.close(os.open("/etc/passwd", os.O_RDONLY))
            os.close(os.open("/etc/group", os.O_RDONLY))
        maps = traced.stop()
    assert count(maps["@opens"], os.getpid()) == TIMES


def test_connections_to_an_address_are_counted_and_timed(bpftrace: str, tmp_path: Path) -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
        with asking(bpftrace, RowFacts(address=HERE), f"connections to {HERE}", tmp_path) as traced:
            for _ in range(TIMES):
                with socket.create_connection((HERE, port)), server.accept()[0]:
                    pass
            maps = traced.stop()
    mine = key_starts(maps["@connects"], os.getpid())
    assert count([row for row in mine if row[0].endswith(f",{port}")]) == TIMES
    assert count(maps["@latency"], port) == TIMES


@contextlib.contextmanager
def tcp_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server((HERE, 0)) as server,
        socket.create_connection(server.getsockname()) as there,
        server.accept()[0] as here,
    ):
        yield there, here


def test_round_trips_of_the_segments_from_an_address_are_shown(bpftrace: str, tmp_path: Path) -> None:
    with (
        tcp_pair() as (there, here),
        asking(bpftrace, RowFacts(address=HERE), f"round trips to {HERE}", tmp_path) as traced,
    ):
        for _ in range(TIMES):
            there.sendall(b"x" * 100)
            here.recv(100, socket.MSG_WAITALL)
        maps = traced.stop()
        port = here.getsockname()[1]
    assert count(maps["@rtt"], port) >= TIMES


def test_bytes_over_sockets_are_counted_on_both_sides(bpftrace: str, tmp_path: Path) -> None:
    facts = RowFacts(pid=os.getpid())
    why = Host.read().why_not("tracepoint", "sock:sock_send_length")
    if why:
        pytest.skip(why)
    with tcp_pair() as (there, here), asking(bpftrace, facts, "its sockets", tmp_path) as traced:
        for _ in range(TIMES):
            there.sendall(b"x" * 100)
            here.recv(100, socket.MSG_WAITALL)
        maps = traced.stop()
    for name in ("@sent", "@received"):
        tcp = [row for row in key_starts(maps[name], os.getpid()) if row[0].endswith(",6")]
        assert [(row[1]["count"], row[1]["total"]) for row in tcp] == [(TIMES, 100 * TIMES)], name


def test_the_probes_of_this_kernel_are_listed_with_their_arguments(bpftrace: str, tmp_path: Path) -> None:
    news = threading.Semaphore(0)
    with queries() as through:
        probes = KernelProbes(find_bpftrace(bpftrace), tmp_path, news.release, ask=Asker(through).ask)
        probes.start()
        look_at(probes, news)
        probes.close()


def look_at(probes: KernelProbes, news: threading.Semaphore) -> None:
    assert news.acquire(timeout=30)
    assert probes.failure == ""
    assert next(iter(probes.search("tracepoint:sched:sched_switch"))) == "tracepoint:sched:sched_switch"
    assert not any(name.endswith(":") or "*" in name for name in probes.search("", 100_000))
    probes.arguments("tracepoint:sched:sched_switch")
    assert news.acquire(timeout=30)
    arguments = probes.arguments("tracepoint:sched:sched_switch")
    assert arguments is not None
    assert Argument("char[16]", "prev_comm") in arguments
    assert any(argument.name == "next_pid" for argument in arguments)
