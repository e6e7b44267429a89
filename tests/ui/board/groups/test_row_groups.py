"""The rows of a pane by group: what is drawn, how a group opens and closes, and what its row stands for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.script.process.pin import Pin
from bttop.ui.board.groups.row_groups import (
    close_group,
    folded_reason,
    group_by,
    group_by_next,
    group_reason,
    group_titles,
    leave_group,
    open_group,
    rows_behind,
)
from bttop.ui.board.pane import Pane
from bttop.ui.board.pane_frame import FrameState, scene_of
from bttop.ui.board.row_facts import row_pid
from bttop.ui.board.visible_pids import visible_pids
from bttop.ui.render.spans import UNICODE, line_width, plain
from bttop.ui.services.next_steps import row_steps
from bttop.ui.themes import load_themes
from bttop.ui.views.base import Extra
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, printed_name

NIGHT = load_themes([SHIPPED_THEMES])[0]["night"]
CALLS = "profile:hz:99 { @calls[pid, comm] = count(); }"
SIZES = "profile:hz:99 { @sizes[pid, comm] = hist(arg0); }"
AVERAGES = "profile:hz:99 { @m[pid, comm] = avg(arg0); }"
STACKS = "profile:hz:99 { @stacks[comm, kstack] = count(); }"
GAUGE = "profile:hz:99 { @last[pid, comm] = arg0; }"
ROWS = {"11,nginx": 300, "12,nginx": 100, "842,dd": 90, "13,nginx": 10}


def loop(flush: int, rows: int = 12) -> dict[str, Any]:
    """A flush of a loop that starts `ls`: other processes than in all other flushes."""
    return {f"{1000 + 100 * flush + n},ls": 3 for n in range(rows)}


POOL = {f"{n},nginx": 10 + n for n in range(1, 16)}


class Shown:
    """A pane of one program, and its bpftrace."""

    def __init__(self, text: str, name: str, kind: str = "map", width: int = 80, height: int = 12) -> None:
        self.fake = FakeEngine()
        self.program = self.fake.add("calls", text)
        self.name = name
        self.kind = kind
        self.fake.attach(self.program)
        frame = FrameState(1, width, height, focused=True, divided=False, below=False, glyphs=UNICODE)
        self.pane = Pane(self.program, frame, NIGHT)

    def flush(self, rows: dict[str, Any]) -> Shown:
        """One more interval with these rows."""
        data = {printed_name(self.program, self.name): rows}
        self.fake.flush(self.program, {"type": self.kind, "data": data})
        return self.draw()

    def draw(self) -> Shown:
        self.pane.advance()
        self.pane.repaint()
        return self

    @property
    def lines(self) -> list[str]:
        return [plain(line).rstrip() for line in self.pane._lines]


def shown(*flushes: dict[str, Any], by: str = "", text: str = CALLS, name: str = "@calls", kind: str = "map") -> Shown:
    found = Shown(text, name, kind)
    for rows in flushes:
        found.flush(rows)
    if by:
        group_by(found.pane, by)
    return found


def test_rows_are_grouped_and_the_rule_says_by_what_and_how_many() -> None:
    rule, heading, *rows = shown(ROWS, by="comm").lines
    assert "1 calls by comm ━" in rule
    assert " 4 rows in 2 groups · 500/s " in rule
    assert heading.split() == ["/s▾", "%", "rows", "comm", "60s"]
    assert rows[0].split()[:4] == ["410", "82", "3", "nginx"]
    assert rows[1].split()[:4] == ["90", "18", "1", "dd"]


def test_the_trend_of_a_group_is_that_of_all_its_rows_then() -> None:
    one = shown({"1,ls": 5, "2,ls": 5}, {"3,ls": 5, "9,dd": 80}, {"4,ls": 20, "9,dd": 80}, by="comm")
    scene = scene_of(one.pane.model, one.pane.subject, one.pane.choice, one.pane.frame, 80, 9)
    by = one.pane.model.groupings.columns(scene)[0]
    trend = one.pane.model.groupings._trend(scene, by)
    assert trend.values("ls")[-3:] == [10, 5, 20]
    assert trend.values("dd")[-3:] == [0, 80, 80]


def test_a_group_opens_to_its_rows_and_closes_with_the_cursor_on_it() -> None:
    one = shown(ROWS, by="comm")
    one.pane.move(1)
    assert one.pane.cursor == "dd"
    assert open_group(one.pane)
    assert one.pane.drawing.order == ["842,dd"]
    assert "1 calls comm dd ━" in one.lines[0]
    assert not open_group(one.pane)
    assert close_group(one.pane)
    assert one.pane.cursor == "dd"
    assert not close_group(one.pane)
    leave_group(one.pane)
    assert len(one.pane.drawing.order) == 4


def test_an_open_group_without_rows_says_so_and_fills_again() -> None:
    one = shown(ROWS, by="comm")
    open_group(one.pane)
    one.flush({"842,dd": 1})
    assert one.pane.drawing.order == []
    assert "no row of nginx in this interval; Backspace goes back" in "".join(one.lines)
    one.flush(ROWS)
    assert len(one.pane.drawing.order) == 3


def test_the_cursor_follows_a_group_by_key_and_keeps_one_that_is_gone() -> None:
    one = shown(ROWS, by="comm")
    one.pane.move(1)
    one.flush({"842,dd": 900, "11,nginx": 1})
    assert (one.pane.cursor, one.pane.choice.at) == ("dd", 0)
    one.flush({"11,nginx": 1})
    assert one.pane.cursor == "dd"
    assert any(line.split()[:4] == ["0", "-", "-", "dd"] for line in one.lines)


def test_a_filter_is_applied_to_the_rows_before_they_are_grouped() -> None:
    one = shown(ROWS, by="comm")
    one.pane.filter("12")
    assert " 1 row in 1 group · 100/s of 500/s " in one.lines[0]
    assert one.pane.choice.needle == "12"
    one.pane.filter("none of them")
    assert "no row contains “none of them”" in "".join(one.lines)


def test_histograms_are_grouped_with_the_percentiles_of_all_their_events() -> None:
    low, high = [{"min": 1, "max": 1, "count": 90}], [{"min": 1024, "max": 2047, "count": 10}]
    one = shown({"1,dd": low, "2,dd": high}, by="comm", text=SIZES, name="@sizes", kind="hist")
    row = one.lines[2].split()
    assert row[:3] == ["100", "2", "dd"]
    assert row[3:6] == ["1", "1", "1K-2K"]


def test_a_mean_of_means_is_unknown() -> None:
    one = shown({"1,dd": 4, "2,dd": 6, "3,cat": 5}, by="comm", text=GAUGE, name="@last")
    assert any(line.split()[:3] == ["unknown", "2", "dd"] for line in one.lines)
    assert any(line.split()[:3] == ["5", "1", "cat"] for line in one.lines)


def test_stacks_are_grouped_in_a_table_by_their_innermost_frame() -> None:
    stack, other = "\n    copy_page+16\n    do_fault+3\n", "\n    copy_page+99\n    clone+3\n"
    third = "\n    memcpy+16\n    clone+3\n"
    one = shown({f"a,{stack}": 3, f"b,{other}": 4, f"b,{third}": 1}, by="kstack", text=STACKS, name="@stacks")
    assert one.lines[2].split()[:4] == ["7", "88", "2", "copy_page"]
    open_group(one.pane)
    assert one.pane.drawing.summary == "7/s"
    assert {"do_fault", "clone"} == {word for line in one.lines for word in ("do_fault", "clone") if word in line}
    assert not any("memcpy" in line for line in one.lines)


def test_a_group_has_the_process_that_all_its_rows_share() -> None:
    text = "profile:hz:99 { @calls[pid, comm, cpu] = count(); }"
    one = shown({"11,nginx,0": 3, "11,nginx,1": 2, "12,dd,0": 9, "13,dd,0": 1}, by="comm", text=text)
    processes = ProcessLookup()
    assert row_pid(one.pane, "nginx", processes) == 11
    assert row_pid(one.pane, "dd", processes) is None
    assert rows_behind(one.pane, "nginx") == ["11,nginx,0", "11,nginx,1"]
    assert group_reason(one.pane).startswith("this row stands for 2 rows: Enter opens it")
    group_by(one.pane, "cpu")
    assert row_pid(one.pane, "0", processes) is None


def test_a_group_named_by_a_number_is_no_process() -> None:
    one = shown({"11,nginx": 3, "12,nginx": 3}, by="comm")
    one.flush({"11,7": 3, "12,7": 3})
    assert row_pid(one.pane, "7", ProcessLookup()) is None
    assert list(visible_pids(one.pane)) == []


def test_the_extra_column_groups_while_it_is_on_and_is_missed_when_it_is_not() -> None:
    one = shown(ROWS)
    assert list(group_titles(one.pane)) == ["comm", "pid"]
    extra = Extra("unit", lambda pid: "web" if pid < 100 else "")
    one.pane.set_frame(replace(one.pane.frame, extra=extra))
    assert list(group_titles(one.pane)) == ["comm", "unit", "pid"]
    group_by(one.pane, "unit")
    assert one.lines[2].split()[:4] == ["410", "82", "3", "web"]
    assert "[no unit known]" in one.lines[3]
    assert [pid for _, pid in visible_pids(one.pane)] == [11, 12, 13, 842]
    one.pane.set_frame(replace(one.pane.frame, extra=None))
    assert "no column unit" in one.lines[0]
    assert len(one.pane.drawing.order) == 4


def test_a_pane_without_a_flush_or_with_one_column_has_nothing_to_group_by() -> None:
    assert group_titles(Shown(CALLS, "@calls").draw().pane) == ()
    assert list(group_titles(shown({"a": 1}, text="profile:hz:99 { @calls[comm] = count(); }").pane)) == []


@settings(max_examples=30)
@given(
    rows=st.dictionaries(st.text(max_size=8), st.integers(-(2**63), 2**64), max_size=8),
    width=st.integers(1, 90),
    by=st.sampled_from(["comm", "pid", "nowhere"]),
)
def test_whatever_the_keys_the_lines_fit(rows: dict[str, int], width: int, by: str) -> None:
    one = Shown(CALLS, "@calls", width=width).flush(rows)
    group_by(one.pane, by)
    assert all(line_width(line) == width for line in one.pane._lines)
    if open_group(one.pane):
        assert all(line_width(line) == width for line in one.pane._lines)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_rule_of_any_width_names_the_column(width: int) -> None:
    one = Shown(CALLS, "@calls", width=width).flush(ROWS)
    group_by(one.pane, "comm")
    assert "by comm" in one.lines[0]
    assert "4 rows" in one.lines[0]


def looping(*more: dict[str, Any]) -> Shown:
    """A pane of a loop of short-lived processes beside a pool of others."""
    return shown(*[POOL | loop(flush) for flush in range(4)], *more)


def test_short_lived_processes_of_one_name_are_one_row_and_the_rule_says_so() -> None:
    one = looping()
    assert " 12 ls folded, G shows all " in one.lines[0]
    assert "-1,ls" in one.pane.drawing.order
    assert len(one.pane.drawing.order) == len(POOL) + 1
    row = next(line for line in one.lines if " pids ls " in line)
    assert row.split()[:4] == ["36", "12", "pids", "ls"]
    assert row.endswith("▇▇▇▇")
    assert list(visible_pids(one.pane)) != []


def test_g_shows_all_rows_then_groups_then_folds_again() -> None:
    one = looping()
    assert group_by_next(one.pane) == "all rows (12 ls were folded); G: comm, pid, no groups"
    assert len(one.pane.drawing.order) == len(POOL) + 12
    assert "folded" not in one.lines[0]
    assert group_by_next(one.pane).startswith("by comm: 27 rows in 2 groups; Enter opens one; G: pid, no groups")
    group_by_next(one.pane)
    assert group_by_next(one.pane) == "no groups; G: comm, pid"
    assert " 12 ls folded" in one.lines[0]


def test_each_step_back_of_the_rows_has_its_name_and_ends_with_folded_rows() -> None:
    one = looping()
    group_by_next(one.pane)
    group_by_next(one.pane)
    one.pane.jump(to_end=False)
    assert open_group(one.pane)
    one.pane.filter("l")
    done: list[str] = []
    while step := next(row_steps(one.pane), None):
        done.append(step.text)
        step.run()
    assert done == ["no filter", "close group", "no groups"]
    group_by_next(one.pane)
    (step,) = row_steps(one.pane)
    assert step.text == "fold rows"
    step.run()
    assert " 12 ls folded" in one.lines[0]
    assert list(row_steps(one.pane)) == []


def test_a_folded_row_opens_to_its_rows() -> None:
    one = looping()
    one.pane.jump(to_end=False)
    assert one.pane.cursor == "-1,ls"
    assert row_pid(one.pane, "-1,ls", ProcessLookup()) is None
    assert group_reason(one.pane).startswith("this row stands for 12 rows")
    assert folded_reason(one.pane)
    assert open_group(one.pane)
    assert "1 calls ls ━" in one.lines[0]
    assert len(one.pane.drawing.order) == 12
    assert folded_reason(one.pane) == ""
    assert not open_group(one.pane)
    one.flush(POOL)
    assert "no row of ls in this interval; Backspace goes back" in "".join(one.lines)
    leave_group(one.pane)
    assert one.pane.cursor == "-1,ls"
    assert next(line for line in one.lines if " ls " in line).split()[:4] == ["0", "0", "pids", "ls"]
    one.flush(POOL | loop(9))
    assert (one.pane.cursor, len(one.pane.drawing.order)) == ("-1,ls", len(POOL) + 1)


def test_a_filter_a_pin_and_a_chosen_row_are_not_folded() -> None:
    one = looping()
    one.pane.filter("ls")
    assert len(one.pane.drawing.order) == 12
    one.pane.filter("")
    group_by_next(one.pane)
    one.pane.choice = replace(one.pane.choice, selected="1305,ls", moved=True)
    one.pane.choice = replace(one.pane.choice, all_rows=False)
    assert one.pane.cursor == "1305,ls"
    assert " 11 ls folded" in one.lines[0]
    page = one.pane.model.page
    one.pane.model.page = replace(page, pin=Pin(pids=(1,)))
    one.pane.repaint()
    assert len(one.pane.drawing.order) == len(POOL) + 12


def test_few_rows_are_not_folded() -> None:
    one = shown(*[loop(flush) for flush in range(4)])
    assert len(one.pane.drawing.order) == 12


def test_the_trend_of_a_folded_row_leaves_out_a_process_with_a_row_of_its_own() -> None:
    one = shown(*[POOL | loop(flush) | {"77,ls": 100} for flush in range(4)])
    assert " 12 ls folded" in one.lines[0]
    assert "77,ls" in one.pane.drawing.order
    row = next(line for line in one.lines if "12 pids ls" in line)
    assert row.endswith("▇▇▇▇")
    assert row.split()[0] == "36"


@pytest.mark.parametrize("width", [30, 40, 80])
def test_a_rule_of_any_width_says_how_many_processes_are_folded(width: int) -> None:
    one = Shown(CALLS, "@calls", width=width)
    for flush in range(4):
        one.flush(POOL | loop(flush))
    assert "12 " in one.lines[0]
    assert "folded" in one.lines[0]
