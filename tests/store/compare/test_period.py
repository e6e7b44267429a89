"""A period as a flush: scaled to its length, with nothing lost by rounding."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Column, MapPlan
from bttop.model.record.records import Bucket
from bttop.store.compare import period as periods
from bttop.store.snapshot.snapshot import Snapshot
from tests.model.samples import planned
from tests.store.compare.kit import period
from tests.store.made import Session, made

PLAN = planned(MapPlan("@x", "count", (Column("comm", "text"),), "bank"), MapPlan("@max", "max", (), "bank"))


def test_a_count_is_scaled_to_the_length_of_a_flush_and_not_rounded(tmp_path: Path) -> None:
    prints = [{"@x": ("map", {"a": 10} | ({"rare": 1} if n == 3 else {})), "@max": ("map", 7)} for n in range(20)]
    with Snapshot(made(tmp_path / "s.bttop", Session("p", PLAN, prints))) as snapshot:
        found = period(snapshot, 0, 30)
    data = found.programs[0].data("@x", 0.5)
    assert data is not None
    assert data.rows == {"a": pytest.approx(5), "rare": pytest.approx(0.025)}
    assert found.programs[0].data("@max", 0.5) is None
    assert found.programs[0].data("@other", 0.5) is None


def test_a_period_begins_with_its_first_flush(tmp_path: Path) -> None:
    prints = [{"@x": ("map", {"a": 10})}] * 5
    with Snapshot(made(tmp_path / "s.bttop", Session("p", PLAN, prints, first=11.0))) as snapshot:
        found = period(snapshot, 0, 30)
    assert found.end.boot_ns - found.begin.boot_ns == pytest.approx(20e9, abs=1e6)
    assert found.seconds == pytest.approx(5, abs=1)


@given(st.lists(st.integers(0, 2**63), max_size=40), st.floats(1e-6, 1.0))
def test_a_scaled_histogram_has_its_share_of_events_up_to_any_bucket(counts: list[int], part: float) -> None:
    found = [Bucket(2**at, 2 ** (at + 1) - 1, count) for at, count in enumerate(counts)]
    scaled = periods._part_of_buckets(found, part)
    assert [(one.low, one.high) for one in scaled] == [(one.low, one.high) for one in found]
    assert all(one.count >= 0 for one in scaled)
    for end in range(len(found)):
        exact = sum(counts[: end + 1]) * part
        assert sum(one.count for one in scaled[: end + 1]) == pytest.approx(exact, rel=1e-9, abs=1)
