"""The stock probes beside the ladder: what they count when bpftrace runs them by themselves."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

from tests.real import load, tracing
from tests.real.test_probe_files import (
    ALL,
    bucket,
    can_be_tried,
    chain,
    first_that_attaches,
    front_matter,
    maps_after,
    totals,
)
from tests.real.tracing import PROBES, RefusedError, Rows

pytestmark = pytest.mark.real

_SLEEP, _PARENT = (230, 110) if platform.machine() == "x86_64" else (115, 173)
"""Numbers of clock_nanosleep and getppid, on x86-64 and on the architectures with the generic table."""

_WRITE_VARIANTS = chain("vfs_write.bt")
_CONNTRACK_VARIANTS = chain("conntrack_drops.bt")

_RESETTER = """
import contextlib, socket, struct
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    refusing, client = socket.socket(family), socket.socket(family)
    for one in (refusing, client):
        one.bind((address, 0))
    with contextlib.suppress(ConnectionRefusedError):
        client.connect(refusing.getsockname())
    listener = socket.create_server((address, 0), family=family)
    breaker = socket.create_connection(listener.getsockname()[:2])
    accepted, _ = listener.accept()
    breaker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for one in (client, refusing, breaker, listener):
        print(one.getsockname()[1])
    breaker.close()
"""

_CONNECTOR = """
import contextlib, socket
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    refusing = socket.socket(family)
    refusing.bind((address, 0))
    listener = socket.create_server((address, 0), family=family)
    for _ in range(20):
        socket.create_connection(listener.getsockname()[:2]).close()
        listener.accept()[0].close()
    for _ in range(10):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(refusing.getsockname()[:2])
    print(listener.getsockname()[1], refusing.getsockname()[1])
