"""The recordings in snapshots/."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.model.record.keys import split_key
from bttop.script.library.ladder import LADDER
from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot

FOLDER = Path(__file__).parents[3] / "snapshots"
MARKS = {"incident": 6, "lock-fight": 5, "slow-disk": 5, "retransmit-storm": 3, "cpu-hog": 2, "read-batch": 2}
"""How many marks each has."""
SHIPPED = [FOLDER / f"{name}.bttop" for name in MARKS]


def test_each_is_described() -> None:
    described = (FOLDER / "README.md").read_text()
    assert not [path.name for path in SHIPPED if f"`{path.name}`" not in described]


def test_the_incident_shows_all_five_questions_from_its_first_mark_on() -> None:
    with Snapshot(FOLDER / "incident.bttop") as snapshot:
        assert [program.name for program in snapshot.programs] == list(LADDER)
        first = snapshot.marks()[0].stamp.boot_ns
        for program in snapshot.programs:
            flush = RecordedHistory(snapshot, program.id).at(0)
            assert flush is not None
            assert flush.end_ns < first


def test_the_incident_names_no_process_of_the_host_that_is_not_part_of_it() -> None:
    # An interpreter that has not named itself yet is `python`, and a socket without an owner has no name.
    parts = {"shopd", "report", "mirror", "bttop-receiver", "other", "python", ""}
    with Snapshot(FOLDER / "incident.bttop") as snapshot:
        found = {
            split_key(key, data.plan.columns).parts[[column.title for column in data.plan.columns].index("comm")]
            for program in snapshot.programs
            for flush in RecordedHistory(snapshot, program.id).window(1000)
            for data in flush.maps.values()
            if "comm" in [column.title for column in data.plan.columns]
            for key in data.rows
        }
    kernel = ("swapper/", "rcu_", "ksoftirqd/", "kworker/", "migration/", "kcompactd", "kswapd", "khugepaged")
    assert not [name for name in found - parts if not str(name).startswith(kernel)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_is_small_and_nobodys_and_all_of_it_can_be_read(path: Path) -> None:
    assert path.stat().st_size < 300_000
    with Snapshot(path) as snapshot:
        assert [host.name for host in snapshot.hosts] == ["demo-host"]
        assert not checkup(snapshot).faults
        assert len(snapshot.marks()) == MARKS[path.stem]
        for program in snapshot.programs:
            assert len(RecordedHistory(snapshot, program.id)) >= 50


def test_who_waits_and_who_wakes_is_part_of_a_story_about_waits() -> None:
    names = {"lock-fight": ("order-", "orders", "audit"), "slow-disk": ("ledger", "backup", "jbd2/")}
    outside = ("timer-", "block-", "netrx-", "other", "no-wake-up-seen", "ksoftirqd/", "kworker/", "swapper/", "rcu_")
    for story, parts in names.items():
        with Snapshot(FOLDER / f"{story}.bttop") as snapshot:
            program = next(one for one in snapshot.programs if one.name == "offcpu")
            blocked = [flush.maps["@blocked"] for flush in RecordedHistory(snapshot, program.id).window(1000)]
        told = [split_key(key, data.plan.columns).parts for data in blocked for key in data.rows]
        assert told
        assert not [one for one in told if not str(one[1]).startswith(parts)]
        assert not [one for one in told if not str(one[3]).startswith((*parts, *outside))]
