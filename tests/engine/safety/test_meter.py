"""What the tracer tells once a second becomes the cost of every program and the bill of the session."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Bill, blind_spot
from bttop.engine.program.program import Program
from bttop.engine.safety.budget_guard import PATIENCE, BudgetGuard
from bttop.engine.safety.meter import LEDGER_ROUNDS, Meter
from bttop.engine.tracer.frames import CostTotals, Metering
from bttop.model.record.records import Stamp
from bttop.script.cost.hook_costs import USER, HookPrices
from tests.engine.stage import SECOND, Stage

START = 1000


def totals(generation: int, second: float, run_ns: int = 0, runs: int = 0, cpu_ns: int = 0) -> CostTotals:
    boot = round((START + second) * SECOND)
    return CostTotals(generation, Stamp(boot, boot), cpu_ns, 1 << 20, run_ns, runs, 2, 4096, 0)


def metered() -> Meter:
    meter = Meter(2, lambda: HookPrices("x86_64"))
    meter.switched(Metering(0, Stamp(0, 0), "bpf", ""))
    return meter


def live() -> Stage:
    stage = Stage()
    stage.go_live()
    return stage


def test_the_first_reading_is_no_cost_yet() -> None:
    stage, meter = live(), metered()
    meter.take(totals(1, 0, run_ns=10**12), stage.program)
    assert stage.program.cost is None
    assert meter.close_round(totals(0, 0), [stage.program]) == ({}, 0.0)
    assert meter.bill is None


def test_both_generations_of_a_program_are_its_cost_until_one_is_gone() -> None:
    stage, meter = live(), metered()
    for second in (0, 1):
        meter.take(totals(1, second, run_ns=second * 10_000_000, runs=second * 100), stage.program)
        meter.take(totals(2, second, run_ns=second * 30_000_000, runs=second * 100), stage.program)
    assert stage.program.cost is not None
    assert stage.program.cost.run == 0.04
    meter.ended(1, stage.program)
    assert stage.program.cost.run == 0.03
    meter.ended(2, stage.program)
    assert stage.program.cost is None


def test_the_rate_over_a_gap_is_no_cost_of_the_present_but_readings_that_are_always_late_are() -> None:
    stage, meter = live(), metered()
    readings = [(0, 0), (1, 10), (21, 15), (22, 45), (42, 65), (62, 105)]
    runs = []
    for second, ms in readings:
        meter.take(totals(1, second, run_ns=ms * 1_000_000), stage.program)
        runs.append(None if stage.program.cost is None else stage.program.cost.run)
    assert runs == [None, 0.01, 0.01, 0.03, 0.03, 0.002]


def test_the_bill_sums_the_programs_and_bttop_with_its_tracer() -> None:
    one, two, meter = live(), live(), metered()
    programs = [one.program, two.program]
    for second in (0, 2):
        meter.take(totals(1, second, run_ns=second * 10_000_000, cpu_ns=second * SECOND // 10), one.program)
        meter.take(totals(2, second, run_ns=second * 20_000_000), two.program)
        loads, seconds = meter.close_round(totals(0, second, cpu_ns=second * SECOND // 4), programs)
    assert isinstance(meter.bill, Bill)
    assert meter.bill.percent == 1.5
    assert meter.bill.programs.cpu == 0.1
    assert meter.bill.bttop.cpu >= 0.25
    assert meter.bill.bttop.rss > 2 << 20
    assert set(loads) == set(programs)
    assert seconds == 2.0


def test_what_is_being_detached_is_no_load_for_the_fuse() -> None:
    stage, meter = live(), metered()
    for second in (0, 1):
        meter.take(totals(1, second, run_ns=second * SECOND), stage.program)
        stage.program.hold(stage.now, "too dear")
        loads, _ = meter.close_round(totals(0, second), [stage.program])
    assert loads == {}


def test_helper_errors_and_lost_events_are_rates() -> None:
    stage, meter = live(), metered()
    for second in (0, 2):
        meter.take(totals(1, second), stage.program)
        loads, _ = meter.close_round(totals(0, second), [stage.program])
        stage.record(stage.last, "lost_events", {"events": 500})
        for _ in range(100):
            stage.record(stage.last, "helper_error", {"helper": "map_update_elem", "retcode": -7, "msg": "full"})
    loads, _ = meter.close_round(totals(0, 4), [stage.program])
    assert loads[stage.program].lost_events == 250
    assert loads[stage.program].helper_errors == 50


def test_the_ledger_is_the_mean_of_ten_rounds() -> None:
    stage, meter = live(), metered()
    run = 0
    for second in range(LEDGER_ROUNDS + 1):
        run += second * 1_000_000
        meter.take(totals(1, second, run_ns=run, runs=1), stage.program)
        assert meter.take_ledger() == {}
        meter.close_round(totals(0, second), [stage.program])
    ledger = meter.take_ledger()
    assert set(ledger) == {stage.program, None}
    assert abs(ledger[stage.program]["run"] - 0.0055) < 1e-9
    assert meter.take_ledger() == {}


def test_statistics_that_could_not_be_switched_on_say_why_unless_nobody_wanted_them() -> None:
    for wanted, reason in ((True, "Operation not permitted"), (False, "")):
        meter = Meter(2, lambda: HookPrices("x86_64"), statistics=wanted)
        meter.switched(Metering(0, Stamp(0, 0), "", "Operation not permitted"))
        assert (meter.metering, meter.reason) == ("", reason)


def test_a_program_with_more_rights_than_the_tracer_is_unseen_but_its_floods_still_blow_the_fuse() -> None:
    stage, meter = live(), metered()
    for second in (0, 1):
        meter.take(replace(totals(1, second), hidden=True, output=second * (100 << 20)), stage.program)
        loads, _ = meter.close_round(totals(0, second), [stage.program])
    assert stage.program.cost is not None
    assert stage.program.cost.run is None
    assert "more rights" in stage.program.cost.unseen
    assert meter.bill is not None
    assert meter.bill.programs.unseen
    budget_guard = BudgetGuard[Program](Budget(), 2)
    blown = [budget_guard.judge(loads, 1.0).blown for _ in range(int(PATIENCE))]
    assert "MiB/s of output" in blown[-1][stage.program]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_cost_without_statistics_says_why_unless_nobody_wanted_them(wanted: bool) -> None:
    stage, meter = live(), Meter(2, lambda: HookPrices("x86_64"), statistics=wanted)
    meter.switched(Metering(0, Stamp(0, 0), "", "Operation not permitted"))
    for second in (0, 1):
        meter.take(totals(1, second), stage.program)
    assert stage.program.cost is not None
    assert ("Operation not permitted" in stage.program.cost.unseen) is wanted
    assert bool(blind_spot(stage.program.cost)) is wanted


def test_a_lost_tracer_leaves_no_cost_behind() -> None:
    stage, meter = live(), metered()
    for second in (0, 1):
        meter.take(totals(1, second, run_ns=second), stage.program)
        meter.close_round(totals(0, second), [stage.program])
    meter.lost([stage.program])
    assert stage.program.cost is None
    assert meter.bill is None
    meter.take(totals(1, 2, run_ns=5), stage.program)
    assert stage.program.cost is None


@pytest.mark.parametrize(
    ("providers", "least"), [(["kprobe", "tracepoint"], 50), (["kprobe", "usdt"], 2_000), (["uretprobe"], 2_000)]
)
def test_a_hook_that_is_not_told_is_bounded_by_the_dearest_of_the_script(providers: list[str], least: float) -> None:
    stage, meter = live(), metered()
    for second in (0, 1):
        reading = replace(totals(1, second, runs=1_000 * second), hooks=[["", "", 1_000 * second, "", 0]])
        meter.take(reading, stage.program, providers)
    assert stage.program.cost is not None
    assert least <= (stage.program.cost.ns_per_event or 0) <= 4 * least


def on_a_place(kind: str, second: int, ident: int, runs: int = 1_000) -> list[list[object]]:
    return [[kind, "55", runs * second, "8:2:10", ident]]


def test_bpf_programs_on_one_place_share_its_trap_by_their_rates() -> None:
    alone, first, second = live(), live(), live()
    meter, prices = metered(), HookPrices("x86_64")
    for at in range(4):
        meter.take(replace(totals(1, at), hooks=on_a_place("uprobe", at, 1, 3_000)), first.program)
        meter.take(replace(totals(2, at), hooks=on_a_place("uprobe", at, 2)), second.program)
    other = metered()
    for at in (0, 1):
        other.take(replace(totals(1, at), hooks=on_a_place("uprobe", at, 1, 3_000)), alone.program)
    assert first.program.cost is not None
    assert second.program.cost is not None
    assert alone.program.cost is not None
    assert alone.program.cost.hooks == pytest.approx(3_000 * prices.price("uprobe", "55") / 1e9)
    joined = 1_000 * USER.joined / 1e9
    assert first.program.cost.hooks + second.program.cost.hooks == pytest.approx(alone.program.cost.hooks + joined)
    assert first.program.cost.hooks == pytest.approx(3 * second.program.cost.hooks)
    meter.ended(2, second.program)
    meter.take(replace(totals(1, 4), hooks=on_a_place("uprobe", 4, 1, 3_000)), first.program)
    assert first.program.cost.hooks == pytest.approx(alone.program.cost.hooks)


@pytest.mark.parametrize(
    ("kind", "answer", "assumed"),
    [
        ("uprobe", {}, "not been measured yet"),
        ("uprobe", {"reasons": {"user": "Operation not permitted"}}, "Operation not permitted"),
        ("uprobe", {"prices": {"emulated": 600, "nop": 500, "stepped": 9_000, "back": 300}}, ""),
        ("kprobe", {"prices": {"kprobe": 100, "kretprobe": 200}}, ""),
        ("tracepoint", {}, ""),
    ],
)
def test_a_cost_says_why_the_price_of_a_probe_on_a_function_is_assumed(
    kind: str, answer: dict[str, Any], assumed: str
) -> None:
    stage, meter = live(), Meter(2, lambda: HookPrices("x86_64").plus(answer))
    for at in (0, 1):
        meter.take(replace(totals(1, at), hooks=on_a_place(kind, at, 1)), stage.program)
    assert stage.program.cost is not None
    assert assumed in stage.program.cost.assumed
    assert bool(stage.program.cost.assumed) is bool(assumed)


def test_on_another_host_bttop_itself_costs_nothing() -> None:
    stage, meter = live(), Meter(2, lambda: HookPrices("x86_64"), is_here=False)
    for second in (0, 1):
        meter.close_round(totals(0, second, cpu_ns=second * 20_000_000), [stage.program])
    assert meter.bill is not None
    assert (meter.bill.bttop.cpu, meter.bill.bttop.rss) == (0.02, 1 << 20)
