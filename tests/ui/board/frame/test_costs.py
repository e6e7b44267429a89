"""Costs on the rule, in the header, on the pane's page and on the page of the host."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bttop.engine.cost.cost import Bill, Cost
from bttop.engine.program.status import ProgramState
from bttop.engine.safety.meter import HIDDEN
from bttop.engine.tracer.frames import BpfSurvey, Metering
from bttop.model.record.records import Stamp
from bttop.ui.board.frame.costs import percent
from bttop.ui.board.places.grid import LEAST_WIDTH
from bttop.ui.board.screen_bars.bars import HeaderBar
from bttop.ui.dialogs.host_programs_sheet import host_lines
from bttop.ui.dialogs.state_page import state_lines
from bttop.ui.render.spans import Span, line_width, plain
from tests.ui.board.test_pane_frame import Pane
from tests.ui.scenes import FakeEngine, text_of
from tests.ui.screens import app_of

COST = Cost(
    run=0.004, events=20_000.0, cpu=0.012, rss=100 << 20, pss=40 << 20, map_bytes=3 << 20, output=2048.0, programs=2
)
NOW = Stamp(0, 0)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.001, "<0.01 %"),
        (0.043, "0.04 %"),
        (0.4, "0.4 %"),
        (9.94, "9.9 %"),
        (9.96, "10 %"),
        (187.3, "187 %"),
    ],
)
def test_a_percentage_has_the_digits_that_matter(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_cost_stands_on_the_rule_after_the_rate() -> None:
    pane = Pane().live()
    assert "%" not in pane.rule()
    pane.program.cost = COST
    assert pane.rule().endswith(" 600/s · 0.4 % ━")


def test_an_unknown_cost_is_not_shown_as_nothing() -> None:
    pane = Pane().live()
    pane.program.cost = Cost(cpu=0.5, rss=1)
    assert "%" not in pane.rule()
    assert "not known" in text_of(state_lines(pane.model, 80))


def test_a_cost_that_nobody_can_see_is_a_badge_with_what_the_fuse_cannot_see() -> None:
    pane = Pane().live()
    pane.program.cost = replace(COST, run=None, events=None, unseen=HIDDEN, hidden=True)
    assert "cost unknown" in pane.rule()
    text = " ".join(text_of(state_lines(pane.model, 80)).split())
    assert "The budget guard cannot see CPU time and maps" in text
    assert "sudo bttop" in text
    assert "B of kernel memory" not in text


def test_the_header_says_that_the_cost_is_unknown_or_a_part_of_it() -> None:
    fake = FakeEngine()
    fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    bar = HeaderBar(fake.engine, app_of(fake).theme_manager.theme)
    fake.engine.meter.bill = Bill(Cost(unseen=HIDDEN, hidden=True), Cost(cpu=0.02), 8)
    assert "probes: cost unknown" in plain(bar.line(100))
    fake.engine.meter.bill = Bill(Cost(run=0.064, unseen=HIDDEN), Cost(cpu=0.02), 8)
    assert "probes at least 0.8 % of 8 cpus" in plain(bar.line(100))


@pytest.mark.parametrize("cells", range(40, 130))
@pytest.mark.parametrize("run", [None, 0.0001, 0.064])
def test_the_header_cuts_no_number_and_no_release(cells: int, run: float | None) -> None:
    fake = FakeEngine()
    fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    bar = HeaderBar(fake.engine, app_of(fake).theme_manager.theme)
    bar.time = (Span("21:49:08, 58s before the end"),)
    fake.engine.meter.bill = Bill(Cost(run=run), Cost(cpu=0.02), 8)
    line = plain(bar.line(cells))
    assert "…" not in line or cells < LEAST_WIDTH
    assert len(line) == cells or cells < LEAST_WIDTH


def test_the_fuses_warning_stands_on_the_rule_and_with_its_numbers_on_the_page() -> None:
    pane = Pane().live()
    pane.program.cost = COST
    pane.program.alarm = "9 % of 8 CPUs, budget 3 %"
    assert "0.4 % over budget" in pane.rule()
    assert "9 % of 8 CPUs, budget 3 %" in text_of(state_lines(pane.model, 80))


def test_the_page_of_a_pane_says_where_the_cost_comes_from() -> None:
    pane = Pane().live()
    pane.program.cost = COST
    pane.model.advance()
    text = text_of(state_lines(pane.model, 100))
    for words in (
        "0.4 % of a core: 20k runs/s, 200 ns each, 2 BPF programs",
        "1.2 % of a core, 40MB PSS",
        "3MB of kernel memory",
        "20 to 60 ns a run",
        "--no-stats",
    ):
        assert words in text


def test_the_page_of_a_pane_says_that_it_shares_its_process() -> None:
    pane = Pane().live()
    pane.program.cost = replace(COST, parts=5)
    pane.model.advance()
    assert "40MB PSS, 1/5 of a process that 5 programs share" in text_of(state_lines(pane.model, 100))


def test_the_header_says_that_programs_share_a_process() -> None:
    fake = FakeEngine()
    fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    bar = HeaderBar(fake.engine, app_of(fake).theme_manager.theme)
    note = "1 bpftrace for 5 programs, memory is short"
    assert note not in plain(bar.line(160))
    fake.engine.runner.merges.note = note
    assert note in plain(bar.line(160))
    fake.engine.meter.bill = Bill(Cost(run=0.064, pss=1), Cost(cpu=0.02, pss=1), 8)
    assert note in plain(bar.line(160))


@pytest.mark.parametrize("reason", ["", "Operation not permitted"])
def test_the_page_of_a_pane_says_that_the_price_of_its_hooks_is_assumed(reason: str) -> None:
    pane = Pane().live()
    pane.program.cost = replace(COST, assumed=reason)
    pane.model.advance()
    text = text_of(state_lines(pane.model, 100))
    assert (f"the price is assumed: {reason}" in text) is bool(reason)


def test_a_held_pane_keeps_its_rows_below_the_reason() -> None:
    pane = Pane().live()
    pane.program.hold(pane.fake.now, "limit exceeded: 9 % of 8 CPUs, budget 3 %")
    pane.fake.end(pane.program, 0)
    pane.model.advance()
    assert pane.program.status.state is ProgramState.HELD
    assert "detached" in pane.rule()
    text = pane.text()
    assert "limit exceeded: 9 % of 8 CPUs, budget 3 %; x starts it again" in text
    assert "18421 java" in text


@pytest.mark.parametrize("cells", [60, 80, 120, 200])
def test_the_header_sums_the_probes_first_and_the_processes_where_there_is_room(cells: int) -> None:
    fake = FakeEngine()
    fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    bar = HeaderBar(fake.engine, app_of(fake).theme_manager.theme)
    assert "probes" not in plain(bar.line(cells))
    programs = Cost(run=0.064, events=1.0, cpu=0.01, rss=400 << 20, pss=300 << 20)
    fake.engine.meter.bill = Bill(programs, Cost(cpu=0.02, rss=70 << 20, pss=60 << 20), 8)
    text = plain(bar.line(cells))
    assert line_width(bar.line(cells)) <= cells
    assert ("probes 0.8 % of 8 cpus" in text) is (cells >= 80)
    assert ("bpftrace 1.0 % 300M" in text) is (cells >= 120)
    assert ("bttop 2.0 % 60M" in text) is (cells >= 120)
    assert ("6.8.0-31-generic" in text) is (cells >= 200)


def test_memory_that_counts_shared_pages_several_times_is_marked() -> None:
    fake = FakeEngine()
    fake.add("calls", "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }")
    bar = HeaderBar(fake.engine, app_of(fake).theme_manager.theme)
    fake.engine.meter.bill = Bill(Cost(run=0.064, rss=300 << 20), Cost(cpu=0.02, rss=60 << 20, pss=50 << 20), 8)
    text = plain(bar.line(160))
    assert "300M RSS" in text
    assert "bttop 2.0 % 50M " in text
    pane = Pane().live()
    pane.program.cost = replace(COST, pss=None)
    pane.model.advance()
    assert "1.2 % of a core, 100MB RSS" in text_of(state_lines(pane.model, 100))


def surveyed(*rows: Any, reason: str = "") -> FakeEngine:
    """An engine that has seen these BPF programs twice, a second apart: each row's counters grew from nothing."""
    fake = FakeEngine()
    fake.engine.meter.switched(Metering(0, NOW, "bpf", ""))
    before: Any = [[*row[:4], 0, 0, row[6]] for row in rows]
    fake.engine.program_rates.take(BpfSurvey(0, Stamp(0, 0), before, reason), {77: "syscalls"})
    fake.engine.program_rates.take(BpfSurvey(0, Stamp(1_000_000_000, 0), rows, reason), {77: "syscalls"})
    return fake


