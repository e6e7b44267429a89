"""The meter, the survey and the fuse against the kernel's own counters, which the test reads by another way."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bttop.engine.attempts import Settings
from bttop.engine.budget import Budget
from bttop.engine.engine import Engine, boot_ns
from bttop.engine.frames import Totals
from bttop.engine.host import Host, find_bpftrace
from bttop.engine.program import Program
from bttop.engine.questions import from_text
from bttop.engine.status import State

from .tracing import unable, wait_until

pytestmark = pytest.mark.real

HOT = "tracepoint:syscalls:sys_enter_getpgid { @calls[pid] = count(); }"
"""Nobody else calls it, so that what it costs is the load of the test alone."""
_LOAD = "import os\nwhile True: os.getpgid(0)"
PATIENCE = 60.0
CALLS = {"x86_64": 321, "aarch64": 280}


class Counted(NamedTuple):
    """What the kernel says about a BPF program, asked by the bpf system call; the meter reads fdinfo."""

    run_ns: int
    runs: int


def counted(ident: int) -> Counted:
    """Raises OSError when the program is not loaded any more."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = CALLS[os.uname().machine]

    def bpf(command: int, attributes: bytes) -> int:
        buffer = ctypes.create_string_buffer(attributes, len(attributes))
        result = int(libc.syscall(ctypes.c_long(number), command, buffer, len(attributes)))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    fd = bpf(13, struct.pack("=III", ident, 0, 0))
    info = ctypes.create_string_buffer(256)
    bpf(15, struct.pack("=IIQ", fd, 256, ctypes.addressof(info)))
    os.close(fd)
    return Counted(*struct.unpack_from("=QQ", info.raw, 192))


def programs_of(pid: int) -> list[int]:
    """Ids of the BPF programs that a process holds open, each once: a link names its program as well (from 0.27)."""
    texts = []
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            texts.append(path.read_text())
    lines = [line for text in texts for line in text.splitlines() if line.startswith("prog_id:")]
    return sorted({int(line.split()[1]) for line in lines})


@contextlib.contextmanager
def calling() -> Iterator[None]:
    """A process that makes this system call as fast as it can, for two minutes at most."""
    caller = subprocess.Popen(["timeout", "120", sys.executable, "-I", "-S", "-c", _LOAD])
    try:
        yield
    finally:
        caller.terminate()
        caller.wait()


@contextlib.contextmanager
def tracing(
    binary: str, limits: Budget | None = None, *, statistics: bool = True, text: str = HOT
) -> Iterator[tuple[Engine, Program]]:
    """An engine with one hot program that is live."""
    engine = Engine(Host.read(), find_bpftrace(binary), limits=limits, statistics=statistics)
    question = from_text("hot", text)
    program = engine.add(question.name, question.sources, Settings(), question.failure)
    engine.start()
    try:
        wait_until(lambda: program.history.appended > 0 or program.status.state is State.FAILED, PATIENCE, "a flush")
        if program.status.state is State.FAILED:
            unable(str(program.status.complaint))
        yield engine, program
    finally:
        engine.close()


def pid_of(program: Program) -> int:
    pid = program.generations()[0].pid
    assert pid is not None
    return pid


