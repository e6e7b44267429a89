"""The newest moment of a history."""

from __future__ import annotations

import pytest

from bttop.engine.program.program import Program
from bttop.ui.board.pane_data import flush_accumulator
from bttop.ui.board.pane_data.merged_maps import SMALL
from bttop.ui.board.pane_data.pane_model import PaneModel
from tests.model.samples import beat
from tests.ui.scenes import SECOND, FakeEngine, calls

STACKS = "profile:hz:99 { @s[pid, comm, ustack] = count(); }"
MANY = 20 * SMALL


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def program(fake: FakeEngine) -> Program:
    found = fake.add("stacks", STACKS)
    fake.attach(found)
    return found


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call makes one step."""
    times = iter(range(1_000_000))
    monkeypatch.setattr(flush_accumulator, "thread_time", lambda: 0.0)
    monkeypatch.setattr("bttop.ui.board.pane_data.merged_maps.thread_time", lambda: float(next(times) + 1))


def flush(fake: FakeEngine, program: Program, weight: int, count: int = MANY) -> None:
    rows = {f"7,java,\n    f{number}+{weight}\n    main+1\n": weight for number in range(count)}
    fake.flush(program, calls(program, rows, "@s"))


def weights(model: PaneModel) -> set[object]:
    return {*model.data("@s").rows.values()}


def caught_up(model: PaneModel) -> int:
    """How many calls it takes until it shows the newest flush."""
    count = 0
    while model.is_behind:
        model.catch_up()
        count += 1
    return count


@pytest.mark.usefixtures("hurried")
def test_the_flush_before_is_on_show_until_all_stacks_of_the_next_are_merged(
    fake: FakeEngine, program: Program
) -> None:
    model = PaneModel(program)
    flush(fake, program, 1, count=3)
    assert model.advance(), "a small map is shown at once"
    assert weights(model) == {1}
    flush(fake, program, 2)
    assert not model.advance()
    assert weights(model) == {1}
    assert caught_up(model) > 10
    assert weights(model) == {2}
    assert model.trend("@s").values("7,java,\n    f0\n    main\n")[-2:] == [1, 2]


@pytest.mark.usefixtures("hurried")
def test_no_flush_is_left_out_of_the_trend_while_others_wait(fake: FakeEngine, program: Program) -> None:
    model = PaneModel(program)
    for weight in range(1, 6):
        flush(fake, program, weight)
        model.advance()
    caught_up(model)
    assert model.trend("@s").values("7,java,\n    f0\n    main\n")[-5:] == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("hurried")
def test_an_earlier_moment_stays_on_show_while_the_newest_flushes_are_merged(
    fake: FakeEngine, program: Program
) -> None:
    model = PaneModel(program)
    flush(fake, program, 1, count=3)
    model.advance()
    flush(fake, program, 2, count=3)
    model.advance()
    at = fake.now - SECOND // 2
    model.advance(at)
    flush(fake, program, 3)
    model.advance(at)
    assert caught_up(model) > 10
    assert weights(model) == {1}
    model.advance()
    assert weights(model) == {3}


KEY = "7,java,\n    f0\n    main\n"


def seen_until_caught_up(model: PaneModel) -> list[set[object]]:
    """What it shows, one after the other, until it has taken all flushes."""
    seen: list[set[object]] = []
    while model.is_behind:
        model.catch_up()
        if weights(model) and weights(model) not in seen[-1:]:
            seen.append(weights(model))
    return seen


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("before", "waiting", "shown"),
    [
        (0, 1, [{1}]),
        (1, 2, [{1}, {2}, {3}]),
        (1, 3, [{1}, {4}]),
        (0, 30, [{30}]),
        (1, 30, [{1}, {31}]),
        (1, 70, [{1}, {71}]),
    ],
    ids=["one", "in order", "three", "a second view", "a hold that ends", "a hold of more than a trend"],
)
def test_of_many_flushes_that_wait_the_newest_is_shown_first_and_the_trend_has_all(
    fake: FakeEngine, program: Program, before: int, waiting: int, shown: list[set[object]]
) -> None:
    model = PaneModel(program)
    for weight in range(1, before + 1):
        flush(fake, program, weight, count=3)
        model.advance()
    for weight in range(before + 1, before + waiting + 1):
        flush(fake, program, weight)
    model.advance()
    assert seen_until_caught_up(model) == shown
    newest = before + waiting
    expected = range(max(before + 1, newest - flush_accumulator.WINDOW + 1), newest + 1)
    assert list(model.trend("@s").values(KEY))[-len(expected) :] == list(expected)


@pytest.mark.usefixtures("hurried")
def test_a_pane_that_never_catches_up_shows_ever_newer_flushes_and_its_trend_goes_on(
    fake: FakeEngine, program: Program
) -> None:
    model = PaneModel(program)
    trends, oldest = set(), 0
    for weight in range(1, 61):
        flush(fake, program, weight)
        model.advance()
        for _ in range(12):  # a flush takes about twenty steps
            model.catch_up()
        shown = max((value for value in model.data("@s").rows.values() if isinstance(value, int)), default=0)
        oldest = max(oldest, weight - shown) if weight > 4 else 0
        trends.add(sum(value > 0 for value in model.trend("@s").values(KEY)))
    assert model.is_behind
    assert oldest <= 6
    assert len(trends) > 10


@pytest.mark.usefixtures("hurried")
def test_the_last_flush_of_a_program_is_taken_in_its_turn(fake: FakeEngine, program: Program) -> None:
    model = PaneModel(program)
    for weight in range(1, 11):
        flush(fake, program, weight)
    fake.now += SECOND // 10
    fake.say(program, calls(program, {KEY: 1}, "@s"), beat(12, fake.now, 0, program.plan.nonce, is_last=True))
    fake.end(program, 0)
    model.advance()
    assert program.history.window(1)[0].is_last
    assert seen_until_caught_up(model) == [{10}]
