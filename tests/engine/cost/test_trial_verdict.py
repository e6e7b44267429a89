from __future__ import annotations

import pytest

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.trial_verdict import Measured, judge_cost


@pytest.mark.parametrize(
    ("busy_ns", "taken", "decision"),
    [(0.05e9, 0.06, "go"), (0.05e9, 0.08, "ask"), (0.001e9, 0.5, "ask"), (0, 0.5, "go")],
)
def test_only_what_running_programs_leave_of_the_budget_may_be_spent(
    busy_ns: float, taken: float, decision: str
) -> None:
    found = judge_cost(Measured(1.0, 1000, busy_ns), Budget(), 4, at_most=False, taken=taken)
    assert found.decision == decision
    if found.why:
        assert f"(the budget is 3 %, of which others take {taken * 25:.1f} %)" in found.why


@pytest.mark.parametrize(
    ("busy_ns", "decision"), [(0.11e9, "go"), (0.13e9, "ask"), (1.19e9, "ask"), (1.21e9, "refuse")]
)
def test_three_percent_of_all_cpus_go_and_ten_times_that_is_refused(busy_ns: float, decision: str) -> None:
    assert judge_cost(Measured(1.0, 1000, busy_ns), Budget(), 4, at_most=False).decision == decision


def test_the_numbers_are_shown() -> None:
    asked = judge_cost(Measured(0.5, 600_000, 0.16e9), Budget(), 4, at_most=False)
    assert asked.text == "would cost 8.0 % of all CPUs at 1.2 M/s (the budget is 3 %)"
    refused = judge_cost(Measured(0.5, 600_000, 2e9), Budget(), 4, at_most=True)
    assert refused.text == "would cost at most 100 % of all CPUs at 1.2 M/s (the budget is 3 %); only --force runs it"


# 4 CPUs: the budget is 0.12 CPU seconds a second. Of 1 s, `fixed` is what turned away events take.
@pytest.mark.parametrize(
    ("busy", "fixed", "taken", "one_in"),
    [
        (0.11, 0.01, 0.0, 0),  # fits
        (0.13, 0.01, 0.0, 2),
        (0.60, 0.01, 0.0, 16),  # 0.01 + 0.59 / 16 = 0.047; with 8 it is above 60 % of the budget
        (0.60, 0.01, 0.06, 32),
        (9.00, 0.02, 0.0, 256),  # what would be refused otherwise
        (0.20, 0.11, 0.0, 32),  # there is no room, but it fits
        (0.20, 0.13, 0.0, -1),
        (0.20, 0.01, 0.12, -1),
    ],
)
def test_above_the_budget_it_is_thinned_if_that_is_enough(busy: float, fixed: float, taken: float, one_in: int) -> None:
    measured = Measured(1.0, 1000, busy * 1e9, fixed * 1e9)
    found = judge_cost(measured, Budget(), 4, at_most=False, taken=taken, can_thin=True)
    assert found.decision == ("ask" if one_in < 0 else "go")
    assert (0 if found.thinned is None else found.thinned.one_in) == max(0, one_in)


@pytest.mark.parametrize(("busy", "taken", "percent"), [(0.16, 0.0, 5), (0.16, 0.08, 10), (0.6, 0.0, 20)])
def test_the_option_that_runs_it_has_the_number_to_give(busy: float, taken: float, percent: int) -> None:
    found = judge_cost(Measured(1.0, 1000, busy * 1e9), Budget(), 4, at_most=False, taken=taken)
    assert (found.option, found.allowed) == (f"--budget {percent}", percent)
    thinned = judge_cost(Measured(1.0, 1000, busy * 1e9), Budget(), 4, at_most=False, taken=taken, can_thin=True)
    assert thinned.thinned is not None
    assert f"--budget {percent} takes all events" in thinned.thinned.reason