def test_the_meter_agrees_with_the_kernels_counters_read_independently(bpftrace: str) -> None:
    """Both count from the same reading on: the meter's sum of what it said, and the kernel's at the same moments."""
    with calling(), tracing(bpftrace) as (engine, program):
        readings: list[tuple[Totals, int, Counted]] = []
        idents = programs_of(pid_of(program))
        take = engine.meter.take

        def noting(totals: Totals, program: Program, providers: Iterable[str] = ()) -> None:
            now = [counted(ident) for ident in idents]
            total = Counted(sum(one.run_ns for one in now), sum(one.runs for one in now))
            readings.append((totals, boot_ns(), total))
            take(totals, program, providers)

        engine.meter.take = noting  # type: ignore[method-assign]
        wait_until(lambda: len(readings) > 6, PATIENCE, "six readings")
        (first, first_at, kernel_first), *_, (last, last_at, kernel_last) = readings
        metered = (last.run_ns - first.run_ns) / (last.stamp.boot_ns - first.stamp.boot_ns)
        kernel = (kernel_last.run_ns - kernel_first.run_ns) / (last_at - first_at)
        assert metered == pytest.approx(kernel, rel=0.02)
        runs = (last.runs - first.runs) / (last.stamp.boot_ns - first.stamp.boot_ns)
        assert runs == pytest.approx((kernel_last.runs - kernel_first.runs) / (last_at - first_at), rel=0.02)
        assert program.cost is not None
        assert program.cost.run is not None
        assert program.cost.run - program.cost.hooks == pytest.approx(
            (readings[-1][0].run_ns - readings[-2][0].run_ns)
            / (readings[-1][0].stamp.boot_ns - readings[-2][0].stamp.boot_ns),
            rel=0.02,
        )


def descriptors(pid: int) -> list[str]:
    """What a process's descriptors link to."""
    links = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(path.readlink()))
    return links


def test_the_tracer_alone_holds_the_statistics_on_and_only_when_they_are_wanted(bpftrace: str) -> None:
    """The kernel switches them off when the last descriptor is closed: with the tracer, however it ends."""
    for wanted in (True, False):
        with tracing(bpftrace, statistics=wanted) as (engine, program):
            wait_until(lambda: engine.meter.bill is not None, PATIENCE, "a reading")
            assert ("anon_inode:bpf-stats" in descriptors(engine.tracer_pid)) is wanted
            assert "anon_inode:bpf-stats" not in descriptors(pid_of(program))
            assert engine.meter.metering == ("bpf" if wanted else "")


def test_a_program_above_its_budget_is_detached_within_five_seconds_by_the_kernels_counters(bpftrace: str) -> None:
    with tracing(bpftrace, Budget(percent=0.5)) as (engine, program):
        wait_until(lambda: engine.meter.bill is not None, PATIENCE, "a reading")
        idents = programs_of(pid_of(program))
        flushes = program.history.appended
        with calling():
            begun = boot_ns()
            wait_until(lambda: all(is_gone(ident) for ident in idents), PATIENCE, "the fuse")
            lasted = (boot_ns() - begun) / 1e9
        assert lasted < 5
        wait_until(lambda: program.status.state is State.HELD, PATIENCE, "the state")
        assert "budget 0.5 %" in program.status.reason
        assert program.history.appended >= flushes
        assert program.history.latest is not None
        engine.toggle(program)
        wait_until(lambda: program.status.state is State.LIVE, PATIENCE, "it to be live again")


def is_gone(ident: int) -> bool:
    """Whether a BPF program is not loaded any more: nothing of it runs."""
    try:
        counted(ident)
    except FileNotFoundError:
        return True
    return False


def test_a_program_within_its_budget_goes_on(bpftrace: str) -> None:
    with tracing(bpftrace, Budget(percent=100.0)) as (engine, program), calling():
        wait_until(lambda: program.history.appended > 6, PATIENCE, "six flushes")
        assert program.status.state is State.LIVE
        assert program.alarm == ""
        assert engine.meter.bill is not None
        assert (engine.meter.bill.percent or 0) > 0.5


