"""The histogram of one key: no bucket is ever dropped."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bttop.model.record.records import Bucket
from bttop.ui.render.spans import UNICODE, line_width, plain
from bttop.ui.views.histogram import VIEW, chart, merge
from tests.ui.scenes import buckets, map_plan, scene, text_of, texts

HIST = map_plan("hist", [])
LHIST = map_plan("lhist", [])
COUNTS = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=64).map(lambda counts: buckets(*counts))
STEPS = st.builds(
    lambda low, step, counts: tuple(
        [Bucket(low + n * step, low + (n + 1) * step - 1, c) for n, c in enumerate(counts)]
    ),
    st.integers(-(10**6), 10**6),
    st.integers(1, 10**6),
    st.lists(st.integers(0, 10**12), min_size=1, max_size=100),
)
UNITS = st.sampled_from(["", "bytes", "ns", "us", "ms", "s"])


def shown_counts(lines: list[str]) -> list[int]:
    """The count on each line of a chart that is wide enough for whole counts."""
    found = []
    for line in lines:
        label = line.partition(")")[2] if line.startswith(("[", "(")) else line.partition(" ")[2]
        found.append(int(label.split()[0].replace(",", "")))
    return found


@given(COUNTS | STEPS, st.integers(2, 70))
def test_no_bucket_is_dropped_and_no_count_is_lost(found: tuple[Bucket, ...], height: int) -> None:
    drawing = VIEW.draw(scene({"": found}, HIST, width=120, height=height))
    lines = texts(drawing)[1:]
    assert len(lines) <= height - 1
    assert sum(shown_counts(lines)) == sum(bucket.count for bucket in found)
    if drawing.note:
        factor = int(drawing.note.split()[0])
        assert len(lines) == -(-len(found) // factor)
    else:
        assert shown_counts(lines) == [bucket.count for bucket in found]


@given(COUNTS, st.integers(1, 70))
def test_merged_buckets_keep_their_sum_and_their_ends(found: tuple[Bucket, ...], rows: int) -> None:
    merged, factor = merge(found, rows)
    assert len(merged) <= max(1, rows)
    assert sum(bucket.count for bucket in merged) == sum(bucket.count for bucket in found)
    assert (merged[0].low, merged[-1].high) == (found[0].low, found[-1].high)
    assert all(before.high == (after.low or 0) - 1 for before, after in pairwise(merged))
    assert (factor == 1) == (len(merged) == len(found))


@given(COUNTS | STEPS, UNITS, st.integers(37, 200), st.integers(1, 40))
def test_every_line_has_exactly_the_width(found: tuple[Bucket, ...], unit: str, width: int, height: int) -> None:
    plan = map_plan("hist", [], unit=unit)
    drawing = VIEW.draw(scene({"": found}, plan, width=width, height=height))
    assert len(drawing.lines) <= height
    assert all(line_width(line) == width for line in drawing.lines)
    assert not any("…" in plain(line) for line in drawing.lines[1:])


@given(STEPS, UNITS)
@example(tuple([Bucket(n, n + 9, 1) for n in range(1000, 1100, 10)]), "us")
def test_different_buckets_never_have_the_same_label(found: tuple[Bucket, ...], unit: str) -> None:
    lines = texts(VIEW.draw(scene({"": found}, map_plan("lhist", [], unit=unit), width=120, height=200)))
    labels = [line.partition(")")[0] if line.startswith("[") else line.split()[0] for line in lines[1:]]
    assert len(set(labels)) == len(found)


def test_a_bucket_that_holds_anything_has_a_bar() -> None:
    lines = texts(VIEW.draw(scene({"": buckets(1, 0, 10**9)}, HIST)))[1:]
    assert [bool(re.search("[▏█]", line)) for line in lines] == [True, False, True]


def test_the_heading_has_count_and_percentiles() -> None:
    drawing = VIEW.draw(scene({"": buckets(10, 80, 10, first=10)}, map_plan("hist", [], unit="bytes"), seconds=2.0))
    heading, *lines = texts(drawing)
    assert re.fullmatch(r"bytes  count 100  p50 \S+  p90 \S+  p99 \S+ *", heading)
    assert lines[0].startswith("[1K, 2K) 10 ")
    assert drawing.summary == "50/s"


@pytest.mark.parametrize("width", [30, 37])
def test_the_percentiles_stay_when_it_is_narrow(width: int) -> None:
    heading = texts(VIEW.draw(scene({"": buckets(10, 80, 10)}, HIST, width=width)))[0]
    assert "p99" in heading
    assert "…" not in heading


def test_open_ends_are_shown_as_such() -> None:
    found = (Bucket(None, -1, 3), Bucket(0, 0, 2), Bucket(1, 9, 4), Bucket(10, None, 5))
    labels = [line.rstrip() for line in texts(VIEW.draw(scene({"": found}, LHIST, width=37)))[1:]]
    assert [re.sub(r" +\d+ +[█▏]*$", "", label) for label in labels] == ["(…, 0)", "0", "[1, 10)", "[10, …)"]


def test_a_percentile_in_an_open_bucket_says_so() -> None:
    assert "p99 >10" in texts(VIEW.draw(scene({"": (Bucket(0, 9, 1), Bucket(10, None, 99))}, LHIST)))[0]


def test_one_row_has_the_heading_alone_and_says_what_is_missing() -> None:
    drawing = VIEW.draw(scene({"": buckets(1, 2, 3)}, HIST, height=1))
    assert len(drawing.lines) == 1
    assert drawing.note == "3 buckets"


def test_an_interval_without_events_has_a_heading_alone() -> None:
    assert len(VIEW.draw(scene({}, HIST)).lines) == 1
    assert len(chart((), HIST, 40, 10, UNICODE)) == 1


def test_the_whole_histogram_stands_in_the_detail() -> None:
    lines = VIEW.detail(scene({"": buckets(*range(1, 50))}, HIST, height=5), "")
    assert len(lines) == 50
    assert text_of(lines).count("[") >= 48


def test_only_histograms_without_keys_are_histograms() -> None:
    assert VIEW.rank(HIST, {"": buckets(1)}) > 0
    assert VIEW.rank(map_plan("hist"), {"1,a": buckets(1)}) == 0
    assert VIEW.rank(map_plan("count", []), {"": 1}) == 0
