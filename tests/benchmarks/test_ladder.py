"""The five bare bpftrace processes that benchmarks compare with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from benchmarks.ladder import IntervalMissing, again_if_one_ends


def _after(failures: int) -> Iterator[int]:
    """Calls that fail before one returns its number."""
    yield from range(failures + 1)


def test_a_start_in_which_a_bpftrace_ends_is_tried_again_a_few_times() -> None:
    def measure() -> int:
        number = next(calls)
        if number < last:
            raise IntervalMissing
        return number

    last, calls = 4, _after(4)
    assert again_if_one_ends(measure) == 4
    last, calls = 5, _after(5)
    with pytest.raises(IntervalMissing):
        again_if_one_ends(measure)