def test_the_survey_has_every_program_with_its_owner_and_sums_them_up(bpftrace: str) -> None:
    script = "tracepoint:sched:sched_switch { @ = count(); }"
    stranger = subprocess.Popen([bpftrace, "-e", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with tracing(bpftrace) as (engine, program), calling():
            wait_until(lambda: bool(programs_of(stranger.pid)), PATIENCE, "a program of somebody else")
            own, others = programs_of(pid_of(program)), programs_of(stranger.pid)

            def known() -> bool:
                engine.look_around()
                seen = engine.surveyor.latest
                found = {one.id: one for one in seen.programs if one.run is not None} if seen else {}
                return set(own) | set(others) <= set(found)

            wait_until(known, PATIENCE, "two surveys")
            seen = engine.surveyor.latest
            assert seen is not None
            found = {one.id: one for one in seen.programs}
            assert all(found[ident].owners == ("bttop: hot",) for ident in own)
            assert all(f"bpftrace {stranger.pid}" in found[ident].owners for ident in others)
            assert found[others[0]].type == "tracepoint"
            assert found[others[0]].name == "sched_switch"
            assert seen.run == pytest.approx(sum(one.run or 0 for one in seen.programs))
            assert seen.programs[0].run == max(one.run or 0 for one in seen.programs)
    finally:
        stranger.kill()
        stranger.wait()


def test_maps_and_processes_are_metered_even_without_statistics(bpftrace: str) -> None:
    with tracing(bpftrace, statistics=False) as (_, program):
        wait_until(lambda: program.cost is not None, PATIENCE, "a cost")
        assert program.cost is not None
        assert program.cost.rss > 10 << 20
        assert program.cost.map_bytes > 1 << 10
        assert program.cost.programs >= 2


_TIMED = """
import ctypes, select, sys, time
call = getattr(ctypes.CDLL(None), sys.argv[1])

def once():
    begun = time.process_time_ns()
    for _ in range(20_000):
        call(0)
    return (time.process_time_ns() - begun) / 20_000

while True:
    once()
    if select.select([0], [], [], 0)[0] and sys.stdin.readline():
        print(min(once() for _ in range(20)), flush=True)
"""


class Caller:
    """A process that calls a function of libc as fast as it can, and says how many ns of CPU a call takes."""

    def __init__(self, function: str) -> None:
        command = ["timeout", "120", sys.executable, "-I", "-S", "-c", _TIMED, function]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def least_ns(self) -> float:
        """The least of twenty rounds from now on: what else the host does makes a call only dearer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


def libc() -> str:
    """The file that this process has its libc from."""
    return next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libc.so" in line)


@contextlib.contextmanager
def calling_libc(function: str) -> Iterator[Caller]:
    caller = Caller(function)
    try:
        yield caller
    finally:
        caller.close()


@pytest.mark.parametrize("provider", ["uprobe", "uretprobe"])
@pytest.mark.parametrize("function", ["getppid", "srand"])
def test_the_meter_agrees_with_what_a_user_probe_takes_of_its_program(
    bpftrace: str, provider: str, function: str
) -> None:
    """The trap is the program's own time: the kernel's run time of the BPF program leaves out nine tenths of it."""
    text = f"{provider}:{libc()}:{function} {{ @calls = count(); }}"
    found: list[float] = []

    def agrees() -> bool:
        """One reading beside one measurement: on a machine with other load one trap takes up to 1.7 times another."""
        taken = caller.least_ns() - alone
        assert program.cost is not None
        found.append((program.cost.ns_per_event or 0.0) / taken)
        return 1 / 1.5 < found[-1] < 1.5

    with calling_libc(function) as caller:
        alone = caller.least_ns()
        with tracing(bpftrace, text=text) as (_, program):
            wait_until(lambda: bool(program.cost and program.cost.events), PATIENCE, "a cost")
            assert any(agrees() for _ in range(5)), found


def test_a_load_on_a_user_probe_that_begins_after_the_attach_is_caught(bpftrace: str) -> None:
    text = f"uprobe:{libc()}:getppid {{ @calls = count(); }}"
    with tracing(bpftrace, Budget(), text=text) as (engine, program):
        wait_until(lambda: engine.meter.bill is not None, PATIENCE, "a reading")
        idents = programs_of(pid_of(program))
        with calling_libc("getppid"):
            wait_until(lambda: all(is_gone(ident) for ident in idents), PATIENCE, "the fuse")
        wait_until(lambda: program.status.state is State.HELD, PATIENCE, "the state")
        assert "budget 3 %" in program.status.reason
