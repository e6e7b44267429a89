"""Programs above the budget are thinned, and take more events again when the load is lower."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.engine.cost.budget import Budget
from bttop.engine.cost.cost import Cost
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.safety.budget_guard import BudgetGuard, Load
from bttop.engine.safety.thinner import WAIT, Thinner
from bttop.script.process.pin import Pin
from tests.engine.stage import COUNTS, Stage, source, state

ALLOWED = 0.06
"""CPU seconds a second: 3 % of two CPUs."""
TWO_US = 2000.0
UNTHINNABLE = "tracepoint:a:b { @n[pid] = count(); exit(); }"


class Thinning:
    """Programs with given event rates, and the guard and the thinner that judge them round by round."""

    def __init__(self, *stages: Stage) -> None:
        self.stages = stages
        self.rates = dict.fromkeys(stages, 0.0)
        self.body_ns = TWO_US
        self.guard: BudgetGuard[Program] = BudgetGuard(Budget(), 2)
        self.thinner = Thinner(self.guard)
        self.detached: list[str] = []
        for stage in stages:
            stage.go_live()

    def load(self, stage: Stage) -> Load:
        """100 ns for the hook and 60 to turn an event away."""
        rate, program = self.rates[stage], stage.program
        run = rate * (160 + self.body_ns / program.thinning.one_in) / 1e9
        percent = program.permission.allowed
        allowed = None if percent is None else percent / 100 * 2
        return Load(Cost(run=run, hooks=rate * 100 / 1e9, events=rate), allowed=allowed)

    def round(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            running = [stage for stage in self.stages if stage.program.status.running]
            loads = {stage.program: self.load(stage) for stage in running}
            verdict = self.guard.judge(loads, 1.0)
            for stage in running:
                if stage.program in verdict.left:
                    why = self.thinner.thin(stage.program, loads, verdict.blown[stage.program], stage.now)
                    if why:
                        self.detached.append(why)
                        stage.program.hold(stage.now, why)
            self.thinner.look(loads, 1.0, running[0].now if running else 0)
            for stage in running:
                self._go_on(stage)

    @staticmethod
    def _go_on(stage: Stage) -> None:
        if stage.program.thinning.changes:
            stage.ready(stage.last)
        stage.beat(stage.last)


def thinning(text: str = COUNTS) -> tuple[Thinning, Stage]:
    stage = Stage(source(text))
    return Thinning(stage), stage


def factors(stage: Stage) -> list[int]:
    return [generation.plan.one_in for generation in stage.launched]


def test_above_the_budget_it_is_thinned_so_that_it_fits_and_stays_so() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 60_000  # 13 % of a core: 6.5 % of the CPUs
    all_.round(3)
    assert factors(stage) == [1, 8]
    all_.round(60)
    assert factors(stage) == [1, 8]
    assert (all_.load(stage).cost.run or 1.0) <= ALLOWED
    assert [badge.text for badge in stage.program.status.badges] == ["1 in 8"]
    assert state(stage) is ProgramState.LIVE


def test_it_takes_all_events_again_when_the_load_is_lower_for_long_enough() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 60_000
    all_.round(5)
    all_.rates[stage] = 5_000
    all_.round(round(WAIT) - 2)
    assert factors(stage) == [1, 8]
    all_.round(4)
    assert factors(stage) == [1, 8, 1]
    assert stage.program.status.badges == ()


def test_a_load_that_comes_and_goes_makes_it_wait_longer_each_time() -> None:
    all_, stage = thinning()
    changes = []
    for _ in range(6):
        before = len(stage.launched)
        for rate in (60_000, 5_000):
            all_.rates[stage] = rate
            all_.round(15)
        changes.append(len(stage.launched) - before)
    assert changes[0] == 2
    assert sum(changes) < 8


def test_what_cannot_be_thinned_enough_is_detached_with_the_number_to_give() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 1_000_000  # turned away, they take 14 % of a core at least
    all_.round(3)
    assert all_.detached == ["it cannot be thinned enough; --budget 100 allows it"]


def test_what_cannot_be_thinned_is_detached_with_the_reason() -> None:
    all_, stage = thinning(UNTHINNABLE)
    all_.rates[stage] = 60_000
    all_.round(3)
    assert all_.detached == ["it cannot be thinned, because it calls exit() at events; --budget 10 allows it"]


def test_a_thinned_text_that_does_not_start_leaves_the_program_detached() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 60_000
    all_.round(2)
    loads = {stage.program: all_.load(stage)}
    assert all_.thinner.thin(stage.program, loads, "why", stage.now) == ""
    stage.refuse(stage.last)
    assert "it could not be thinned" in all_.thinner.thin(stage.program, loads, "why", stage.now)


def test_several_programs_get_equal_shares() -> None:
    stages = [Stage(source(COUNTS, f"{one}.bt")) for one in range(3)]
    all_ = Thinning(*stages)
    all_.rates = dict.fromkeys(stages, 20_000.0)  # 4.3 % of a core each, 2 % is an equal share
    all_.round(20)
    assert all_.detached == []
    assert sum(all_.load(stage).cost.run or 0.0 for stage in stages) <= ALLOWED
    assert all(stage.program.thinning.one_in <= 8 for stage in stages)


def beside_what_cannot_be_thinned() -> tuple[Thinning, Stage, Stage]:
    stage, fixed = Stage(source(COUNTS)), Stage(source(UNTHINNABLE, "fixed.bt"))
    return Thinning(stage, fixed), stage, fixed


def test_the_others_are_thinned_before_one_that_cannot_be_is_detached() -> None:
    all_, stage, fixed = beside_what_cannot_be_thinned()
    all_.rates = {stage: 15_000.0, fixed: 20_000.0}  # 3.2 and 4.3 % of a core
    all_.round(60)
    assert all_.detached == []
    assert sum(all_.load(one).cost.run or 0.0 for one in (stage, fixed)) <= ALLOWED
    assert factors(stage) == [1, 4], "it does not take more events as long as that is above the budget"
    assert factors(fixed) == [1]
    thinned = stage.program.status.thinned
    assert thinned is not None
    assert thinned.why.startswith("3.8 % of 2 CPUs, budget 3 %; this one takes 3.2 % of a core")


def test_no_other_is_thinned_for_one_that_must_be_detached_all_the_same() -> None:
    all_, stage, fixed = beside_what_cannot_be_thinned()
    all_.rates = {stage: 15_000.0, fixed: 60_000.0}
    all_.round(10)
    assert len(all_.detached) == 1
    assert factors(stage) == [1]


def test_y_lets_it_take_all_events_up_to_the_percentage_that_was_shown() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 60_000
    all_.round(5)
    thinned = stage.program.status.thinned
    assert thinned is not None
    assert (thinned.one_in, thinned.allowed) == (8, 10)
    stage.program.permission.allow(thinned.allowed)
    stage.program.thinning.thin(None, stage.now)
    all_.round(20)
    assert factors(stage) == [1, 8, 1]
    all_.rates[stage] = 120_000  # 13 % of the CPUs
    all_.round(5)
    assert factors(stage)[3:] == [4]


def test_another_interval_keeps_it_thinned_and_another_pin_does_not() -> None:
    all_, stage = thinning()
    all_.rates[stage] = 60_000
    all_.round(5)
    stage.program.change(replace(stage.program.settings, interval_ms=2000), stage.now)
    assert stage.last.plan.one_in == 8
    stage.program.change(replace(stage.program.settings, pin=Pin(pids=(7,))), stage.now)
    assert stage.last.plan.one_in == 1


def test_with_a_long_interval_the_thinned_one_takes_over_before_its_first_flush() -> None:
    all_, stage = thinning()
    stage.program.change(replace(stage.program.settings, interval_ms=60_000), stage.now)
    stage.ready(stage.last)
    stage.beat(stage.last)
    before = stage.last
    loads = {stage.program: replace(all_.load(stage), cost=Cost(run=0.13, hooks=0.006, events=60_000.0))}
    assert all_.thinner.thin(stage.program, loads, "why", stage.now) == ""
    stage.ready(stage.last)
    stage.wait(3)
    all_.thinner.look(loads, 1.0, stage.now)
    assert before.doomed
    assert not stage.last.doomed
    stage.beat(before, is_last=True)
    assert stage.shown[-1].is_last, "no flush is lost"
