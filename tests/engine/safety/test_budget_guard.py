"""The fuse blows for what stays above a limit, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Cost
from bttop.engine.safety.budget_guard import PATIENCE, BudgetGuard, BudgetVerdict, Load

BUDGET = Budget(percent=3.0, map_bytes=1000, output_rate=1 << 20, fault_rate=100.0)
QUIET = Load(Cost(run=0.001, events=10.0))


def busy(run: float) -> Load:
    return Load(Cost(run=run, events=1000.0))


def after(loads: Mapping[str, Load], rounds: int, budget_guard: BudgetGuard[str] | None = None) -> BudgetVerdict[str]:
    """The verdict of the last of so many rounds of a second."""
    budget_guard = budget_guard or BudgetGuard(BUDGET, 2)
    verdicts = [budget_guard.judge(loads, 1.0) for _ in range(rounds)]
    return verdicts[-1]


LIMITS = {
    "cpu": busy(0.061),
    "memory": Load(Cost(map_bytes=1001)),
    "output": Load(Cost(output=(1 << 20) + 1.0)),
    "helper errors": Load(Cost(), helper_errors=101.0),
    "lost events": Load(Cost(), lost_events=101.0),
}
ALMOST = {
    "cpu": busy(0.06),
    "memory": Load(Cost(map_bytes=1000)),
    "output": Load(Cost(output=float(1 << 20))),
    "helper errors": Load(Cost(), helper_errors=100.0),
    "lost events": Load(Cost(), lost_events=100.0),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_above_a_limit_it_warns_at_once_and_blows_after_three_seconds(limit: str) -> None:
    loads = {"bad": LIMITS[limit], "good": QUIET}
    for rounds in (1, 2):
        assert set(after(loads, rounds).warnings) == {"bad"}
        assert not after(loads, rounds).blown
    assert set(after(loads, 3).blown) == {"bad"}


@pytest.mark.parametrize("limit", LIMITS)
def test_one_round_blows_no_fuse_however_long_it_was(limit: str) -> None:
    budget_guard: BudgetGuard[str] = BudgetGuard(BUDGET, 2)
    assert not budget_guard.judge({"bad": LIMITS[limit]}, 3600.0).blown
    assert not after({"bad": LIMITS[limit]}, 1, budget_guard).blown
    assert set(after({"bad": LIMITS[limit]}, 1, budget_guard).blown) == {"bad"}


@pytest.mark.parametrize("limit", ALMOST)
def test_at_the_limit_nothing_is_said(limit: str) -> None:
    assert after({"one": ALMOST[limit]}, 10) == BudgetVerdict({}, {})


def test_cpu_time_is_judged_together_and_the_costliest_answers_for_it() -> None:
    loads = {"small": busy(0.02), "large": busy(0.03), "middle": busy(0.025)}
    assert set(after(loads, 3).blown) == {"large"}


def test_a_second_below_the_limit_gives_the_whole_patience_back() -> None:
    budget_guard: BudgetGuard[str] = BudgetGuard(BUDGET, 2)
    bad = {"bad": busy(1.0)}
    after(bad, 2, budget_guard)
    after({"bad": QUIET}, 1, budget_guard)
    assert not after(bad, 2, budget_guard).blown
    assert after(bad, 1, budget_guard).blown


def test_two_that_take_turns_in_being_the_costliest_do_not_escape() -> None:
    budget_guard: BudgetGuard[str] = BudgetGuard(BUDGET, 2)
    turns = [{"a": busy(0.05), "b": busy(0.04)}, {"a": busy(0.04), "b": busy(0.05)}]
    blown = [budget_guard.judge(turns[index % 2], 1.0).blown for index in range(int(PATIENCE))]
    assert [set(one) for one in blown] == [set(), set(), {"a"}]


def test_once_it_has_blown_the_others_get_their_own_time() -> None:
    budget_guard: BudgetGuard[str] = BudgetGuard(BUDGET, 2)
    both = {"large": busy(0.5), "small": busy(0.1)}
    assert set(after(both, 3, budget_guard).blown) == {"large"}
    rest = {"small": busy(0.1)}
    assert not after(rest, 2, budget_guard).blown
    assert set(after(rest, 1, budget_guard).blown) == {"small"}


def test_the_reason_has_the_numbers() -> None:
    reason = after({"bad": Load(Cost(run=0.5, events=2_500_000.0))}, 3).blown["bad"]
    for number in ("25 % of 2 CPUs", "budget 3 %", "50 % of a core", "2,500,000 events/s", "200 ns", "for 3 s"):
        assert number in reason


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (Load(Cost(run=0.0601)), "3.005 % of 2 CPUs, budget 3 %"),
        (Load(Cost(run=0.0608)), "3.04 % of 2 CPUs, budget 3 %"),
        (Load(Cost(run=0.08)), "4 % of 2 CPUs, budget 3 %"),
        (Load(Cost(map_bytes=BUDGET.map_bytes + 200_000)), "MiB, limit"),
        (Load(Cost(), lost_events=BUDGET.fault_rate + 0.3), "lost events/s, limit"),
    ],
)
def test_what_exceeds_a_limit_is_shown_to_be_above_it(load: Load, told: str) -> None:
    reason = after({"bad": load}, 3).blown["bad"]
    assert told in reason
    value, limit = (float(one.replace(",", "")) for one in re.findall(r"[\d,]+(?:\.\d+)?", reason)[:1] + limits(reason))
    assert value > limit


def limits(reason: str) -> list[str]:
    return re.findall(r"(?:budget|limit) ([\d,]+(?:\.\d+)?)", reason)


def test_unknown_run_time_blows_nothing() -> None:
    assert after({"one": Load(Cost()), "two": Load(Cost())}, 10) == BudgetVerdict({}, {})
