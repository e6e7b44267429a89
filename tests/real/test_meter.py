"""The meter, the survey and the fuse against the kernel's own counters, which the test reads by another way."""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from bttop import hooktimer
from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Cost
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.host.host import Host, find_bpftrace
from bttop.engine.host.own_clock import boot_ns
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.request.questions import from_text
from bttop.engine.safety.budget_guard import Load
from bttop.engine.tracer.frames import CostTotals
from bttop.script.cost.hook_costs import HookPrices
from tests.real import load
from tests.real.slowed import FUNCTIONS, SLOWED, USDT, Caller, Slowed, own_libc, usdt_library
from tests.real.slowed import calling as calling_library
from tests.real.tracing import unable, wait_until

pytestmark = pytest.mark.real

HOT = "tracepoint:syscalls:sys_enter_getpgid { @calls[pid] = count(); }"
"""Nobody else calls it, so that what it costs is the load of the test alone."""
_LOAD = "import os\nwhile True: os.getpgid(0)"
MOST_ROUNDS = 8
"""Rounds in a row in which a program is above its budget until it is detached: five, and those of the detaching."""
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
    words = [sys.executable, "-I", "-S", "-c", f"import signal; signal.alarm(120)\n{_LOAD}"]
    caller = subprocess.Popen(words, preexec_fn=load.go_first)
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
    engine.at_full_speed()
    try:
        wait_until(
            lambda: program.history.appended > 0 or program.status.state is ProgramState.FAILED, PATIENCE, "a flush"
        )
        if program.status.state is ProgramState.FAILED:
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
        readings: list[tuple[CostTotals, int, Counted]] = []
        idents = programs_of(pid_of(program))
        take = engine.meter.take

        def noting(totals: CostTotals, program: Program, providers: Iterable[str] = ()) -> None:
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
            # Rounds of the meter, one a second: on a busy host a second can take longer, and the load gets less CPU.
            rounds = counting_rounds(engine, Budget(percent=0.5))
            wait_until(lambda: all(is_gone(ident) for ident in idents), PATIENCE, "the fuse")
        assert longest_excess(rounds) <= MOST_ROUNDS
        wait_until(lambda: program.status.state is ProgramState.HELD, PATIENCE, "the state")
        assert "budget 0.5 %" in program.status.reason
        assert program.history.appended >= flushes
        assert program.history.latest is not None
        engine.toggle(program)
        wait_until(lambda: program.status.state is ProgramState.LIVE, PATIENCE, "it to be live again")


def counting_rounds(engine: Engine, budget: Budget) -> list[bool]:
    """A list that gets for each round that the meter closes from now on whether the programs are above the budget."""
    rounds: list[bool] = []
    close = engine.meter.close_round

    def closed(tracer: CostTotals, programs: Iterable[Program]) -> tuple[dict[Program, Load], float]:
        loads, seconds = close(tracer, programs)
        rounds.append(sum(one.cost.run or 0.0 for one in loads.values()) > budget.cpu_seconds(engine.host.cpus))
        return loads, seconds

    engine.meter.close_round = closed  # type: ignore[method-assign]
    return rounds


def longest_excess(rounds: Iterable[bool]) -> int:
    """The most rounds in a row that were above the budget."""
    return max((len(list(run)) for is_above, run in groupby(rounds) if is_above), default=0)


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
        assert program.status.state is ProgramState.LIVE
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
                seen = engine.program_rates.latest
                found = {one.id: one for one in seen.programs if one.run is not None} if seen else {}
                return set(own) | set(others) <= set(found)

            wait_until(known, PATIENCE, "two surveys")
            seen = engine.program_rates.latest
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


def library_and_function(name: str, tmp_path: Path) -> tuple[str, str]:
    if name != "hit":
        return own_libc(tmp_path), name
    made = usdt_library(tmp_path)
    if not made:
        unable("no C compiler makes a USDT probe here")
    return made, name


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        *[pytest.param(SLOWED[asked], name, id=f"{asked}-{name}") for asked in SLOWED for name in FUNCTIONS],
        pytest.param(USDT, "hit", id="usdt"),
    ],
)
def test_the_meter_agrees_with_what_user_probes_take_of_their_program(
    bpftrace: str, asked: Slowed, name: str, tmp_path: Path
) -> None:
    """The trap is the program's own time: the kernel's run time of the BPF program leaves out nine tenths of it."""
    library, function = library_and_function(name, tmp_path)
    first, *more = [text.replace("LIBRARY", library).replace("FUNCTION", function) for text in asked.scripts]
    found: list[float] = []

    def agrees(caller: Caller, alone: float, engine: Engine) -> bool:
        """One reading beside one measurement: on a machine with other load one trap takes up to 1.7 times another."""
        taken = caller.least_ns() - alone
        found.append(metered_ns(engine.programs, asked.probes) / taken)
        return 1 / 1.5 < found[-1] < 1.5

    def session_agrees() -> bool:
        """Some readings of one session, which measures the prices of hooks once: maybe while the machine was busy."""
        with calling_library(library, function) as caller:
            alone = caller.least_ns()
            with tracing(bpftrace, text=first) as (engine, _):
                for text in more:
                    engine.open(from_text("other", text), Settings())
                wait_until(lambda: len(engine.programs) == len(asked.scripts), PATIENCE, "the programs")
                wait_until(lambda: all(one.cost and one.cost.events for one in engine.programs), PATIENCE, "costs")
                wait_until(lambda: not engine.runner.prices.unmeasured("uprobe"), PATIENCE, "the prices of this host")
                return any(agrees(caller, alone, engine) for _ in range(5))

    assert any(session_agrees() for _ in range(3)), found


def metered_ns(programs: Iterable[Program], probes: int) -> float:
    """What the meter says that a call takes, of which the first program counts so many."""
    costs = [one.cost or Cost() for one in programs]
    return sum(one.run or 0.0 for one in costs) * 1e9 * probes / (costs[0].events or 1.0)


def test_the_timer_measures_user_probes_on_every_host_that_has_them() -> None:
    prices = HookPrices(os.uname().machine).plus(hooktimer.measure(["user"]))
    if prices.user is None:
        unable(prices.unmeasured("uprobe"))
    assert all(10 < price < 100_000 for price in prices.user[:3])


@pytest.mark.parametrize(("asked", "function"), [("entry", "getppid"), ("entry and return", "srand")])
def test_a_load_on_user_probes_that_begins_after_the_attach_is_caught_within_five_seconds(
    bpftrace: str, asked: str, function: str, tmp_path: Path
) -> None:
    """The budget is the usual one, which no program's BPF code reaches here by its run time alone."""
    library = own_libc(tmp_path)
    text = SLOWED[asked].scripts[0].replace("LIBRARY", library).replace("FUNCTION", function)
    with tracing(bpftrace, Budget(), text=text) as (engine, program):
        wait_until(lambda: engine.meter.bill is not None and program.history.appended > 9, PATIENCE, "ten flushes")
        idents = programs_of(pid_of(program))
        with calling_library(library, function):
            # Rounds of the meter, one a second: on a busy host a second can take longer, and the load gets less CPU.
            rounds = counting_rounds(engine, Budget())
            wait_until(lambda: all(is_gone(ident) for ident in idents), PATIENCE, "the fuse")
        assert longest_excess(rounds) <= MOST_ROUNDS
        # On a busy host the load may be so low that one event in many is within the budget.
        wait_until(lambda: program.status.state is ProgramState.HELD or program.thinning.one_in > 1, PATIENCE, "it")
        assert program.thinning.one_in > 1 or "budget 3 %" in program.status.reason
