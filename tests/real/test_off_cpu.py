"""Where threads wait, who wakes them, and that all of their time is accounted for: `offcpu` and `cputime`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.real import load, tracing
from tests.real.test_probe_files import can_be_tried, chain, totals
from tests.real.tracing import PROBES, Rows

pytestmark = pytest.mark.real

_OFF, _ALL = chain("offcpu.bt"), chain("cputime.bt")
_RUNNABLE, _ASLEEP, _UNINTERRUPTIBLE, _ON_CPU = 0, 1, 2, 4096
_BLOCK_INTERRUPTS = {"block-interrupt", "other-interrupt"}
"""A disk's interrupt wakes by itself, or raises the soft one."""

_SLEEPER = """
import time
start = time.monotonic_ns()
for _ in range(20):
    time.sleep(0.01)
print(time.monotonic_ns() - start)
"""

# Holds a lock for 10 ms while the other thread wants it, twenty times.
_LOCK_FIGHT = """
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20, HELD_US = 10000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void *hold(void *unused) {
  prctl(PR_SET_NAME, "bttop-holder");
  for (int round = 0; round < ROUNDS; round++) {
    pthread_mutex_lock(&lock);
    pthread_barrier_wait(&both);
    usleep(HELD_US);
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&both);
  }
  return unused;
}

static void *want(void *unused) {
  prctl(PR_SET_NAME, "bttop-wanter");
  for (int round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    pthread_barrier_wait(&both);
  }
  return unused;
}

int main(void) {
  pthread_t threads[2];
  alarm(60);
  getchar();
  pthread_barrier_init(&both, 0, 2);
  pthread_create(&threads[0], 0, hold, 0);
  pthread_create(&threads[1], 0, want, 0);
  pthread_join(threads[0], 0);
  pthread_join(threads[1], 0);
}
"""
_ROUNDS, _HELD_NS = 20, 10_000_000

_READER = """
import mmap, os, time
file = os.open({path!r}, os.O_RDONLY | os.O_DIRECT)
block = mmap.mmap(-1, 4096)
start = time.monotonic_ns()
for number in range(200):
    os.preadv(file, [block], number * 4096)
print(time.monotonic_ns() - start)
"""

# Two threads compute and sleep; each prints its id and how long it took, the main thread at the end.
_THREADS = """
import threading, time
def work(number):
    time.sleep(0.05)
    start = time.monotonic_ns()
    for _ in range(10):
        end = time.thread_time_ns() + 20_000_000 * number
        while time.thread_time_ns() < end:
            pass
        time.sleep(0.03)
    print(threading.get_native_id(), time.monotonic_ns() - start, flush=True)
time.sleep(0.05)
start = time.monotonic_ns()
threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(threading.get_native_id(), time.monotonic_ns() - start)
"""
_SLEPT_NS = 10 * 30_000_000
_WARM_UP_NS = 50_000_000

_WAITER = """
import time
time.sleep(0.02)
print("waits", flush=True)
sys.stdin.readline()
"""


def waits(rows: Rows) -> Iterable[tuple[list[str], int]]:
    """The rows of `blocked`: pid, comm, state, name and process of the waker, both stacks; and the time in ns."""
    return ((key.split(",", 5), value) for key, value in rows)


def leftovers(maps: dict[str, Rows], threads: Iterable[int]) -> list[str]:
    """The maps of state that still hold something of a thread; `waiting` has it in the second part of its key."""
    ids = {str(thread) for thread in threads}
    places = {"@left": 0, "@ready": 0, "@running": 0, "@away": 0, "@waiting": 1}
    found = [(name, key.split(",")[at]) for name, at in places.items() for key, _ in maps.get(name, [])]
    return [name for name, thread in found if thread in ids]


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("name", _OFF)
def test_a_sleeper_waits_for_a_timer(bpftrace: str, name: str, *, pinned: bool) -> None:
    if not can_be_tried(bpftrace, name):
        return
    with (
        load.deed(_SLEEPER) as deed,
        tracing.tracing(bpftrace, PROBES / name, deed.pid if pinned else 0) as traced,
    ):
        (elapsed,) = deed.run()
        maps = traced.stop()
    own = tracing.key_starts(maps["@blocked"], deed.pid, "bttop-deed")
    asleep = [row for row in own if "nanosleep" in row[0]]
    assert 20 * 9_999_000 <= totals(asleep) <= elapsed
    by_timer = [value for parts, value in waits(asleep) if parts[2:5] == [str(_ASLEEP), "timer-interrupt", "0"]]
    # The kernel skips a plain tracepoint in an interrupt while another program on one runs: other tests run many.
    assert sum(by_timer) > 0
    assert {parts[3] for parts, _ in waits(asleep)} <= {"timer-interrupt", "no-wake-up-seen"}
    assert leftovers(maps, [deed.pid]) == []
    if pinned:
        assert len(own) == len(maps["@blocked"])
        assert {key.split(",")[0] for key, _ in maps["@queued"]} == {str(deed.pid)}


