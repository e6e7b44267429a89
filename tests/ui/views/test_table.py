"""Sorted tables: order, selection, filter, scrolling, and numbers that are never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.model.plan import Aggregation, Column
from bttop.model.record.records import Stats, Value
from bttop.ui.render.spans import line_width, plain
from bttop.ui.views.base import Drawing, ViewChoice
from bttop.ui.views.rows.rows import matches
from bttop.ui.views.table import VIEW
from tests.ui.scenes import map_plan, scene, text_of, texts

ROWS: dict[str, Value] = {"18421,java": 300, "9112,nginx": 200, "842,dd": 100}
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=","), max_size=12)
KEYS = st.builds(lambda pid, name: f"{pid},{name}", st.integers(0, 2**22), NAMES)
MAPS = st.dictionaries(KEYS, st.integers(0, 2**64 - 1), max_size=60)


def comms(drawing: Drawing) -> list[str]:
    """The names of the rows in their order."""
    return [key.partition(",")[2] for key in drawing.order]


def test_a_row_has_its_number_its_key_its_bar_and_its_trend() -> None:
    heading, first, *_ = texts(VIEW.draw(scene(ROWS, flushes=3)))
    assert heading.split() == ["/s▾", "pid", "comm", "60s"]
    assert first.split() == ["300", "18421", "java", *first.split()[3:]]
    assert "▇" in first
    assert first.endswith(" ▇▇▇")


@pytest.mark.parametrize(
    ("cells", "has_bar", "is_whole"), [(36, True, True), (37, False, True), (43, False, True), (44, True, False)]
)
def test_the_bar_goes_where_a_text_is_whole_without_it(cells: int, *, has_bar: bool, is_whole: bool) -> None:
    plan = map_plan(columns=[Column("pid", "int"), Column("path")])
    _, row = VIEW.draw(scene({f"18421,/{'x' * (cells - 1)}": 300}, plan, width=60)).lines
    assert any(span.role == "bar" for span in row) == has_bar
    assert ("…" not in plain(row)) == is_whole


def test_what_names_the_process_of_a_pin_goes_before_a_text_is_cut() -> None:
    plan = map_plan(columns=[Column("pid", "int"), Column("comm"), Column("path")])
    rows: dict[str, Value] = {"7,dd,/etc/absent.conf": 2, "7,dd,/etc/hosts": 1}
    pinned = replace(scene(rows, plan, width=27), of_process=True)
    assert texts(VIEW.draw(pinned))[0].split()[:2] == ["/s▾", "path"]
    assert "/etc/absent.conf" in texts(VIEW.draw(pinned))[1]
    for kept in (replace(pinned, width=50), replace(pinned, of_process=False)):
        assert texts(VIEW.draw(kept))[0].split()[:2] == ["/s▾", "pid"]
    threads = scene({"7,dd,/etc/absent.conf": 2, "7,dd2,/etc/hosts": 1}, plan, width=27)
    assert "comm" in texts(VIEW.draw(replace(threads, of_process=True)))[0]


def test_counts_are_shown_per_second_of_the_real_length() -> None:
    drawing = VIEW.draw(scene(ROWS, seconds=2.0))
    assert texts(drawing)[1].split()[0] == "150"
    assert drawing.summary == "300/s"


def test_the_largest_number_comes_first_and_reverse_turns_it_round() -> None:
    assert comms(VIEW.draw(scene(ROWS))) == ["java", "nginx", "dd"]
    turned = VIEW.draw(scene(ROWS, choice=ViewChoice(reverse=True)))
    assert comms(turned) == ["dd", "nginx", "java"]
    assert texts(turned)[0].split()[0] == "/s▴"


@pytest.mark.parametrize(
    ("column", "order"),
    [("pid", ["dd", "nginx", "java"]), ("comm", ["dd", "java", "nginx"]), ("/s", ["java", "nginx", "dd"])],
)
def test_any_column_can_be_sorted_by(column: str, order: list[str]) -> None:
    drawing = VIEW.draw(scene(ROWS, choice=ViewChoice(sort=column)))
    assert comms(drawing) == order
    assert f"{column}▾" in texts(drawing)[0]


@pytest.mark.parametrize("same", [False, True], ids=["different values", "equal values"])
@pytest.mark.parametrize("column", ["id", "/s"])
def test_integer_keys_are_ordered_as_numbers(column: str, same: bool) -> None:
    keys = ["-10", "-3", "9", "20", "100", "9223372036854775808", "18446744073709551615"]
    rows: dict[str, Value] = {key: 1 if same else at for at, key in enumerate(keys, 1)}
    plan = map_plan(columns=[Column("id", "int")])
    up = VIEW.draw(scene(rows, plan, ViewChoice(sort=column, reverse=column == "/s")))
    assert list(up.order) == keys
    down = VIEW.draw(scene(rows, plan, ViewChoice(sort=column, reverse=column == "id"), height=3))
    assert list(down.order) == keys[::-1]


def test_a_column_that_is_gone_sorts_by_the_first() -> None:
    assert comms(VIEW.draw(scene(ROWS, choice=ViewChoice(sort="weight")))) == ["java", "nginx", "dd"]


@given(MAPS, st.integers(2, 12), st.booleans())
def test_the_rows_on_screen_do_not_depend_on_the_order_of_the_map(
    rows: dict[str, Value], height: int, reverse: bool
) -> None:
    choice = ViewChoice(reverse=reverse)
    forward = VIEW.draw(scene(rows, choice=choice, height=height))
    backward = VIEW.draw(scene(dict(reversed(rows.items())), choice=choice, height=height))
    assert forward.keys == backward.keys
    assert texts(forward) == texts(backward)


@given(MAPS, st.integers(2, 12))
def test_every_row_is_on_screen_or_counted_as_hidden(rows: dict[str, Value], height: int) -> None:
    drawing = VIEW.draw(scene(rows, height=height))
    shown = [key for key in drawing.keys if key is not None]
    assert len(shown) == len(set(shown)) == min(len(rows), height - 1)
    assert drawing.hidden == len(rows) - len(shown)
    assert sorted(drawing.order) == sorted(rows)


@given(MAPS.filter(bool), st.integers(2, 12))
def test_the_last_row_is_last_however_many_are_hidden(rows: dict[str, Value], height: int) -> None:
    unscrolled = VIEW.draw(scene(rows, height=height))
    sorted_whole = VIEW.draw(scene(rows, height=10_000))
    assert unscrolled.order[0] == sorted_whole.order[0]
    assert unscrolled.order[-1] == sorted_whole.order[-1]


@given(MAPS.filter(bool), st.integers(2, 12), st.data())
def test_the_selected_row_stays_in_sight_when_rows_change_places(
    rows: dict[str, Value], height: int, data: st.DataObject
) -> None:
    selected = data.draw(st.sampled_from(sorted(rows)))
    choice = ViewChoice(selected=selected, moved=True, top=data.draw(st.integers(0, 60)))
    first = VIEW.draw(scene(rows, choice=choice, height=height))
    shuffled = dict(zip(rows, reversed(list(rows.values())), strict=True))
    second = VIEW.draw(scene(shuffled, choice=first.choice, height=height))
    for drawing in (first, second):
        assert drawing.keys.count(selected) == 1
        assert drawing.choice.selected == selected
        line = drawing.lines[drawing.keys.index(selected)]
        assert {span.role for span in line} - {"bar", "trend"} == {"cursor"}


@given(MAPS, st.integers(37, 240), st.integers(1, 12))
def test_every_line_has_exactly_the_width(rows: dict[str, Value], width: int, height: int) -> None:
    drawing = VIEW.draw(scene(rows, width=width, height=height))
    assert all(line_width(line) == width for line in drawing.lines)
    assert len(drawing.lines) == len(drawing.keys) <= height


@given(MAPS, st.integers(37, 240))
def test_numbers_are_never_cut(rows: dict[str, Value], width: int) -> None:
    for aggregation in ("count", "value"):
        drawing = VIEW.draw(scene(rows, map_plan(aggregation), width=width, height=80))
        for key, line in zip(drawing.keys[1:], drawing.lines[1:], strict=True):
            assert key is not None
            value = rows[key]
            assert isinstance(value, int)
            shown = plain(line).split()[0].replace(",", "")
            assert shown == (str(value) if aggregation == "value" else str(round(float(value))))


@given(st.dictionaries(st.integers(0, 2**64 - 1).map(str), st.integers(0, 99), max_size=9), st.integers(37, 80))
def test_process_ids_are_never_cut(rows: dict[str, Value], width: int) -> None:
    drawing = VIEW.draw(scene(rows, map_plan(columns=[Column("pid", "int")], pid="pid"), width=width))
    for key, line in zip(drawing.keys[1:], drawing.lines[1:], strict=True):
        assert plain(line).split()[1] == key


def test_the_filter_keeps_rows_that_contain_it_in_any_case() -> None:
    drawing = VIEW.draw(scene(ROWS, choice=ViewChoice(needle="NGI")))
    assert comms(drawing) == ["nginx"]
    assert drawing.hidden == 0


def test_the_filter_sees_decoded_names() -> None:
    plan = map_plan(columns=[Column("syscall", "int", "syscall")])
    filtered = scene({"202": 5, "0": 9}, plan, ViewChoice(needle="futex"))
    filtered = replace(filtered, decoders={"syscall": lambda part: {202: "futex"}.get(int(part), "read")})
    assert list(VIEW.draw(filtered).order) == ["202"]
    assert matches(filtered, "0", "read")


@given(MAPS, NAMES)
def test_filtered_and_left_out_rows_make_all_rows(rows: dict[str, Value], needle: str) -> None:
    kept = set(VIEW.draw(scene(rows, choice=ViewChoice(needle=needle))).order)
    whole = scene(rows)
    assert kept == {key for key in rows if not needle or matches(whole, key, needle.casefold())}


def test_scrolling_moves_the_rows_and_stops_at_the_end() -> None:
    rows: dict[str, Value] = {f"{n},p{n:02}": 100 - n for n in range(30)}
    assert VIEW.draw(scene(rows, choice=ViewChoice(top=3), height=6)).keys[1] == "3,p03"
    end = VIEW.draw(scene(rows, choice=ViewChoice(top=1000), height=6))
    assert [key for key in end.keys if key] == [f"{n},p{n:02}" for n in range(25, 30)]
    assert (end.choice.top, end.above, end.hidden) == (25, 25, 0)


def test_columns_never_shrink_from_flush_to_flush() -> None:
    wide = VIEW.draw(scene({"1,a": 1_000_000, "2,b": 5}))
    narrow = VIEW.draw(scene({"1,a": 1, "2,b": 5}, choice=wide.choice))
    assert texts(narrow)[0] == texts(wide)[0]


def test_stats_show_rate_average_and_total() -> None:
    plan = map_plan("stats", unit="bytes")
    heading, row = texts(VIEW.draw(scene({"7,dd": Stats(10, 4096, 40960)}, plan)))
    assert heading.split()[:3] == ["/s▾", "avg", "B/s"]
    assert row.split()[:3] == ["10", "4K", "40K"]


def test_values_that_are_text_are_shown_made_visible() -> None:
    drawing = VIEW.draw(scene({"7,dd": "a\x1b[2Jb"}, map_plan("value")))
    assert "a\\x1b[2Jb" in texts(drawing)[1]


def test_strange_numbers_do_not_break_a_table() -> None:
    rows: dict[str, Value] = {"1,a": float("inf"), "2,b": 10**400, "3,c": -5, "4,d": 1.5, "5,e": True, "6,f": None}
    for aggregation in ("count", "sum", "value", "max"):
        assert len(VIEW.draw(scene(rows, map_plan(aggregation))).lines) == 7


def test_hostile_names_cannot_steer_the_terminal() -> None:
    page = text_of(VIEW.draw(scene({"7,\x1b]0;owned\x07\n\u202e": 5})).lines)
    assert page.isprintable() or set(page) - {"\n"} == {one for one in page if one.isprintable()}
    assert "\\x1b]0;owned\\x07" in page


LONG = "x" * 70 + "漢字" * 30 + "the-end"


@pytest.mark.parametrize("width", [40, 80])
def test_the_row_in_full_shows_what_the_table_had_to_cut(width: int) -> None:
    opened = scene({f"7,{LONG}": 5}, width=width)
    assert "the-end" not in text_of(VIEW.draw(opened).lines)
    lines = VIEW.detail(opened, f"7,{LONG}")
    assert all(line_width(line) == width for line in lines)
    assert LONG in text_of(lines).replace("\n", "").replace(" ", "")
    assert "5 in 1.000 s" in text_of(lines)


def test_the_detail_of_a_row_that_has_left_the_map_says_zero() -> None:
    assert "0 in 1.000 s" in text_of(VIEW.detail(scene({}), "7,dd"))


@pytest.mark.parametrize(
    ("aggregation", "value", "headings"),
    [
        ("count", 300, ["total▾"]),
        ("sum", 300, ["total▾"]),
        ("stats", Stats(300, 2, 600), ["count▾", "avg", "total"]),
        ("max", 300, ["max▾"]),
        ("avg", 300, ["avg▾"]),
    ],
)
def test_a_running_total_is_no_rate(aggregation: Aggregation, value: Value, headings: list[str]) -> None:
    plan = map_plan(aggregation, kept=True)
    drawing = VIEW.draw(scene({"1,dd": value}, plan, seconds=2.0))
    heading, row = texts(drawing)[:2]
    assert heading.split()[: len(headings)] == headings
    assert row.split()[0] == "300"
    assert "/s" not in heading + drawing.summary + text_of(VIEW.detail(scene({"1,dd": value}, plan), "1,dd"))


@pytest.mark.parametrize(("aggregation", "shown"), [("max", "-"), ("min", "-"), ("avg", "-"), ("count", "0")])
def test_a_selected_row_that_is_not_in_this_flush_has_no_value(aggregation: Aggregation, shown: str) -> None:
    page = text_of(VIEW.detail(scene({"1,dd": 5}, map_plan(aggregation)), "2,cat"))
    line = next(line for line in page.splitlines() if line.strip().startswith((aggregation, "/s")))
    assert line.split()[-1] == shown


@pytest.mark.parametrize(("width", "cells"), [(80, 35), (120, 75), (200, 120)])
def test_a_trend_uses_the_width_that_is_there(width: int, cells: int) -> None:
    _, row = texts(VIEW.draw(scene({"1,a": 5}, width=width, flushes=60)))
    trend = row.rstrip().rpartition(" ")[2]
    assert set(trend) == {"▇"}
    assert abs(len(trend) - cells) <= 15, len(trend)
