"""Who is current, who waits, and what they have lost together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bttop.engine.generation import Generation
from bttop.engine.succession import Succession, grace
from bttop.model.plan import Plan
from tests.engine.stage import Stage


class Cast:
    """Generations to be told who they are, and who was told to stop."""

    def __init__(self) -> None:
        self._stage = Stage().start()
        self.stopped: list[tuple[int, float]] = []
        self.succession = Succession(lambda one, seconds: self.stopped.append((one.id, seconds)))

    def another(self, dropped: int = 0) -> Generation:
        generation = self._stage.launch(self._stage.program, self._stage.last.attempt, len(self._stage.launched))
        generation.dropped_lines = dropped
        return generation


@pytest.fixture
def cast() -> Cast:
    return Cast()


def test_the_first_is_current_and_the_second_waits_beside_it(cast: Cast) -> None:
    first, second = cast.another(), cast.another()
    assert [cast.succession.join(one) for one in (first, second)] == [True, False]
    assert cast.succession.living() == (first, second)
    assert not cast.stopped


def test_a_third_takes_the_place_of_whoever_waits(cast: Cast) -> None:
    first, second, third = cast.another(), cast.another(), cast.another()
    for one in (first, second, third):
        cast.succession.join(one)
    assert cast.succession.living() == (first, third)
    assert [ident for ident, _ in cast.stopped] == [second.id]


def test_beside_one_that_was_told_to_stop_nobody_waits(cast: Cast) -> None:
    first, second = cast.another(), cast.another()
    cast.succession.join(first)
    cast.succession.retire(first)
    assert cast.succession.steady is None
    assert cast.succession.join(second)
    assert cast.succession.steady is second


@pytest.mark.parametrize("again", [Succession.give_next_up, lambda one: one.retire(one.current)])
def test_nobody_is_told_to_stop_twice(cast: Cast, again: Callable[[Succession], None]) -> None:
    for _ in range(2):
        cast.succession.join(cast.another())
    for _ in range(3):
        again(cast.succession)
    assert len(cast.stopped) == 1


def test_with_more_probes_there_is_more_time_to_detach(cast: Cast) -> None:
    generation = cast.another()
    generation.probes = 361
    cast.succession.retire(generation)
    assert cast.stopped == [(generation.id, grace(361))]
    assert grace(361) > 18


def test_what_those_who_are_gone_have_lost_stays_counted_and_what_never_was_current_does_not_count(cast: Cast) -> None:
    cast.succession.join(cast.another(dropped=3))
    cast.succession.join(cast.another(dropped=100))
    cast.succession.join(following := cast.another(dropped=5))
    assert cast.succession.tally.dropped == 3
    cast.succession.succeed(following)
    assert cast.succession.tally.dropped == 8
    cast.succession.succeed(None)
    assert cast.succession.tally.dropped == 8


def test_the_plan_of_the_last_one_outlives_it(cast: Cast) -> None:
    assert cast.succession.plan == Plan()
    cast.succession.join(one := cast.another())
    cast.succession.succeed(None)
    assert cast.succession.plan == one.plan != Plan()