@pytest.mark.parametrize("name", _OFF)
def test_a_thread_that_wants_a_lock_is_woken_by_the_one_that_holds_it(bpftrace: str, name: str, tmp_path: Path) -> None:
    if not can_be_tried(bpftrace, name):
        return
    if not shutil.which("cc"):
        tracing.unable("there is no C compiler")
    program = tmp_path / "fight"
    (tmp_path / "fight.c").write_text(_LOCK_FIGHT)
    subprocess.run(["cc", "-O1", "-pthread", "-o", program, tmp_path / "fight.c"], check=True)
    with (
        subprocess.Popen([program], stdin=subprocess.PIPE, text=True) as fight,
        tracing.tracing(bpftrace, PROBES / name, fight.pid) as traced,
    ):
        fight.communicate("\n", timeout=load.LIMIT_SECONDS)
        maps = traced.stop()
    wanted = [row for row in tracing.key_starts(maps["@blocked"], fight.pid, "bttop-wanter") if "futex" in row[0]]
    wakers = {tuple(parts[2:5]) for parts, _ in waits(wanted)}
    assert (str(_ASLEEP), "bttop-holder", str(fight.pid)) in wakers
    by_holder = sum(value for parts, value in waits(wanted) if parts[3] == "bttop-holder")
    # A busy host can keep the thread from wanting the lock at once.
    assert by_holder >= _ROUNDS * _HELD_NS // 2
    assert by_holder >= totals(wanted) // 2


@pytest.mark.parametrize("name", _OFF)
def test_a_direct_read_waits_uninterruptibly_for_the_disk(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    folder = Path("/var/tmp")
    if os.major(folder.stat().st_dev) == 0:
        pytest.skip(f"{folder} is on no block device")
    target = folder / f"bttop-test-{os.getpid()}"
    target.write_bytes(os.urandom(200 * 4096))
    try:
        with target.open("rb") as file:
            os.fsync(file.fileno())
        with (
            load.deed(_READER.format(path=str(target))) as deed,
            tracing.tracing(bpftrace, PROBES / name, deed.pid) as traced,
        ):
            (elapsed,) = deed.run()
            maps = traced.stop()
    finally:
        target.unlink()
    read = [row for row in maps["@blocked"] if "preadv" in row[0] or "iomap_dio" in row[0]]
    assert 0 < totals(read) <= elapsed
    told = list(waits(read))
    assert {parts[2] for parts, _ in told} == {str(_UNINTERRUPTIBLE)}
    by_disk = sum(value for parts, value in told if parts[3] in _BLOCK_INTERRUPTS and parts[4] == "0")
    # A wake-up that the kernel skipped for plain tracepoints has no waker; other tests run many.
    assert by_disk > 0


@pytest.mark.parametrize("name", _OFF)
def test_a_wait_that_lasts_is_among_those_that_wait_now(bpftrace: str, name: str) -> None:
    if not can_be_tried(bpftrace, name):
        return
    with load.deed(_WAITER) as deed, tracing.tracing(bpftrace, PROBES / name, deed.pid) as traced:
        assert deed.begin() == "waits\n"
        state = Path(f"/proc/{deed.pid}/stat")
        tracing.wait_until(lambda: ") S " in state.read_text(), 90, "a sleeping process")
        maps = traced.stop()
    ((key, since),) = maps["@waiting"]
    assert key == f"{deed.pid},{deed.pid},bttop-deed,{_ASLEEP}"
    assert since > 0


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("name", _ALL)
def test_the_states_of_a_thread_add_up_to_its_wall_time(bpftrace: str, name: str, *, pinned: bool) -> None:
    if not can_be_tried(bpftrace, name):
        return
    with (
        load.deed(_THREADS) as deed,
        tracing.tracing(bpftrace, PROBES / name, deed.pid if pinned else 0) as traced,
    ):
        told = deed.run()
        maps = traced.stop()
    elapsed = dict(zip(told[::2], told[1::2], strict=True))
    for thread, wall in elapsed.items():
        own = tracing.key_starts(maps["@time"], deed.pid, thread)
        spent = {int(key.rpartition(",")[2]): value for key, value in own}
        # Before its work each thread sleeps once, and starts and ends a little.
        assert 0.95 * wall <= totals(own) <= 1.05 * (wall + _WARM_UP_NS)
        assert spent[_ON_CPU] > 0
        assert spent[_ASLEEP] >= _SLEPT_NS
    assert leftovers(maps, elapsed) == []


@pytest.mark.parametrize(("off", "on"), zip(_OFF, _ALL, strict=True))
def test_time_on_and_off_the_cpu_is_the_wall_time_of_a_process(bpftrace: str, off: str, on: str) -> None:
    if not can_be_tried(bpftrace, off):
        return
    with (
        load.deed(_THREADS) as deed,
        tracing.tracing(bpftrace, PROBES / off, deed.pid) as waiting,
        tracing.tracing(bpftrace, PROBES / on, deed.pid) as running,
    ):
        told = deed.run()
        waited, ran = waiting.stop(), running.stop()
    wall = sum(told[1::2]) + len(told[1::2]) * _WARM_UP_NS
    computed = totals([row for row in ran["@time"] if row[0].endswith(f",{_ON_CPU}")])
    assert totals(waited["@blocked"]) + totals(waited["@queued"]) + computed == pytest.approx(wall, rel=0.05)
