"""Keyed histograms as a table of percentiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.plan import Column
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.spans import line_width, plain
from bttop.ui.views.base import HistogramChoice, ViewChoice
from bttop.ui.views.quantiles import VIEW
from tests.ui.scenes import buckets, map_plan, scene, text_of, texts

PLAN = map_plan("hist", unit="us")
ROWS: dict[str, Value] = {"1,fast": buckets(100), "2,slow": buckets(0, 0, 0, 0, 0, 0, 0, 0, 40, 2)}


def test_a_row_has_its_rate_and_percentiles() -> None:
    heading, first, second = texts(VIEW.draw(scene(ROWS, PLAN)))
    assert heading.split() == ["/s▾", "pid", "comm", "p50", "p90", "p99", "1us-1.0ms", "60s"]
    assert first.split()[:3] == ["100", "1", "fast"]
    assert first.split()[3:6] == ["1us", "1us", "1us"]
    assert second.split()[3:6] == ["256-512us", "256-512us", "512us-1.0ms"]
    assert second.split()[:3] == ["42", "2", "slow"]


@pytest.mark.parametrize(("width", "shown"), [(80, "256K-512K"), (50, "<512K")])
def test_a_percentile_is_never_a_value_that_was_not_seen(width: int, shown: str) -> None:
    """A constant 262,144 fills one bucket."""
    rows: dict[str, Value] = {"1,fast": (Bucket(262_144, 524_287, 1000),)}
    heading, row = texts(VIEW.draw(scene(rows, map_plan("hist", unit="bytes"), width=width)))
    assert heading.split()[3:6] == ["p50", "p90", "p99"]
    assert row.split()[3:6] == [shown] * 3


def test_percentiles_can_be_sorted_by() -> None:
    assert list(VIEW.draw(scene(ROWS, PLAN, ViewChoice(sort="p99"))).order) == ["2,slow", "1,fast"]


def test_the_summary_is_the_rate_of_all_rows() -> None:
    assert VIEW.draw(scene(ROWS, PLAN, seconds=2.0)).summary == "71/s"


def test_a_row_opens_into_its_histogram() -> None:
    page = text_of(VIEW.detail(scene(ROWS, PLAN), "2,slow"))
    assert "slow" in page
    assert "p99" in page
    assert page.count("us, ") == 9


@given(
    st.dictionaries(
        st.integers(0, 2**22).map(lambda pid: f"{pid},x"),
        st.lists(st.integers(0, 2**64 - 1)).map(lambda c: buckets(*c)),
        max_size=20,
    ),
    st.integers(37, 240),
)
def test_rates_are_never_cut_and_every_line_has_its_width(rows: dict[str, Value], width: int) -> None:
    drawing = VIEW.draw(scene(rows, PLAN, width=width, height=30))
    assert all(line_width(line) == width for line in drawing.lines)
    for key, line in zip(drawing.keys[1:], drawing.lines[1:], strict=True):
        assert key is not None
        found = rows[key]
        assert isinstance(found, tuple)
        events = sum(bucket.count for bucket in found)  # type: ignore[union-attr, misc]
        assert plain(line).split()[0].replace(",", "") == str(round(float(events)))


def test_only_histograms_with_keys_are_tables_of_percentiles() -> None:
    assert VIEW.rank(PLAN, has_keys=True) > 0
    assert VIEW.rank(map_plan("lhist", []), has_keys=False) == 0
    assert VIEW.rank(map_plan("count"), has_keys=True) == 0


def test_a_stack_in_a_key_is_shown_by_its_frames() -> None:
    plan = map_plan("hist", [Column("ustack", "stack")], unit="us")
    drawing = VIEW.draw(scene({"\n    inner+4\n    main+1\n": buckets(3), "\n": buckets(1)}, plan))
    assert "inner < main" in texts(drawing)[1]
    assert "[no frames]" in texts(drawing)[2]
    assert "\\x20" not in text_of(drawing.lines)


def test_a_running_total_is_no_rate() -> None:
    drawing = VIEW.draw(scene(ROWS, map_plan("hist", unit="us", kept=True), seconds=2.0))
    heading, first, _ = texts(drawing)
    assert heading.split()[0] == "total▾"
    assert first.split()[0] == "100"
    assert drawing.summary == "142"


def test_every_row_has_a_miniature_over_the_range_of_the_map() -> None:
    heading, first, second = texts(VIEW.draw(scene(ROWS, PLAN, width=100)))
    at = heading.index("1us-1.0ms")
    assert [row[at : at + 10] for row in (first, second)] == ["▇         ", "        ▇▂"]


def test_the_second_row_is_named_on_the_rule() -> None:
    assert VIEW.draw(scene(ROWS, PLAN, ViewChoice(histogram=HistogramChoice(second="2,slow")))).note == "second 2 slow"
