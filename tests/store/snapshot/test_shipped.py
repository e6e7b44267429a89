"""The recordings in snapshots/."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.store.snapshot.check_up import checkup
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.snapshot import Snapshot

FOLDER = Path(__file__).parents[3] / "snapshots"
SHIPPED = [FOLDER / f"{name}.bttop" for name in ("cpu-hog", "read-batch", "retransmit-storm")]


def test_each_is_described() -> None:
    described = (FOLDER / "README.md").read_text()
    assert not [path.name for path in SHIPPED if f"`{path.name}`" not in described]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_is_small_and_nobodys_and_all_of_it_can_be_read(path: Path) -> None:
    assert path.stat().st_size < 300_000
    with Snapshot(path) as snapshot:
        assert snapshot.facts.host == "demo-host"
        assert not checkup(snapshot).faults
        assert len(snapshot.marks()) == 2
        for program in snapshot.programs:
            assert len(RecordedHistory(snapshot, program.id)) >= 50
