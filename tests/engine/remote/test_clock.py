"""The clock of another host."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bttop.engine.remote.clock import FarClock
from bttop.model.record.records import Stamp

SECOND = 1_000_000_000


class Own:
    """The clocks of this host."""

    def __init__(self) -> None:
        self.boot_ns = 1000 * SECOND

    def __call__(self) -> Stamp:
        return Stamp(self.boot_ns, self.boot_ns + 7)


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, SECOND)), min_size=1, max_size=30),
)
def test_the_offset_is_at_most_half_of_the_best_round_trip_wrong(offset: int, ways: list[tuple[int, int]]) -> None:
    own = Own()
    clock = FarClock(own)
    for there, back in ways:
        sent = clock.sent()
        own.boot_ns += there
        far = Stamp(own.boot_ns + offset, own.boot_ns + offset)
        own.boot_ns += back
        clock.answered(sent, far)
    assert abs(clock.boot_offset_ns - offset) <= clock.error_ns + 1
    best = min(there + back for there, back in ways[-16:])
    assert clock.error_ns == best // 2
    assert clock.round_trip_ns == sum(ways[-1])


def test_the_first_frame_sets_the_clock_until_there_is_an_answer() -> None:
    own = Own()
    clock = FarClock(own)
    opened = clock.sent()
    own.boot_ns += 40
    assert clock.met(opened, Stamp(5, 6))
    assert clock.boot_ns() == 25  # stamped between 0 and 40 ns ago
    assert clock.error_ns == 20
    assert clock.round_trip_ns is None
    own.boot_ns += 10
    assert clock.now() == Stamp(35, 36)
