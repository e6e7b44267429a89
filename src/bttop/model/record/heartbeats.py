"""The heartbeat: the value that a prepared script prints at the end of each flush.

`print((NONCE, (BLOCK, NUMBER, NSECS)))` arrives as `{"type": "value", "data": [NONCE,[BLOCK,NUMBER,NSECS]]}`. BLOCK is
the index of the interval block that prints, NUMBER counts its ticks. The last heartbeat of a run, printed by END, has a
1 as a fourth number.

Every release writes text as a JSON string, and escapes what the string contains. So no text is a heartbeat, whoever
wrote it. The nonce distinguishes a heartbeat from values that the script itself prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bttop.model.plan import Plan
from bttop.model.record.lenient_json import Json
from bttop.model.record.records import FOREVER, Heartbeat, Stamp
from bttop.model.record.values import integer
from bttop.patterns import pattern

MOST_NONCES = 1 << 48
"""A nonce is below this number. bpftrace 0.24 and newer write integers above 2^53 as text."""

_VALUE = b'{"type": "value", "data": ['
_NSECS = pattern(rb"\[[0-9]+,[0-9]+,\"?([0-9]{1,19})\b")


def read_heartbeat(data: Json, stamp: Stamp, plan: Plan) -> Heartbeat | None:
    """Return the heartbeat that a printed value is; None if it is another value."""
    if not isinstance(data, list) or len(data) != 2 or not isinstance(data[1], list):
        return None
    numbers = [found for one in data[1] if (found := integer(one)) is not None]
    return heartbeat_of(data[0], numbers, stamp, plan) if len(numbers) == len(data[1]) else None


def heartbeat_of(nonce: object, numbers: Sequence[int], stamp: Stamp, plan: Plan) -> Heartbeat | None:
    """Return the heartbeat of these numbers: BLOCK, NUMBER, NSECS and perhaps a fourth; None if they are none."""
    if nonce != plan.nonce or not 3 <= len(numbers) <= 4 or min(numbers) < 0:
        return None
    block, number, nsecs = numbers[:3]
    # The kernel's clock cannot have run longer than FOREVER.
    if block >= len(plan.heartbeats) or nsecs >= FOREVER:
        return None
    return Heartbeat(stamp, plan.heartbeats[block], number, nsecs, is_last=len(numbers) == 4)


def is_heartbeat(line: bytes, plan: Plan) -> bool:
    """Return whether a line is a heartbeat, without decoding it."""
    return line.startswith(_start(plan))


def heartbeat_ends(lines: Iterable[bytes], plan: Plan) -> list[int]:
    """Return the `nsecs` of the heartbeats among some lines."""
    start = _start(plan)
    found = (_NSECS.match(line, len(start) - 1) for line in lines if line.startswith(start))
    return [int(one[1]) for one in found if one is not None]


def count_heartbeats(lines: Iterable[bytes], plan: Plan, block: int) -> int:
    """Return how many heartbeats of one interval block are among some lines."""
    start = _start(plan) + b"%d," % block
    return sum(line.startswith(start) for line in lines)


def _start(plan: Plan) -> bytes:
    return _VALUE + b"%d,[" % plan.nonce