"""

_PAGES = 20_000
_TOUCHER = f"""
import mmap
memory = mmap.mmap(-1, {_PAGES} * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for page in range({_PAGES}):
    memory[page * mmap.PAGESIZE] = 1
"""

_MAPPER = f"""
import mmap
for _ in range(50):
    mmap.mmap(-1, {3 << 20}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
"""

_CALLER = """
import os, time
for _ in range(1000):
    os.getppid()
for _ in range(10):
    time.sleep(0.02)
"""

_EXECUTING_THREAD = """
import os, threading, time
threading.Thread(target=os.execv, args=("/bin/true", ["true"])).start()
time.sleep(60)
"""

_OPENER = """
import contextlib, os
for _ in range(100):
    os.close(os.open("/dev/null", os.O_RDONLY))
for _ in range(50):
    with contextlib.suppress(FileNotFoundError):
        os.open("/bttop-missing", os.O_RDONLY)
"""

_STARTER = """
import contextlib, os
for _ in range(20):
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
with contextlib.suppress(FileNotFoundError):
    os.posix_spawn("/bttop-missing", ["true"], {})
"""

_WAITER = """
import threading
lock = threading.Lock()
lock.acquire()
for _ in range(10):
    lock.acquire(timeout=0.05)
"""

_READER = """
import mmap, os, sys
file = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
block = mmap.mmap(-1, 4096)
for number in range(200):
    os.preadv(file, [block], number * 4096)
"""

# Entries of connections that stand are never evicted for a new one, so with more of them than the table may have
# each further packet is refused; locally the sender is told so. The rule that asks for tracking stands in a network
# namespace of the process's own and ends with it; the limit is the host's.
_CROWD = """
import contextlib, ctypes, socket, subprocess
with open("/proc/sys/net/netfilter/nf_conntrack_max", "r+") as limit:
    before = limit.read()
    assert ctypes.CDLL(None).unshare(0x40000000) == 0
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for tool in ("iptables", "ip6tables"):
        subprocess.run([tool, *"-A INPUT -m conntrack --ctstate NEW -j ACCEPT".split()], check=True)
    listener = socket.create_server(("127.0.0.1", 0))
    crowd = [(socket.create_connection(listener.getsockname()), listener.accept()) for _ in range(5)]
    try:
        limit.seek(0)
        print(2, file=limit, flush=True)
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            sender = socket.socket(family, socket.SOCK_DGRAM)
            for _ in range(7):
                with contextlib.suppress(PermissionError):
                    sender.sendto(b"x", (address, 5556))
                    raise SystemExit("this packet was not refused")
    finally:
        limit.seek(0)
        limit.write(before)
"""


def counts(rows: Rows) -> int:
    """How many values the histograms hold."""
    return sum(entry["count"] for _, entries in rows for entry in entries)


def counts_from(rows: Rows, low: int) -> int:
    """How many values of the histograms lie in buckets that begin at `low` or above."""
    return sum(entry["count"] for _, entries in rows for entry in entries if entry.get("min", 0) >= low)


def test_resets_name_the_owner_the_direction_and_the_peer(bpftrace: str) -> None:
    name = first_that_attaches(bpftrace, chain("tcp_resets.bt"))
    with load.deed(_RESETTER) as deed, tracing.tracing(bpftrace, PROBES / name, 0) as traced:
        ports = deed.run()
        rows = traced.stop()["@resets"]
    head = f"{deed.pid},bttop-deed"
    expected = {}
    for address, (client, refusing, breaker, listener) in (("127.0.0.1", ports[:4]), ("::1", ports[4:])):
        expected[f"{head},recv,{client},{address},{refusing}"] = 1
        expected[f"{head},sent,{breaker},{address},{listener}"] = 1
    assert dict(tracing.key_starts(rows, deed.pid)) == expected


@pytest.mark.parametrize("name", _WRITE_VARIANTS)
def test_writes_are_counted_with_their_sizes(bpftrace: str, name: str) -> None:
    count, size = 20_000, 65_536
    with load.copy(count, size) as copy:
        maps = maps_after(bpftrace, name, copy.pid, copy.run)
    if maps is None:
        return
    assert bucket(maps["@bytes"], size) == count
    assert maps["@writes"] == [(f"{copy.pid},dd", {"count": count, "average": size, "total": count * size})]


@pytest.mark.parametrize("name", chain("runqlat.bt"))
def test_run_queue_latency_counts_each_turn_of_a_ping_pong(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    rounds = 5_000
    with (
        load.ping_pong(rounds, min(os.sched_getaffinity(0))) as pair,
        tracing.tracing(bpftrace, PROBES / name, 0) as traced,
    ):
        pair.run()
        maps = traced.stop()
    for comm in ("bttop-ping", "bttop-pong"):
        assert counts(tracing.key_is(maps["@by_comm"], comm)) >= rounds
    assert counts(maps["@latency"]) == counts(maps["@by_comm"]) >= 2 * rounds
    assert not tracing.key_is(maps["@by_comm"], "swapper/0")


@pytest.mark.parametrize("name", chain("runqlat.bt"))
def test_run_queue_latency_with_a_pid_shows_the_threads_of_that_process(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    rounds = 5_000
    with (
        load.ping_pong(rounds, min(os.sched_getaffinity(0))) as pair,
        tracing.tracing(bpftrace, PROBES / name, pair.ping) as traced,
    ):
        pair.run()
        maps = traced.stop()
    # The process is known from its first turn on.
    assert counts(tracing.key_is(maps["@by_comm"], "bttop-ping")) >= rounds - 2
    assert not tracing.key_is(maps["@by_comm"], "bttop-pong")
    assert "@ours" not in maps


def completed_reads() -> int:
    """Reads that the disks of this host have completed."""
    return sum(int(path.read_text().split()[0]) for path in Path("/sys/block").glob("*/stat"))


def test_block_io_latency_counts_every_direct_read(bpftrace: str) -> None:
    folder = Path("/var/tmp")
    if os.major(folder.stat().st_dev) == 0:
        pytest.skip(f"{folder} lies on no block device")
    target = folder / f"bttop-test-{os.getpid()}"
    target.write_bytes(os.urandom(200 * 4096))
    try:
        with target.open("rb") as file:
            os.fsync(file.fileno())
        code = _READER.replace("sys.argv[1]", repr(str(target)))
        name = first_that_attaches(bpftrace, chain("biolatency.bt"))
        before = completed_reads()
        # Without a pin: a kernel worker issues some of the requests where the disk is busy.
        with load.deed(code) as deed, tracing.tracing(bpftrace, PROBES / name) as traced:
            deed.run()
            skipped = traced.skipped()
            rows = traced.stop()["@latency"]
    finally:
        target.unlink()
    # What the kernel skips may be other requests too, and others read as well.
    assert 200 - skipped <= counts([row for row in rows if row[0].endswith(",R")]) <= completed_reads() - before
    assert not (skipped and name == "biolatency.bt"), "raw tracepoints are not skipped"
    assert len({key for key, _ in rows}) == len(rows)


@pytest.mark.parametrize("name", ["pagefaults.bt", "pagefaults_software.bt"])
def test_every_touched_page_is_a_fault(bpftrace: str, name: str) -> None:
    with load.deed(_TOUCHER) as deed:
        maps = maps_after(bpftrace, name, deed.pid, deed.run)
    if maps is None:
        return
    faults = totals(tracing.key_is(maps["@faults"], deed.pid, "bttop-deed"))
    # The interpreter touches a little memory of its own.
    assert _PAGES <= faults <= _PAGES + 2_000
    assert totals(maps["@stacks"]) == totals(maps["@faults"])
    assert tracing.key_starts(maps["@stacks"], deed.pid) == maps["@stacks"]


def test_mapped_bytes_are_those_asked_for(bpftrace: str) -> None:
    with load.deed(_MAPPER) as deed, tracing.tracing(bpftrace, PROBES / "mmap_stacks.bt", deed.pid) as traced:
        deed.run()
        maps = traced.stop()
    assert bucket(maps["@size"], 2 << 20) == 50
    mapped = totals(tracing.key_starts(maps["@bytes"], deed.pid, "bttop-deed"))
    # The library behind the module and some arenas come on top.
    assert 50 * (3 << 20) <= mapped <= 50 * (3 << 20) + (16 << 20)


@pytest.mark.parametrize("name", chain("syscall_latency.bt"))
def test_system_calls_are_timed_by_their_number(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    script = PROBES / name
    with load.deed(_CALLER) as deed, tracing.tracing(bpftrace, script, deed.pid) as traced:
        deed.run()
        maps = traced.stop()
    assert counts(tracing.key_is(maps["@latency"], _PARENT)) == 1000
    sleeps = tracing.key_is(maps["@latency"], _SLEEP)
    assert counts(sleeps) == counts_from(sleeps, 16_384) == 10


@pytest.mark.parametrize("name", chain("slow_calls.bt"))
def test_a_call_is_slow_from_the_given_limit_on(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    limit_us = 10_000
    with load.deed(_CALLER) as deed, tracing.tracing(bpftrace, PROBES / name, limit_us) as traced:
        deed.run()
        maps = traced.stop()
    made = {key.rpartition(",")[2]: value for key, value in maps["@calls"] if key.startswith(f"{deed.pid},")}
    assert made[str(_SLEEP)] == 10
    assert str(_PARENT) not in made
    assert all(value >= limit_us for _, value in maps["@slowest"])


@pytest.mark.parametrize("code", ["", _EXECUTING_THREAD], ids=["exit", "exec"])
@pytest.mark.parametrize("name", chain("syscall_latency.bt"))
def test_a_call_that_does_not_return_leaves_nothing_behind(bpftrace: str, name: str, code: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    script = PROBES / name
    with load.deed(code) as deed, tracing.tracing(bpftrace, script, deed.pid) as traced:
        deed.run()
        maps = traced.stop()
    assert maps["@latency"]
    assert "@entered" not in maps
    assert "@call" not in maps


@pytest.mark.parametrize("name", chain("opens.bt"))
def test_opens_are_counted_by_path_and_failed_ones_by_errno(bpftrace: str, name: str) -> None:
    with load.deed(_OPENER) as deed:
        maps = maps_after(bpftrace, name, deed.pid, deed.run)
    if maps is None:
        return
    assert totals(tracing.key_is(maps["@opens"], deed.pid, "bttop-deed", "/dev/null")) == 100
    assert totals(tracing.key_is(maps["@failed"], deed.pid, "bttop-deed", 2, "/bttop-missing")) == 50
    assert "@name" not in maps


def logged_by(traced: tracing.Tracing, parent: int) -> list[str]:
    """What was printed so far of a parent's programs."""
    whole = traced.output().rpartition(b"\n")[0]
    lines = [json.loads(line)["data"] for line in whole.splitlines() if b'"printf"' in line]
    return [line for line in lines if line.split()[1:2] == [str(parent)]]


@pytest.mark.parametrize("pinned", [False, True])
def test_started_programs_are_counted_by_parent_and_logged(bpftrace: str, *, pinned: bool) -> None:
    with (
        load.deed(_STARTER) as deed,
        tracing.tracing(bpftrace, PROBES / "exec.bt", deed.pid if pinned else 0) as traced,
    ):
        deed.run()
        # At SIGINT bpftrace leaves unread what it has not printed yet.
        tracing.wait_until(lambda: len(logged_by(traced, deed.pid)) == 20, 90, "twenty lines")
        maps = traced.stop()
        logged = logged_by(traced, deed.pid)
    expected = [(f"{deed.pid},bttop-deed,true", 20)]
    assert tracing.key_starts(maps["@execs"], deed.pid) == expected
    assert len(logged) == 20
    assert all(re.fullmatch(rf"\d+ +{deed.pid} +bttop-deed +/bin/true\n", line) for line in logged)
    if pinned:
        assert maps["@execs"] == expected


@pytest.mark.parametrize("name", chain("tcp_connect.bt"))
def test_connects_are_timed_by_destination_and_failed_ones_counted(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    script = PROBES / name
    with load.deed(_CONNECTOR) as deed, tracing.tracing(bpftrace, script, deed.pid) as traced:
        ports = deed.run()
        maps = traced.stop()
    for address, (listener, refusing) in (("127.0.0.1", ports[:2]), ("::1", ports[2:])):
        assert counts(tracing.key_is(maps["@latency"], address, listener)) == 20
        key = (deed.pid, "bttop-deed", address, refusing)
        assert totals(tracing.key_is(maps["@failed"], *key)) == 10
    assert maps.keys() == {"@latency", "@failed"}


def test_time_in_futex_is_the_wait_for_the_lock(bpftrace: str) -> None:
    with load.deed(_WAITER) as deed, tracing.tracing(bpftrace, PROBES / "futex.bt", deed.pid) as traced:
        deed.run()
        maps = traced.stop()
    waits = tracing.key_is(maps["@wait"], deed.pid, "bttop-deed")
    assert counts(waits) == 10
    # The deadline is set before the call, so a busy host can make some of the ten shorter.
    assert counts_from(waits, 32_768) >= 5
    assert totals(tracing.key_is(maps["@total"], deed.pid, "bttop-deed")) >= 5 * 32_768
    assert "@since" not in maps


@pytest.mark.parametrize("pinned", ["", "sender", "target"])
def test_signals_name_sender_and_target(bpftrace: str, pinned: str) -> None:
    # 18 continues a stopped process and changes nothing for a running one.
    code = "import os\nfor _ in range(30):\n    os.kill({}, 18)\n"
    with load.busy_loop() as target, load.deed(code.format(target)) as deed:
        pin = {"": 0, "sender": deed.pid, "target": target}[pinned]
        with tracing.tracing(bpftrace, PROBES / "signals.bt", pin) as traced:
            deed.run()
            rows = traced.stop()["@signals"]
    sent = tracing.key_starts(rows, deed.pid, "bttop-deed", 18, target)
    assert totals(sent) == 30
    assert not pinned or all(str(pin) in key.split(",") for key, _ in rows)


@pytest.mark.parametrize("name", _CONNTRACK_VARIANTS)
def test_a_full_connection_table_shows_every_packet_it_refuses(bpftrace: str, name: str) -> None:
    if "BTTOP_TEST_CONNTRACK" not in os.environ:
        pytest.skip("fills the connection table of the whole host; BTTOP_TEST_CONNTRACK=1 allows it")
    # A module's functions can be traced once it is there.
    subprocess.run(["modprobe", "nf_conntrack"], check=False)
    with load.deed(_CROWD) as deed:
        try:
            with tracing.tracing(bpftrace, PROBES / name, 0) as traced:
                deed.run()
                maps = traced.stop()
        except RefusedError:
            assert front_matter(name)["fallback"] in ALL
            return
    stage = "netfilter" if name == _CONNTRACK_VARIANTS[-1] else "track"
    for address in ("127.0.0.1", "::1"):
        assert totals(tracing.key_is(maps["@drops"], stage, 17, address, 5556)) == 7
        assert totals(tracing.key_is(maps["@sources"], address)) == 7
