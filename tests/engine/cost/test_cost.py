"""Counters of the kernel and of processes become costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.cost.cost import Bill, Cost, between, hits_between, together
from bttop.engine.headless.record import cost_note
from bttop.engine.tracer.frames import CostTotals
from bttop.model.record.records import Stamp
from bttop.script.cost.hook_costs import Hits

SECOND = 1_000_000_000


def reading(seconds: float, **counters: Any) -> CostTotals:
    boot = round(seconds * SECOND)
    fields: dict[str, Any] = {"cpu_ns": 0, "rss": 0, **counters}
    return CostTotals(1, Stamp(boot, boot), **fields)


def test_a_cost_is_what_was_counted_over_the_time_between_two_readings() -> None:
    before = reading(10, run_ns=1_000, runs=5, cpu_ns=7, output=100)
    after = reading(
        12, run_ns=400_001_000, runs=2_000_005, cpu_ns=20_000_007, rss=4096, pss=2048, map_bytes=77, output=300
    )
    cost = between(before, after, statistics=True)
    assert cost.percent == pytest.approx(20.0)
    assert cost.events == 1_000_000
    assert cost.ns_per_event == pytest.approx(200.0)
    assert cost.cpu == pytest.approx(0.01)
    assert (cost.rss, cost.pss, cost.map_bytes, cost.output) == (4096, 2048, 77, 100.0)


def test_without_statistics_what_stands_still_is_unknown_and_what_grows_counts() -> None:
    still = between(reading(1), reading(2), statistics=False)
    assert still.percent is still.events is still.ns_per_event is None
    assert between(reading(1), reading(2, run_ns=500, runs=5), statistics=False).ns_per_event == pytest.approx(100)


def test_with_statistics_what_stands_still_costs_nothing() -> None:
    still = between(reading(1), reading(2), statistics=True)
    assert still.percent == 0
    assert still.ns_per_event is None


def test_hooks_are_a_part_of_the_cost() -> None:
    cost = between(reading(1), reading(2, run_ns=50_000, runs=1_000), statistics=True, hook_ns=600_000)
    assert cost.hooks == 0.0006
    assert cost.ns_per_event == pytest.approx(650)


def test_hits_are_runs_a_second_since_the_reading_before_by_the_program() -> None:
    before = reading(1, hooks=[["tracepoint", "", 70, "", 0], ["uprobe", "53", 1_000, "8:2:10", 7]])
    rows = [["tracepoint", "", 90, "", 0], ["uprobe", "53", 5_000, "8:2:10", 7], ["uprobe", "53", 200, "8:2:10", 9]]
    assert hits_between(before, reading(3, hooks=rows)) == [
        Hits("tracepoint", "", "", 10),
        Hits("uprobe", "53", "8:2:10", 2_000),
        Hits("uprobe", "53", "8:2:10", 100),
    ]


counters = st.integers(0, 2**63)


@given(counters, counters, st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_cost_is_below_nothing_whatever_counters_and_clocks_do(
    first: int, second: int, at: float, then: float
) -> None:
    names = ("run_ns", "runs", "cpu_ns", "output")
    cost = between(
        reading(at, **dict.fromkeys(names, first)),
        reading(then, **dict.fromkeys(names, second)),
        statistics=True,
    )
    assert min(cost.run or 0, cost.events or 0, cost.cpu, cost.output) >= 0


def test_a_sum_knows_what_any_part_knows() -> None:
    parts = [Cost(run=0.25, events=100.0, cpu=0.5, rss=10), Cost(cpu=0.25, rss=5), Cost(run=0.5, events=50.0)]
    assert together(parts) == Cost(run=0.75, events=150.0, cpu=0.75, rss=15)
    assert together([Cost(cpu=1.0)]).run is None
    assert together([]) == Cost(pss=0)


def test_a_sum_of_pss_is_known_if_every_part_is() -> None:
    assert together([Cost(pss=3), Cost(pss=4)]).pss == 7
    assert together([Cost(pss=3), Cost(rss=4)]).pss is None


def test_the_bill_is_of_all_cpus() -> None:
    assert Bill(Cost(run=0.08), Cost(), cpus=8).percent == pytest.approx(1.0)
    assert Bill(Cost(), Cost(), cpus=8).percent is None


def test_the_ledger_leaves_out_what_nobody_knows() -> None:
    assert "run" not in Cost(cpu=0.5).ledger()
    assert Cost(run=0.5, events=2.0).ledger()["run"] == 0.5


def test_the_status_line_of_a_recording_says_what_is_known_of_the_cost() -> None:
    assert cost_note(None) == ""
    assert cost_note(Bill(Cost(), Cost(cpu=0.02), 2)) == "  bttop 2.0 %"
    assert cost_note(Bill(Cost(run=0.01, events=5.0), Cost(cpu=0.02), 2)) == "  probes 0.50 % of 2 CPUs, bttop 2.0 %"
