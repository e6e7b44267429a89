"""A recording as a session: programs, their pages at any moment, who the processes were, and hostile files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.engine.cost.cost import Cost
from bttop.engine.generation.badge import Badge
from bttop.engine.host.process.processes import Parent, Process, look_up
from bttop.engine.host.process.recorded_processes import RecordedProcesses, process_facts, read_process
from bttop.engine.program.status import ProgramState
from bttop.engine.recording.recorded_program import read_pin
from bttop.engine.recording.replay import ReplaySession
from bttop.engine.session import HostViews
from bttop.errors import BttopError
from bttop.script.language.reader import Script
from bttop.script.process.pin import Pin
from bttop.store.snapshot.recording_events import (
    BTTOP,
    CostSampled,
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    ProcessSeen,
    ProgramAdded,
    RecordingEvent,
    StatusChanged,
)
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import FACTS, Session, at
from tests.store.several import ahead, two_hosts
from tests.ui.recorded import COUNTS, minutes, program, replay, write


def test_a_replay_has_the_host_the_release_and_the_span_of_its_recording(tmp_path: Path) -> None:
    session = replay(minutes(tmp_path / "s.bttop"))
    assert (session.host.name, session.host.kernel) == (FACTS.name, FACTS.kernel)
    assert session.bpftrace.release == FACTS.release
    assert [one.name for one in session.programs] == ["calls", "late"]
    assert (session.begin, session.end) == (at(0), at(100))
    assert [mark.note for mark in session.marks] == ["here it was", "p99(@x) > 5ms"]
    session.close()
    session.close()


def test_a_page_is_that_of_its_moment(tmp_path: Path) -> None:
    late = replay(minutes(tmp_path / "s.bttop")).programs[1]
    assert late.page(at(0).boot_ns).status.state is ProgramState.STARTING
    assert late.page(at(20).boot_ns).status.state is ProgramState.LIVE
    silent = late.page(at(61).boot_ns).status
    assert (silent.state, silent.reason, silent.source) == (ProgramState.SILENT, "no heartbeat for 8 s", "late.bt")
    assert late.page().status.state is ProgramState.SILENT


def test_a_page_has_the_script_plan_pin_and_badges_of_the_generation_on_show(tmp_path: Path) -> None:
    first = program(1, "p", 10)
    second = GenerationStarted(
        7, 1, 2, "p2.bt", "profile:hz:9 { @calls[pid, comm] = count(); }", "x", (), COUNTS, "pid == 42",
        (("fallback", "why"),), at(9.5),
    )  # fmt: skip
    told: list[Session | RecordingEvent] = [first, second, FlushCompleted(7, at(11), at(11.1)), GenerationEnded(1)]
    page = replay(write(tmp_path / "s.bttop", *told)).programs[0].page
    before, after = page(at(10.5).boot_ns), page(at(11.5).boot_ns)
    assert before.source is not None and after.source is not None
    assert (before.source.name, after.source.name) == ("p.bt", "p2.bt")
    assert isinstance(after.source.script, Script)
    assert (before.pin, after.pin) == (None, Pin(pids=(42,)))
    assert (before.status.generation, after.status.generation) == (1, 2)
    assert after.status.badges == (Badge("fallback", "why"),)


def test_a_program_that_never_ran_has_a_page_too(tmp_path: Path) -> None:
    told: list[Session | RecordingEvent] = [
        program(1, "p", 3),
        ProgramAdded(2, "q"),
        StatusChanged(2, at(1), "failed", "it cannot run", "q.bt:1: no\n  here\n  ^"),
    ]
    found = replay(write(tmp_path / "s.bttop", *told)).programs[1]
    status = found.page().status
    assert (status.state, status.reason) == (ProgramState.FAILED, "it cannot run")
    assert status.complaint is not None
    assert (status.complaint.title, status.complaint.lines) == ("q.bt:1: no", ("  here", "  ^"))
    assert found.history.latest is None


def test_a_state_of_a_newer_bttop_is_said_and_not_guessed(tmp_path: Path) -> None:
    told: list[Session | RecordingEvent] = [program(1, "p", 3), StatusChanged(1, at(1), "levitating", "why not")]
    status = replay(write(tmp_path / "s.bttop", *told)).programs[0].page().status
    assert status.state is ProgramState.UNAVAILABLE
    assert "levitating" in status.reason


def test_a_recording_without_a_line_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.bttop", ProgramAdded(1, "p"))
    with pytest.raises(BttopError, match="holds no line"), Snapshot(path) as snapshot:
        ReplaySession(snapshot)


@pytest.mark.parametrize(
    "pin",
    [
        Pin(pids=(42,)),
        Pin(pids=(1, 2, 3)),
        Pin(comm="java"),
        Pin(cgroups=("/sys/fs/cgroup/a", "/sys/fs/cgroup/a/b")),
        Pin(pids=(4,), comm="x"),
    ],
)
def test_a_pin_is_shown_as_it_was_set(pin: Pin) -> None:
    assert read_pin(pin.condition) == pin


def test_what_is_no_pin_is_none() -> None:
    assert read_pin("") is None
    assert read_pin("uid == 0 || system") is None


def test_a_process_goes_into_the_file_and_comes_back() -> None:
    me = look_up(1)
    assert me is not None
    assert read_process(process_facts(me)) == me
    parents = (Parent(7, "sh"), Parent(1, "init"))
    other = Process(8, 9, "a", "a b", "/a", 0, "root", parents, 2, 1.5, "/c", "u.service", None, kernel=True)
    processes = RecordedProcesses(
        [
            ProcessSeen(8, at(1), process_facts(me)),
            ProcessSeen(8, at(2), process_facts(other)),
            ProcessSeen(9, at(3), {}),
        ]
    )
    processes.note([1, 2])
    assert processes.look(8) == processes.get(8) == other
    assert processes.get(9) is None
    processes.close()


@pytest.mark.parametrize("wrong", [{}, {"pid": "x"}, {"parents": 3}, {"container": [1]}, {"started": None}])
def test_facts_that_a_stranger_wrote_are_no_process(wrong: dict[str, object]) -> None:
    me = look_up(1)
    assert me is not None
    facts = process_facts(me) | wrong if wrong else {}
    assert read_process(facts) is None


def test_what_it_cost_is_that_of_the_moment_and_only_where_the_ledger_is_near(tmp_path: Path) -> None:
    entries = [(1, 20, 0.01), (1, 30, 0.02), (BTTOP, 30, 0.0), (1, 100, 0.04)]
    spent = [
        CostSampled(number, at(second), {"run": run, "events": 1000.0, "cpu": 0.25, "rss": 5 << 20, "programs": 3})
        for number, second, run in entries
    ]
    session = replay(write(tmp_path / "s.bttop", program(1, "p", 100), *spent))

    def percent(second: float) -> float | None:
        cost = session.programs[0].page(at(second).boot_ns).cost
        return None if cost is None else cost.percent

    assert [percent(second) for second in (15, 20, 20.5, 35, 60, 99)] == [1.0, 1.0, 2.0, 2.0, None, 4.0]
    bill, last = session.bill_at(at(25).boot_ns), session.bill_at()
    assert bill is not None and last is not None
    assert (bill.percent, bill.programs.programs, bill.bttop.cpu) == (1.0, 3, 0.25)
    assert last.percent == 2.0
    assert session.bill_at(at(60).boot_ns) is None


def test_what_is_detached_costs_nothing_any_more(tmp_path: Path) -> None:
    spent = [CostSampled(1, at(second), {"run": 0.01, "events": 1.0, "cpu": 0.0}) for second in (20, 30)]
    held = StatusChanged(1, at(31), "held", "it took too much")
    session = replay(write(tmp_path / "s.bttop", program(1, "p", 30), *spent, held))
    page = session.programs[0].page
    assert page(at(29).boot_ns).cost is not None
    assert page(at(32).boot_ns).cost is None
    assert page().cost is None
    assert session.bill_at() is None


def test_an_entry_of_the_ledger_from_a_stranger_is_no_trouble() -> None:
    assert Cost.of_ledger({"run": float("nan"), "rss": float("inf"), "cpu": -1.0}) == Cost()
    cost = Cost(run=0.1, events=2.0, cpu=0.3, rss=4, map_bytes=5, output=6.0, programs=7)
    assert Cost.of_ledger(cost.ledger()) == cost


def test_a_recording_of_two_hosts_has_each_program_once_with_the_rows_of_both(tmp_path: Path) -> None:
    others: list[RecordingEvent] = [
        CostSampled(1, at(4), {"run": 0.25}),
        CostSampled(2, ahead(4), {"run": 0.5}, host=2),
        CostSampled(BTTOP, ahead(4), {"cpu": 0.125}, host=2),
        StatusChanged(1, at(1), "live", ""),
        StatusChanged(2, ahead(1), "live", ""),
        StatusChanged(2, ahead(6), "silent", "no heartbeat for 8 s"),
    ]
    session = replay(two_hosts(tmp_path / "s.bttop", flushes=300, others=others))
    (program,) = session.programs
    assert (program.name, program.host, session.host.name) == ("calls", "", "web1, web2")
    assert (session.begin, session.end) == (at(0), at(300))
    assert isinstance(program, HostViews)
    assert program.hosts == ("web1", "web2")
    index = program.history.index_at(at(250.5).boot_ns)
    flush = None if index is None else program.history.at(index)
    assert index == 249 and flush is not None
    assert (flush.end_ns, dict(flush.maps["@calls"].rows)) == (at(250).boot_ns, {"java": 1_010})
    alone = program.seen("one", "web2").history.at(-1)
    assert alone is not None and dict(alone.maps["@calls"].rows) == {"java": 1_000}
    assert [str(badge.text) for badge in program.page(at(7).boot_ns).status.badges] == ["silent on web2"]
    assert program.page(at(3).boot_ns).status.state is ProgramState.LIVE
    bill = session.bill_at(at(4).boot_ns)
    assert bill is not None
    assert (bill.programs.run, bill.bttop.cpu, bill.cpus) == (0.5, 0.125, FACTS.cpus)


def test_processes_of_two_hosts_with_one_id_are_two(tmp_path: Path) -> None:
    me = look_up(1)
    assert me is not None
    seen: list[RecordingEvent] = [
        ProcessSeen(7, at(1), process_facts(replace(me, comm="first"))),
        ProcessSeen(7, ahead(1), process_facts(replace(me, comm="second")), host=2),
    ]
    found = replay(two_hosts(tmp_path / "s.bttop", others=seen)).processes()
    assert found.get(7) is None
    assert [process.comm for name in ("web1", "web2") if (process := found.on(name).get(7))] == ["first", "second"]


def test_a_file_that_states_more_flushes_than_it_holds_is_read_by_what_it_holds(tmp_path: Path) -> None:
    path = two_hosts(tmp_path / "s.bttop", flushes=100)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE block SET flushes = {1 << 39} WHERE program = 2")
    database.close()
    (program,) = replay(path).programs
    assert 60 <= len(program.history) <= 200
