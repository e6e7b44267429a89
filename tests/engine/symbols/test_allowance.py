from __future__ import annotations

import pytest

from bttop.engine.symbols.allowance import RESERVE, SHARE, Allowance


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_reserve_is_spent_first_and_then_the_share() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    assert allowance.spend(RESERVE) == 0
    assert allowance.spend(0.1) == pytest.approx(0.1 / SHARE)
    clock.seconds += 0.1 / SHARE
    assert allowance.spend(0) == pytest.approx(0, abs=1e-9)
    clock.seconds += 1e6
    assert allowance.spend(RESERVE) == 0
    assert allowance.spend(0.01) > 0
