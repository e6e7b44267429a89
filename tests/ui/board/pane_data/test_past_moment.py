"""An earlier moment of a program whose flushes take long to merge."""

from __future__ import annotations

import pytest

from bttop.engine.program.program import Program
from bttop.ui.board.pane_data import flush_accumulator, past_moment
from bttop.ui.board.pane_data.merged_maps import SMALL
from bttop.ui.board.pane_data.pane_model import PaneModel
from tests.ui.scenes import SECOND, FakeEngine, calls

STACKS = "profile:hz:99 { @s[pid, comm, ustack] = count(); }"
FLUSHES = 40


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call makes one step."""
    times = iter(range(1_000_000))
    for module in (flush_accumulator, past_moment):
        monkeypatch.setattr(module, "thread_time", lambda: 0.0)
    monkeypatch.setattr("bttop.ui.board.pane_data.merged_maps.thread_time", lambda: float(next(times) + 1))


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def program(fake: FakeEngine) -> Program:
    """Its flushes have the weights 1, 2, 3 … and end a second after each other."""
    found = fake.add("stacks", STACKS)
    fake.attach(found)
    for weight in range(1, FLUSHES + 1):
        rows = {f"7,java,\n    f{number}+{weight}\n    main+1\n": weight for number in range(20 * SMALL)}
        fake.flush(found, calls(found, rows, "@s"))
    return found


def shown(model: PaneModel) -> int:
    """The weight of the flush on show; 0 without one."""
    return max((value for value in model.data("@s").rows.values() if isinstance(value, int)), default=0)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("step", [1, 15, -1, -15], ids=["plays", "plays fast", "back", "far back"])
def test_a_moment_that_moves_on_before_its_flush_is_merged_shows_some_of_them_and_then_the_last(
    fake: FakeEngine, program: Program, step: int
) -> None:
    model = PaneModel(program)
    end, seen = fake.now + SECOND // 2, set()
    for move in range(30):
        weight = (3 if step > 0 else FLUSHES - 3) + move * step
        weight = min(max(weight, 1), FLUSHES) if abs(step) == 1 else weight % FLUSHES + 1
        at = end - (FLUSHES - weight) * SECOND
        for _ in range(8):  # a flush takes about twenty steps
            model.advance(at)
        seen.add(shown(model))
    assert len(seen) >= 5
    while model.unfinished:
        model.advance(at)
    assert shown(model) == weight
