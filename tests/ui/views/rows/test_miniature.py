"""Histograms of one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.model.record.records import Bucket
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs
from bttop.ui.views.base import Form
from bttop.ui.views.rows.miniature import Axis, miniature
from tests.ui.scenes import buckets

COUNTS = st.lists(st.integers(0, 2**64 - 1), max_size=64).map(lambda counts: buckets(*counts))
FORMS = st.sampled_from(["linear", "log", "cumulative"])


@given(st.lists(COUNTS, min_size=1, max_size=6), st.integers(1, 40))
def test_no_event_is_lost_on_the_common_axis(found: list[tuple[Bucket, ...]], cells: int) -> None:
    axis = Axis(found)
    for one in found:
        counts = axis.counts(one, cells)
        assert len(counts) <= cells
        assert sum(counts) == sum(bucket.count for bucket in one)


@given(st.lists(COUNTS, min_size=1, max_size=6), st.integers(1, 40), FORMS, st.sampled_from([UNICODE, ASCII]))
def test_a_miniature_fills_its_cells_and_is_blank_only_without_events(
    found: list[tuple[Bucket, ...]], cells: int, form: Form, glyphs: Glyphs
) -> None:
    axis = Axis(found)
    for one in found:
        drawn = miniature(axis, one, form, cells, glyphs)
        assert len(drawn) == cells
        assert bool(drawn.strip()) == any(bucket.count for bucket in one)


def test_all_rows_share_the_range_of_the_map() -> None:
    low, high = buckets(9), buckets(2, 4, first=3)
    axis = Axis([low, high])
    assert axis.text("us") == "1-32us"
    assert [miniature(axis, one, "linear", 6, UNICODE) for one in (low, high)] == ["▇     ", "  ▄▇  "]


@pytest.mark.parametrize(("form", "drawn"), [("linear", "▇▃ ▃"), ("log", "▇▄ ▄"), ("cumulative", "▅▆▆▇")])
def test_the_form_of_the_bars_is_that_of_the_miniatures(form: Form, drawn: str) -> None:
    one = buckets(16, 4, 0, 4)
    assert miniature(Axis([one]), one, form, 4, UNICODE) == drawn


def test_open_and_negative_buckets_have_their_places() -> None:
    one = (Bucket(None, -1, 1), Bucket(0, 9, 0), Bucket(10, None, 1))
    assert miniature(Axis([one]), one, "linear", 3, UNICODE) == "▇ ▇"
    assert Axis([one]).text("") == "<0 … >10"
    assert Axis([(Bucket(None, None, 1),)]).text("") == "-"


def test_without_buckets_there_is_nothing() -> None:
    assert miniature(Axis([]), (), "linear", 4, UNICODE) == "    "
    assert Axis([]).text("") == ""
