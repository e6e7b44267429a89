"""What recorded programs cost on average, and how that is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bttop.commands import info
from bttop.store.report.gather import gather
from bttop.store.report.page import page
from bttop.store.snapshot.cost_table import MeanCost, cost_words, mean_cost
from bttop.store.snapshot.recording_events import CostSampled
from bttop.store.snapshot.snapshot import Snapshot
from tests.store.made import at, made
from tests.store.snapshot.test_recorded_history import banked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    entries = [(10, {"run": 0.01, "events": 1000.0}), (20, {"run": 0.03, "events": 3000.0}), (30, {"cpu": 0.5})]
    return made(tmp_path / "s.bttop", banked(40), others=[CostSampled(1, at(second), cost) for second, cost in entries])


def test_the_mean_is_that_of_the_stretch(file: Path) -> None:
    with Snapshot(file) as snapshot:
        assert mean_cost(snapshot, snapshot.programs[0]) == MeanCost(2000.0, 2.0)
        assert mean_cost(snapshot, snapshot.programs[0], at(15).boot_ns) == MeanCost(3000.0, 3.0)
        assert mean_cost(snapshot, snapshot.programs[0], at(25).boot_ns) is None


def test_a_program_that_never_ran_has_no_time_per_event() -> None:
    assert cost_words(MeanCost(0.0, 0.0)) == ("-", "0/s", "0.00 %")
    assert cost_words(None) == ("-", "-", "-")


def test_info_and_the_report_say_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert info.run([str(file)]) == 0
    said = capsys.readouterr().out
    with Snapshot(file) as snapshot:
        text = "".join(page(gather(snapshot, at(0).boot_ns, at(40).boot_ns)))
    for words in ("10,000 ns", "2,000/s", "2.00 %"):
        assert words in said
        assert words in text
