"""The recordings in snapshots/."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.store.checkup import checkup
from bttop.store.snapshot import Snapshot
from bttop.store.timeline import RecordedHistory

SHIPPED = sorted((Path(__file__).parents[2] / "snapshots").glob("*.bttop"))


def test_three_are_shipped_and_each_is_described() -> None:
    described = (SHIPPED[0].parent / "README.md").read_text()
    assert len(SHIPPED) == 3
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