@pytest.mark.parametrize("cells", [80, 99, 100, 160])
def test_the_owner_of_a_program_of_the_host_can_be_read_at_every_width(cells: int) -> None:
    fake = surveyed([1_000_000, 5, "sys_enter_openat", 0, 80_000_000, 400_000, [77]])
    *_, heading, row = text_of(host_lines(fake.engine, cells)).split("\n")
    assert row.rstrip().endswith(" bttop: syscalls")
    assert heading.index("owner") == row.index("bttop: syscalls")


def test_the_page_of_the_host_has_the_total_and_every_program() -> None:
    fake = surveyed([1, 5, "sys_enter", 0, 80_000_000, 400_000, [77]], [2, 6, "xdp_drop", 33, 160_000_000, 10, []])
    total, count, _, heading, first, second = text_of(host_lines(fake.engine, 120)).split("\n")
    assert "total cost  24 % of a core = 3.0 % of 8 cpus" in total
    assert "2 programs" in count
    assert heading.split() == ["id", "type", "name", "%", "core", "runs/s", "ns/run", "owner"]
    assert first.split() == [
        "2",
        "xdp",
        "xdp_drop",
        "16",
        "%",
        "10",
        "16,000,000",
        "uid",
        "33,",
        "held",
        "by",
        "no",
        "process",
    ]
    assert second.split() == ["1", "tracepoint", "sys_enter", "8.0", "%", "400k", "200", "bttop:", "syscalls"]


def test_hostile_names_of_programs_are_shown_escaped() -> None:
    fake = surveyed([1, 5, "\x1b]0;x\x07[/]", 0, 1, 1, []])
    assert "\x1b" not in text_of(host_lines(fake.engine, 120))
    assert "[/]" in text_of(host_lines(fake.engine, 120))


def test_what_the_kernel_does_not_tell_is_said() -> None:
    fake = FakeEngine()
    assert "reading all BPF programs" in text_of(host_lines(fake.engine, 80))
    fake.engine.program_rates.take(BpfSurvey(0, NOW, [], "Operation not permitted"), {})
    assert "Operation not permitted" in text_of(host_lines(fake.engine, 80))


def test_statistics_that_are_off_are_said_on_the_page_of_the_host() -> None:
    fake = surveyed([1, 5, "sys_enter", 0, 0, 0, []])
    assert "are off" not in text_of(host_lines(fake.engine, 120))
    fake.engine.meter.switched(Metering(0, NOW, "", "nobody asked"))
    assert "are off" in text_of(host_lines(fake.engine, 120))
