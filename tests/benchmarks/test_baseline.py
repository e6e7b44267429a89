"""The baseline of the benchmarks: what is stored is what the next run compares with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.baseline import Baseline
from benchmarks.table import Row, Spread, alone, compared, in_turn, rendered


def row(*ratios: float) -> Row:
    return in_turn("cpu", [100 * one for one in ratios], [100.0] * len(ratios))


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (row(2, 2.1, 2.2), row(2, 2.1, 2.2), "2.10 same"),
        (row(2, 2.1, 2.2), row(3, 3.1, 3.2), "2.10 HIGHER"),
        (row(3, 3.1, 3.2), row(2, 2.1, 2.2), "3.10 LOWER"),
        (row(2, 2.1, 4), row(3, 3.1, 3.2), "2.10 same"),
        (row(2, 2.1, 2.2), row(2, 3.1, 3.2), "2.10 same"),
        (row(2.1), row(2.2), "2.10 same"),
        (compared("cpu", 2, 1), compared("cpu", 4, 1), "2.00 HIGHER"),
    ],
)
def test_a_ratio_has_changed_if_both_medians_have_left_the_other_range(
    before: Row, now: Row, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    Baseline(path).store("screen", [before])
    assert Baseline(path).verdicts("screen", [now]) == {"cpu": says}


def test_what_the_baseline_has_not_is_new_and_what_has_no_peer_is_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    rows = [row(2), alone("alone", [1.0, 2.0]), in_turn("no peer", [1.0], []), in_turn("peer of zero", [1.0], [0.0])]
    assert Baseline(path).verdicts("screen", rows) == {"cpu": "new"}
    Baseline(path).store("screen", rows)
    Baseline(path).store("startup", rows)
    assert Baseline(path).verdicts("memory", rows) == {"cpu": "new"}
    stored = json.loads(path.read_text())
    assert stored.keys() == {"screen", "startup"}
    assert stored["screen"]["ratios"] == {"cpu": [2.0, 2.0, 2.0]}
    assert stored["screen"]["machine"]["cpus"] > 0


def test_a_table_has_medians_with_their_ranges_and_the_earlier_ratio() -> None:
    found = in_turn("cpu", [3.0, 1.0, 2.0], [1.0, 1.0, 4.0], "{:.1f}")
    assert found == Row("cpu", "2.0 (1.0 to 3.0)", "1.0 (1.0 to 4.0)", "1.00 (0.50 to 3.00)", Spread(0.5, 1.0, 3.0))
    head, line = rendered([found], {"cpu": "1.00 same"}).splitlines()
    assert head.split() == ["bttop", "peer", "ratio", "baseline"]
    assert line.endswith("1.00 (0.50 to 3.00)  1.00 same")
