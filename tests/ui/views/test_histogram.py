"""The histogram of one key: no bucket is ever dropped."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.record.buckets import paired
from bttop.model.record.records import Bucket, Value
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs, line_width, plain
from bttop.ui.views.base import Form, HistogramChoice, ViewChoice
from bttop.ui.views.histogram import VIEW, merged_pairs
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
FORMS = st.sampled_from([ViewChoice(histogram=HistogramChoice(form)) for form in ("linear", "log", "cumulative")])
KEYED = map_plan("hist", unit="us")
ROWS: dict[str, Value] = {"1,fast": buckets(30, 10), "2,slow": buckets(1, 2, 1, first=6), "3,none": ()}
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


@given(COUNTS, COUNTS, st.integers(1, 70))
def test_merged_buckets_keep_their_sums_and_their_ends(
    found: tuple[Bucket, ...], other: tuple[Bucket, ...], rows: int
) -> None:
    pairs = paired(found, other)
    merged, factor = merged_pairs(pairs, rows)
    assert len(merged) <= max(1, rows)
    assert sum(pair.first for pair in merged) == sum(bucket.count for bucket in found)
    assert sum(pair.second for pair in merged) == sum(bucket.count for bucket in other)
    assert (merged[0].low, merged[-1].high) == (pairs[0].low, pairs[-1].high)
    assert all(before.high == (after.low or 0) - 1 for before, after in pairwise(merged))
    assert (factor == 1) == (len(merged) == len(pairs))


@given(COUNTS | STEPS, UNITS, st.integers(37, 200), st.integers(1, 40), FORMS)
def test_every_line_has_exactly_the_width(
    found: tuple[Bucket, ...], unit: str, width: int, height: int, choice: ViewChoice
) -> None:
    plan = map_plan("hist", [], unit=unit)
    drawing = VIEW.draw(scene({"": found}, plan, choice, width=width, height=height))
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
    assert [bool(re.search("[▁▇]", line)) for line in lines] == [True, False, True]


def test_the_heading_has_count_and_percentiles() -> None:
    drawing = VIEW.draw(scene({"": buckets(10, 80, 10, first=10)}, map_plan("hist", [], unit="bytes"), seconds=2.0))
    heading, *lines = texts(drawing)
    assert re.fullmatch(r"bytes  count 100  p50 \S+  p90 \S+  p99 \S+  max 4K-8K  each ±33 % *", heading)
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
    assert [re.sub(r" +\d+ +[▇▁]*$", "", label) for label in labels] == ["(…, 0)", "0", "[1, 10)", "[10, …)"]


def test_a_percentile_in_an_open_bucket_says_so() -> None:
    assert "p99 >10" in texts(VIEW.draw(scene({"": (Bucket(0, 9, 1), Bucket(10, None, 99))}, LHIST)))[0]


def test_one_row_has_the_heading_alone_and_says_what_is_missing() -> None:
    drawing = VIEW.draw(scene({"": buckets(1, 2, 3)}, HIST, height=1))
    assert len(drawing.lines) == 1
    assert drawing.note == "3 buckets"


def test_an_interval_without_events_has_a_heading_alone() -> None:
    assert len(VIEW.draw(scene({}, HIST)).lines) == 1


def test_the_whole_histogram_stands_in_the_detail() -> None:
    lines = VIEW.detail(scene({"": buckets(*range(1, 50))}, HIST, height=5), "")
    assert len(lines) == 50
    assert text_of(lines).count("[") >= 48


def test_histograms_without_keys_are_shown_as_such_first() -> None:
    assert VIEW.rank(HIST, has_keys=False) > 0
    assert 0 < VIEW.rank(map_plan("hist"), has_keys=True) < VIEW.rank(HIST, has_keys=False)
    assert VIEW.rank(map_plan("count", []), has_keys=False) == 0


# Forms.


def chosen(form: Form = "linear", second: str | None = None, selected: str | None = None) -> ViewChoice:
    return ViewChoice(selected=selected, histogram=HistogramChoice(form, second))


def bars(lines: list[str]) -> list[int]:
    return [line.count("▇") + line.count("▁") for line in lines]


def test_a_logarithmic_bar_grows_by_the_same_with_each_doubling() -> None:
    found = {"": buckets(1, 3, 7, 15, 2**63)}
    lines = texts(VIEW.draw(scene(found, HIST, chosen("log"), width=120)))[1:]
    room = max(bars(lines))
    assert bars(lines) == [pytest.approx(room * doublings / 63, abs=1.1) for doublings in (1, 2, 3, 4, 63)]
    assert VIEW.draw(scene(found, HIST, chosen("log"))).note == "log counts"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_the_cumulative_line_ends_at_the_share_of_all_events_so_far(glyphs: Glyphs) -> None:
    drawing = VIEW.draw(scene({"": buckets(50, 25, 0, 25)}, HIST, chosen("cumulative"), width=60, glyphs=glyphs))
    lines = texts(drawing)[1:]
    assert [line.split("%")[0].split()[-1] for line in lines] == ["50", "75", "75", "100"]
    start = len("[8, 16) 25 100% ")
    places = [(line.rindex(glyphs.divider) + 1 - start) / (60 - start) for line in lines]
    assert places == pytest.approx([0.5, 0.75, 0.75, 1.0], abs=0.03)
    assert drawing.note == "cumulative"


def test_a_cumulative_share_is_100_only_at_all_events() -> None:
    lines = texts(VIEW.draw(scene({"": buckets(10**6, 1)}, HIST, chosen("cumulative"))))[1:]
    assert [line.split("%")[0].split()[-1] for line in lines] == [">99", "100"]


# Keys and second rows.


def test_without_a_row_the_histogram_is_that_of_all_rows() -> None:
    drawing = VIEW.draw(scene(ROWS, KEYED))
    assert texts(drawing)[0].startswith("▇ all 3 rows 44 ")
    assert sum(shown_counts(texts(drawing)[1:])) == 44
    assert list(drawing.order) == ["1,fast", "2,slow", "3,none"]
    assert drawing.keys[0] is None


def test_the_histogram_of_a_row_is_that_of_the_row_under_the_cursor() -> None:
    drawing = VIEW.draw(scene(ROWS, KEYED, chosen(selected="2,slow")))
    assert texts(drawing)[0].startswith("▇ 2 slow 4 ")
    assert shown_counts(texts(drawing)[1:]) == [1, 2, 1]
    assert (drawing.choice.at, drawing.choice.moved, drawing.keys[0]) == (1, True, "2,slow")


def test_a_row_that_has_vanished_keeps_its_name_and_has_no_events() -> None:
    lines = texts(VIEW.draw(scene(ROWS, KEYED, chosen(selected="9,gone"))))
    assert [line.rstrip() for line in lines] == ["▇ 9 gone 0"]


def test_a_second_row_is_drawn_over_the_first_by_share() -> None:
    drawing = VIEW.draw(scene(ROWS, KEYED, chosen(second="2,slow", selected="1,fast"), width=60))
    first, second, *lines = texts(drawing)
    assert first.startswith("▇ 1 fast 40 ")
    assert second.startswith("│ 2 slow 4 ")
    assert [line.replace(") ", ")").split("▇")[0].split("│")[0].split()[-2:] for line in lines] == [
        ["30", "0"], ["10", "0"], ["0", "0"], ["0", "1"], ["0", "2"], ["0", "1"]
    ]  # fmt: skip
    assert ["│" in line for line in lines] == [False, False, False, True, True, True]
    assert drawing.note == "by share"


@pytest.mark.parametrize("form", ["linear", "log", "cumulative"])
def test_the_same_second_row_ends_where_the_bars_end(form: Form) -> None:
    rows: dict[str, Value] = {"1,a": buckets(10, 5, 20), "2,b": buckets(1000, 500, 2000)}
    lines = texts(VIEW.draw(scene(rows, KEYED, chosen(form, second="2,b", selected="1,a"))))[2:]
    is_at_the_end = [line.rstrip().endswith("▇│") for line in lines]
    assert all(is_at_the_end) == (form != "log")


def test_a_second_row_that_has_vanished_is_named_with_no_events() -> None:
    lines = texts(VIEW.draw(scene(ROWS, KEYED, chosen(second="9,gone", selected="1,fast"))))
    assert lines[1].rstrip() == "│ 9 gone 0"


def test_a_baseline_is_the_second_histogram() -> None:
    shown = scene({"": buckets(4, 4)}, HIST)
    shown = replace(shown, baseline=replace(shown.data, rows={"": buckets(8)}))
    lines = texts(VIEW.draw(shown))
    assert [line.split()[:3] for line in lines[:2]] == [["▇", "now", "8"], ["│", "baseline", "8"]]
    hidden = replace(shown, choice=ViewChoice(histogram=HistogramChoice(without_baseline=True)))
    assert len(texts(VIEW.draw(hidden))) == len(lines) - 1


def test_a_baseline_of_another_aggregation_is_said_and_not_drawn() -> None:
    shown = scene({"": buckets(4, 4)}, HIST)
    drawing = VIEW.draw(replace(shown, baseline=replace(shown.data, plan=map_plan("lhist", []))))
    assert drawing.note == "the baseline has another aggregation"
    assert "baseline" not in text_of(drawing.lines)


@given(COUNTS | STEPS, COUNTS | STEPS, st.integers(10, 120), st.integers(1, 30), FORMS, st.booleans())
def test_any_two_histograms_fill_exactly_their_place(
    found: tuple[Bucket, ...], other: tuple[Bucket, ...], width: int, height: int, choice: ViewChoice, overlaid: bool
) -> None:
    rows: dict[str, Value] = {"1,a": found, "2,b": other}
    histograms = replace(choice.histogram, second="2,b" if overlaid else None)
    drawing = VIEW.draw(
        scene(rows, KEYED, replace(choice, selected="1,a", histogram=histograms), width=width, height=height)
    )
    assert len(drawing.lines) <= height
    assert len(drawing.keys) == len(drawing.lines)
    assert all(line_width(line) == width for line in drawing.lines)


def test_ten_cells_have_lower_ends_and_short_counts() -> None:
    found = (Bucket(None, -1, 3), Bucket(0, 0, 2), Bucket(1024, 2047, 12_345), Bucket(2048, None, 5))
    lines = texts(VIEW.draw(scene({"": found}, LHIST, width=10)))[1:]
    assert [line.rstrip() for line in lines] == ["<0    3", "0     2", "1+    0", "1K+ 12k", "2K+   5"]
