"""Several hosts in one snapshot, each with clocks of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from bttop.errors import UsageError
from bttop.model.record.records import Stamp
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.facts import HostClock
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import (
    BTTOP,
    CostSampled,
    MarkSet,
    ProcessSeen,
    RecordingEvent,
    StatusChanged,
)
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import FACTS, at
from tests.store.several import AHEAD, ahead, two_hosts


def edited(path: Path, *statements: str) -> Path:
    with sqlite3.connect(path) as database:
        for one in statements:
            database.execute(one)
    database.close()
    return path


def test_flushes_of_all_hosts_are_on_one_clock_and_keep_their_values(tmp_path: Path) -> None:
    with Snapshot(two_hosts(tmp_path / "s.bttop", flushes=100)) as snapshot:
        assert not snapshot.problems
        assert [one.label for one in snapshot.programs] == ["web1 calls", "web2 calls"]
        first, second = (RecordedHistory(snapshot, one.id) for one in snapshot.programs)
        assert [(one.start_ns, one.end_ns, one.wall_ns) for one in second] == [
            (one.start_ns, one.end_ns, one.wall_ns) for one in first
        ]
        assert [one.maps["@calls"].rows for one in second] != [one.maps["@calls"].rows for one in first]
        moment = at(61.5).boot_ns
        assert second.index_at(moment) == first.index_at(moment) == 60
        assert [one.number for one in second.between(at(10).boot_ns, at(12).boot_ns)] == [11, 12]
        assert second.at(70) == list(second)[70]
        assert extent(snapshot) == (at(0), at(100))
        assert checkup(snapshot).faults == ()


@pytest.mark.parametrize("ended", [True, False], ids=["sealed", "cut short"])
def test_the_span_of_a_file_is_that_of_its_hosts_on_one_clock(tmp_path: Path, ended: bool) -> None:
    with Snapshot(two_hosts(tmp_path / "s.bttop", ended=ended)) as snapshot:
        assert snapshot.span() == (at(1), at(8))


def test_marks_states_costs_and_processes_are_on_the_clock_of_the_recording(tmp_path: Path) -> None:
    others: list[RecordingEvent] = [
        MarkSet(at(2), "user", "here"),
        MarkSet(ahead(1), "lost", "of web2", host=2),
        StatusChanged(2, ahead(3), "live", ""),
        CostSampled(2, ahead(4), {"run": 0.5}, host=2),
        CostSampled(BTTOP, ahead(4), {"cpu": 0.25}, host=2),
        ProcessSeen(7, ahead(5), {"comm": "java"}, host=2),
    ]
    with Snapshot(two_hosts(tmp_path / "s.bttop", others=others)) as snapshot:
        assert snapshot.marks() == (MarkSet(at(1), "lost", "of web2", 2), MarkSet(at(2), "user", "here"))
        assert snapshot.states(2, at(3).boot_ns) == snapshot.states(2) == (StatusChanged(2, at(3), "live", ""),)
        assert snapshot.states(2, at(2).boot_ns) == ()
        assert snapshot.cost_at(2, 2, at(4).boot_ns) == CostSampled(2, at(4), {"run": 0.5}, 2)
        assert (snapshot.cost_at(1, BTTOP, None), snapshot.cost_at(2, BTTOP, None)) == (
            None,
            CostSampled(BTTOP, at(4), {"cpu": 0.25}, 2),
        )
        assert [one.stamp.wall_ns for one in snapshot.processes(2)] == [at(5).wall_ns]
        assert list(snapshot.processes(1)) == []


def test_only_the_chosen_hosts_are_read(tmp_path: Path) -> None:
    others: list[RecordingEvent] = [MarkSet(ahead(1), "lost", "of web2", host=2), MarkSet(at(2), "user", "here")]
    path = two_hosts(tmp_path / "s.bttop", others=others)
    with Snapshot(path, ["web1"]) as snapshot:
        assert [(one.label, one.host.name) for one in snapshot.programs] == [("calls", "web1")]
        assert [mark.note for mark in snapshot.marks()] == ["here"]
        assert checkup(snapshot).flushes == 8
        assert not snapshot.problems
    with pytest.raises(UsageError, match="has no host 'web3'; it has: web1, web2"):
        Snapshot(path, ["web1", "web3"])


def test_a_host_never_appears_under_the_name_of_another(tmp_path: Path) -> None:
    path = edited(two_hosts(tmp_path / "s.bttop"), "UPDATE host SET name = 'web1'")
    with Snapshot(path) as snapshot:
        assert [one.label for one in snapshot.programs] == ["web1 calls", "web1 (2) calls"]


def test_a_program_whose_host_is_missing_is_left_out_and_said(tmp_path: Path) -> None:
    path = edited(two_hosts(tmp_path / "s.bttop"), "UPDATE host SET release = 'x' WHERE id = 2")
    with Snapshot(path) as snapshot:
        assert [one.label for one in snapshot.programs] == ["calls"]
        assert snapshot.problems == [
            "host web2 is left out: its release of bpftrace is unknown",
            "program calls is left out: its host is missing",
        ]


def test_clocks_that_no_host_has_are_refused_and_extreme_ones_are_read(tmp_path: Path) -> None:
    path = two_hosts(tmp_path / "s.bttop")
    with Snapshot(edited(path, f"UPDATE host SET boot_ahead_ns = {1 << 62} WHERE id = 2")) as snapshot:
        assert [one.name for one in snapshot.hosts] == ["web1"]
    edited(path, f"UPDATE host SET boot_ahead_ns = {1 << 61}, wall_ahead_ns = -{1 << 61} WHERE id = 2")
    with Snapshot(path) as snapshot:
        found = [list(RecordedHistory(snapshot, one.id)) for one in snapshot.programs]
        assert [len(one) for one in found] == [8, 8]
        assert extent(snapshot) is not None


def test_the_last_measured_clock_counts(tmp_path: Path) -> None:
    measured = replace(AHEAD, boot_ns=AHEAD.boot_ns + 1_000, error_ns=10)
    with Snapshot(two_hosts(tmp_path / "s.bttop", measured=measured)) as snapshot:
        assert snapshot.hosts[1].clock == measured
        assert snapshot.hosts[0].facts == replace(FACTS, name="web1")
        first, second = (RecordedHistory(snapshot, one.id).at(0) for one in snapshot.programs)
        assert first is not None and second is not None
        assert first.end_ns - second.end_ns == 1_000


def test_a_recording_of_one_host_has_the_clocks_of_that_host() -> None:
    assert HostClock().aligned(Stamp(5, 6)) == Stamp(5, 6)
