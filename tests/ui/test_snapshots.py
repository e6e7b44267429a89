"""Pictures of the screen by size and state, over programs whose bpftrace and clock stand still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from bttop.engine.generation.badge import Badge
from bttop.engine.program.status import ProgramState
from bttop.ui.app import BttopApp
from bttop.ui.board import pane
from bttop.ui.board.screen_bars import header
from tests.ui.scenes import FakeEngine, calls, printed_name
from tests.ui.screens import app_of

SNAPSHOT = Callable[..., bool]
SIZES = [(80, 24), (160, 48)]
SYSCALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
RETRANS = "tracepoint:tcp:tcp_retransmit_skb { @retrans[pid, comm] = count(); }"
READS = "kprobe:vfs_read { @bytes = hist(arg2); @reads[pid, comm] = stats(arg2); }"
SWITCH = "tracepoint:sched:sched_switch { @oncpu[tid, comm] = hist(nsecs); }"
PROFILE = "profile:hz:99 { @stacks[comm, kstack] = count(); }"
BUCKETS = [
    {"min": 2**n, "max": 2 ** (n + 1) - 1, "count": count} for n, count in enumerate([12, 4, 2140, 18402, 211], 10)
]
STACKS = {
    "java,\n\tcopy_page+16\n\tdo_fault+3\n\tasm_exc_page_fault+30\n": 61,
    "nginx,\n\tep_poll+7\n\tdo_syscall_64+61\n\tentry_SYSCALL_64+99\n": 22,
}


class FrozenClock(datetime):
    """03:11:04, whenever it is asked."""

    @classmethod
    def now(cls, tz: Any = None) -> FrozenClock:
        return cls(2026, 11, 22, 3, 11, 4, tzinfo=UTC)

    def astimezone(self, tz: Any = None) -> FrozenClock:
        return self


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Five live programs that have run for eight seconds."""
    found = FakeEngine()
    monkeypatch.setattr(pane, "boot_ns", lambda: found.now)
    monkeypatch.setattr(header, "datetime", FrozenClock)
    texts = {
        "syscalls": SYSCALLS,
        "retransmits": RETRANS,
        "vfs_read": READS,
        "sched_switch": SWITCH,
        "profile": PROFILE,
    }
    programs = [found.add(name, text) for name, text in texts.items()]
    for program in programs:
        found.attach(program)
    for second in range(1, 9):
        flush_all(found, second)
    return found


def flush_all(fake: FakeEngine, second: int) -> None:
    """One interval of every program that runs; numbers rise with the time."""
    syscalls, retransmits, reads, switches, profile = fake.engine.programs
    fake.now += 10**9
    rows = {
        "18421,java": 212_840 * second,
        "9112,nginx": 41_377,
        **{f"{n},worker{n}": n * second for n in range(1, 39)},
    }
    grown = [one | {"count": one["count"] * second} for one in BUCKETS]
    stats = {
        "type": "stats",
        "data": {printed_name(reads, "@reads"): {"842,dd": {"count": 9, "average": 4096, "total": 36_864}}},
    }
    printed = {
        syscalls: [calls(syscalls, rows)],
        retransmits: [calls(retransmits, {"18421,java": 14, "9112,nginx": 6}, "@retrans")],
        reads: [{"type": "hist", "data": {printed_name(reads, "@bytes"): grown}}, stats],
        switches: [{"type": "hist", "data": {printed_name(switches, "@oncpu"): {"18433,kworker": BUCKETS}}}],
        profile: [calls(profile, STACKS, "@stacks")],
    }
    for program, records in printed.items():
        if program.status.running:
            fake.flush(program, *records, seconds=0.0)


def troubled(fake: FakeEngine) -> FakeEngine:
    """One failed, one killed, two silent, one with more badges than room; syscalls alone is well."""
    syscalls, retransmits, reads, *_ = fake.engine.programs
    broken = fake.add("broken", "profile:hz:99 { @calls = cuont(); }")
    while broken.status.state is not ProgramState.FAILED:
        fake.complain(
            broken,
            "stdin:1:26-31: ERROR: Unknown function: cuont",
            "profile:hz:99 { @calls = cuont(); }",
            "                         ~~~~~",
        )
        fake.end(broken, 1)
    for _ in range(11):
        fake.now += 10**9
        for program in fake.engine.programs:
            if program is not syscalls:
                program.tick(fake.now)
    fake.flush(syscalls, calls(syscalls, {"18421,java": 900_000}), seconds=0.0)
    fake.end(retransmits, -11)
    badges = (Badge("bytes asked for", "the size is the caller's"), Badge("fallback", "kprobes are missing here"))
    reads._parts.statuses.status = replace(reads.status, badges=badges)
    return fake


def after(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Take in what the engine has, then press keys."""

    async def run(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, BttopApp)
        await pilot.pause()
        pilot.app._look()
        await pilot.press(*keys)
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_five_live_panes(snap_compare: SNAPSHOT, fake: FakeEngine, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(fake), terminal_size=size, run_before=after("2", "down"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_failed_silent_and_held_panes(snap_compare: SNAPSHOT, fake: FakeEngine, size: tuple[int, int]) -> None:
    assert snap_compare(app_of(troubled(fake)), terminal_size=size, run_before=after("space"))


def test_a_theme_for_bright_rooms(snap_compare: SNAPSHOT, fake: FakeEngine) -> None:
    assert snap_compare(app_of(fake, theme="day"), terminal_size=(80, 24), run_before=after("5", "z", "right"))


def test_a_terminal_that_is_too_small(snap_compare: SNAPSHOT, fake: FakeEngine) -> None:
    assert snap_compare(app_of(fake), terminal_size=(50, 12), run_before=after())


def test_the_help_sheet(snap_compare: SNAPSHOT, fake: FakeEngine) -> None:
    assert snap_compare(app_of(fake), terminal_size=(160, 48), run_before=after("question_mark"))
