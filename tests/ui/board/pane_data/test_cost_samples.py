"""What a program has cost at each flush."""

from __future__ import annotations

import math

from bttop.engine.cost.cost import Cost
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.model.plan import Plan
from bttop.ui.board.pane_data.cost_samples import CostSamples


def page(cost: Cost | None) -> PastStatus:
    return PastStatus(Status(ProgramState.LIVE, 0), Plan(), cost=cost)


def test_the_cost_of_a_flush_is_the_last_one_noted_by_then() -> None:
    samples = CostSamples(lambda _at: page(None))
    samples.note(10, Cost(run=0.01))
    samples.note(20, Cost(run=0.03))
    samples.note(20, Cost(run=0.5))
    assert [samples.at(moment) for moment in (10, 15, 20, 99)] == [1, 1, 3, 3]


def test_an_unknown_cost_is_unknown() -> None:
    samples = CostSamples(lambda _at: page(None))
    samples.note(10, None)
    samples.note(11, Cost())
    assert math.isnan(samples.at(12))


def test_in_a_recording_the_page_of_the_moment_has_the_cost() -> None:
    assert CostSamples(lambda _at: page(Cost(run=0.02))).at(10) == 2
