"""User frames are named in a recording without a screen."""

from __future__ import annotations

from collections.abc import Iterable

from bttop.engine.recording.frame_naming import FrameNaming
from tests.ui.scenes import FakeEngine, calls

STACKS = "profile:hz:99 { @stacks[pid, comm, ustack] = count(); @calls[pid] = count(); }"


class Names:
    """Takes note of what is wanted."""

    version = 0

    def __init__(self) -> None:
        self.wanted: list[tuple[int, int]] = []

    def name(self, pid: int, address: int, /) -> str:
        raise AssertionError((pid, address))

    def want(self, addresses: Iterable[tuple[int, int]], /) -> None:
        self.wanted += addresses

    def close(self) -> None:
        raise AssertionError


def test_the_addresses_of_stacks_are_wanted_and_nothing_else() -> None:
    fake, names = FakeEngine(), Names()
    fake.engine.observe(FrameNaming(names))
    program = fake.add("profile", STACKS)
    fake.attach(program)
    stack = "\n    0x7f01\n    main+4\n    0x7f02\n"
    fake.flush(
        program, calls(program, {f"7,app,{stack}": 3, "8,app,\n    main+4\n": 9}, "@stacks"), calls(program, {"7": 1})
    )
    assert names.wanted == [(7, 0x7F01), (7, 0x7F02)]
    fake.flush(program, calls(program, {"7": 1}))
    assert len(names.wanted) == 2
