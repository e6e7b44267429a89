"""Who is current, who waits, and what they have lost together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bttop.engine.generation.generation import Generation
from bttop.engine.program.generation_pair import GenerationPair, grace
from bttop.model.plan import Plan
from tests.engine.stage import Stage


class Cast:
    """Generations to be told who they are, and who was told to stop."""

    def __init__(self) -> None:
        self._stage = Stage().start()
        self.stopped: list[tuple[int, float]] = []
        self.generation_pair = GenerationPair(lambda one, seconds: self.stopped.append((one.id, seconds)))

    def another(self, dropped: int = 0) -> Generation:
        generation = self._stage.launch(self._stage.program, self._stage.last.candidate, len(self._stage.launched))
        generation.dropped_lines = dropped
        return generation


@pytest.fixture
def cast() -> Cast:
    return Cast()


def test_the_first_is_current_and_the_second_waits_beside_it(cast: Cast) -> None:
    first, second = cast.another(), cast.another()
    assert [cast.generation_pair.join(one) for one in (first, second)] == [True, False]
    assert cast.generation_pair.living() == (first, second)
    assert not cast.stopped


def test_a_third_takes_the_place_of_whoever_waits(cast: Cast) -> None:
    first, second, third = cast.another(), cast.another(), cast.another()
    for one in (first, second, third):
        cast.generation_pair.join(one)
    assert cast.generation_pair.living() == (first, third)
    assert [ident for ident, _ in cast.stopped] == [second.id]


def test_beside_one_that_was_told_to_stop_nobody_waits(cast: Cast) -> None:
    first, second = cast.another(), cast.another()
    cast.generation_pair.join(first)
    cast.generation_pair.retire(first)
    assert cast.generation_pair.steady is None
    assert cast.generation_pair.join(second)
    assert cast.generation_pair.steady is second


@pytest.mark.parametrize("again", [GenerationPair.give_next_up, lambda one: one.retire(one.current)])
def test_nobody_is_told_to_stop_twice(cast: Cast, again: Callable[[GenerationPair], None]) -> None:
    for _ in range(2):
        cast.generation_pair.join(cast.another())
    for _ in range(3):
        again(cast.generation_pair)
    assert len(cast.stopped) == 1


def test_with_more_probes_there_is_more_time_to_detach(cast: Cast) -> None:
    generation = cast.another()
    generation.probes = 361
    cast.generation_pair.retire(generation)
    assert cast.stopped == [(generation.id, grace(361))]
    assert grace(361) > 18


def test_what_those_who_are_gone_have_lost_stays_counted_and_what_never_was_current_does_not_count(cast: Cast) -> None:
    cast.generation_pair.join(cast.another(dropped=3))
    cast.generation_pair.join(cast.another(dropped=100))
    cast.generation_pair.join(following := cast.another(dropped=5))
    assert cast.generation_pair.tally.dropped == 3
    cast.generation_pair.succeed(following)
    assert cast.generation_pair.tally.dropped == 8
    cast.generation_pair.succeed(None)
    assert cast.generation_pair.tally.dropped == 8


def test_the_plan_of_the_last_one_outlives_it(cast: Cast) -> None:
    assert cast.generation_pair.plan == Plan()
    cast.generation_pair.join(one := cast.another())
    cast.generation_pair.succeed(None)
    assert cast.generation_pair.plan == one.plan != Plan()
