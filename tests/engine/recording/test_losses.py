from __future__ import annotations

import pytest

from bttop.engine.recording.losses import Losses

DISK = Losses(12, 40, 3)
ENDS = Losses(ends={"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("lost", "count", "said"),
    [
        (Losses(), 0, ()),
        (
            DISK,
            12,
            ("12 flushes (40 lines) and 3 entries of costs and processes were not recorded: the disk was too slow",),
        ),
        (Losses(lines=4000), 4000, ("0 flushes (4,000 lines) were not recorded: the disk was too slow",)),
        (
            ENDS,
            3,
            (
                "1 flush of a never came: bpftrace ended before it printed its last counts",
                "2 flushes of b never came: bpftrace ended before it printed its last counts",
            ),
        ),
    ],
)
def test_each_loss_has_a_number_and_a_reason(lost: Losses, count: int, said: tuple[str, ...]) -> None:
    assert (bool(lost), lost.count, lost.sentences) == (bool(said), count, said)


def test_what_was_lost_since_a_moment_is_the_rest() -> None:
    later = Losses(13, 44, 3, {"a": 1, "b": 4, "c": 1})
    assert later.since(DISK) == Losses(1, 4, 0, {"a": 1, "b": 4, "c": 1})
    assert later.since(Losses(13, 44, 3, ENDS.ends)) == Losses(ends={"b": 2, "c": 1})
    assert not later.since(later)
