"""The newest moment of a history."""

from __future__ import annotations

import pytest

from bttop.engine.program.program import Program
from bttop.ui.board.pane_data import flush_accumulator
from bttop.ui.board.pane_data.merged_maps import SMALL
from bttop.ui.board.pane_data.pane_model import PaneModel
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
