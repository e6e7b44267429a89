from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from bttop.engine.headless.run_length import PATIENCE, RunLength, is_starting
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def program(state: ProgramState, *, attached: bool = False, unchecked: tuple[str, ...] = ()) -> Program:
    made = SimpleNamespace(status=SimpleNamespace(state=state), was_attached=attached, unchecked=unchecked)
    return cast("Program", made)


def test_a_run_counts_from_the_moment_when_all_programs_are_attached() -> None:
    clock = Clock()
    length = RunLength(10.0, clock)
    slow, fast = program(ProgramState.STARTING), program(ProgramState.LIVE, attached=True)
    clock.now += 30
    assert not length.is_over([slow, fast])
    assert length.elapsed == 0
    assert not length.is_over([fast])
    clock.now += 9.9
    assert not length.is_over([slow, fast])
    clock.now += 0.1
    assert length.is_over([slow, fast])
    assert length.elapsed == pytest.approx(10)


def test_a_run_begins_when_it_is_known_what_is_attached() -> None:
    clock = Clock()
    length = RunLength(10.0, clock)
    clock.now += 30
    assert not length.is_over([program(ProgramState.LIVE, attached=True, unchecked=("kprobe:a*",))])
    assert length.elapsed == 0
    clock.now += PATIENCE
    assert not length.is_over([program(ProgramState.LIVE, attached=True, unchecked=("kprobe:a*",))])
    clock.now += 10
    assert length.is_over([program(ProgramState.LIVE, attached=True, unchecked=("kprobe:a*",))])


def test_a_program_that_never_attaches_holds_a_run_up_for_a_minute() -> None:
    clock = Clock()
    length = RunLength(10.0, clock)
    clock.now += PATIENCE
    assert not length.is_over([program(ProgramState.STARTING)])
    clock.now += 10
    assert length.is_over([program(ProgramState.STARTING)])


def test_without_seconds_a_run_has_no_end() -> None:
    clock = Clock()
    length = RunLength(None, clock)
    assert not length.is_over([program(ProgramState.LIVE)])
    clock.now += 1e6
    assert not length.is_over([program(ProgramState.LIVE)])
    assert length.elapsed == pytest.approx(1e6)


@pytest.mark.parametrize("state", list(ProgramState))
@pytest.mark.parametrize("attached", [True, False])
def test_only_what_may_still_attach_for_the_first_time_is_starting(state: ProgramState, attached: bool) -> None:
    expected = state in (ProgramState.STARTING, ProgramState.RETRYING) and not attached
    assert is_starting(program(state, attached=attached)) == expected
