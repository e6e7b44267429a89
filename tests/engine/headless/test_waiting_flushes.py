"""The queue of flushes for a slow reader: limited by memory, and what does not fit is counted."""

from __future__ import annotations

from typing import cast

from bttop.engine.headless.waiting_flushes import MissingFlush, WaitingFlush, WaitingFlushes
from bttop.engine.program.program import Program
from bttop.model.flush.flush import Flush
from bttop.model.history.history import decoded_bytes
from tests.model.history.test_history import counts

NOBODY = cast(Program, None)


def waiting(flush: Flush) -> WaitingFlush:
    return WaitingFlush(NOBODY, flush, ())


def test_flushes_come_in_their_order() -> None:
    flushes, made = WaitingFlushes(), counts(3)
    for flush in made:
        flushes.put(waiting(flush))
    missing = MissingFlush(NOBODY, "it was killed", 5)
    flushes.put(missing)
    assert [flushes.get(0) for _ in range(5)] == [*map(waiting, made), missing, None]


def test_what_is_above_the_limit_is_left_out_and_counted() -> None:
    made = counts(10)
    flushes = WaitingFlushes(sum(map(decoded_bytes, made[:3])))
    for flush in made:
        flushes.put(waiting(flush))
    assert (len(flushes), flushes.left_out) == (3, 7)
    assert flushes.get(0) == waiting(made[0])
    flushes.put(waiting(made[0]))
    assert (len(flushes), flushes.left_out) == (3, 7)


def test_one_flush_waits_whatever_its_size() -> None:
    flushes, made = WaitingFlushes(1), counts(2)
    for flush in made:
        flushes.put(waiting(flush))
    assert (len(flushes), flushes.left_out) == (1, 1)


def test_the_rest_counts_as_left_out_at_the_end() -> None:
    flushes = WaitingFlushes()
    for flush in counts(4):
        flushes.put(waiting(flush))
    flushes.leave_out_the_rest()
    assert flushes.left_out == 4
