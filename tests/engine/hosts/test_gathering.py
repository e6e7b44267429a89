"""An event loop that reads what many hosts send in few turns."""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import Iterator

import pytest

from bttop.engine.hosts import gathering
from bttop.engine.hosts.gathering import GatheringSelector


class Clock:
    """The monotonic clock of the module; a sleep writes to a pipe."""

    def __init__(self, pipe: int) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self._pipe = pipe

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        os.write(self._pipe, b"x")


@pytest.fixture
def pipes() -> Iterator[list[tuple[int, int]]]:
    found = [os.pipe() for _ in range(2)]
    yield found
    for pipe in found:
        for fd in pipe:
            os.close(fd)


def test_what_arrives_within_the_pause_is_read_in_one_turn(
    pipes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, to_one), (other, to_other) = pipes
    clock = Clock(to_other)
    monkeypatch.setattr(gathering, "time", clock)
    with GatheringSelector() as selector:
        for fd in (one, other):
            selector.register(fd, selectors.EVENT_READ)
        os.write(to_one, b"x")
        assert [key.fd for key, _ in selector.select(None)] == [one]
        assert not clock.slept
        clock.now += gathering.PAUSE / 4
        assert {key.fd for key, _ in selector.select(None)} == {one, other}
        assert clock.slept == [pytest.approx(gathering.PAUSE * 3 / 4)]
        assert [key.fd for key, _ in selector.select(0)] == [one, other]
        assert len(clock.slept) == 1


def test_answers_are_read_without_a_pause_once_in_some_seconds(
    pipes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, to_one), (_, to_other) = pipes
    clock = Clock(to_other)
    monkeypatch.setattr(gathering, "time", clock)
    with GatheringSelector() as selector:
        selector.register(one, selectors.EVENT_READ)
        os.write(to_one, b"x")
        clock.now = gathering.EVERY * 10.0
        assert selector.hurry()
        for _ in range(3):
            assert selector.select(None)
        assert not clock.slept
        clock.now += gathering.HURRY
        selector.select(None)
        selector.select(None)
        assert clock.slept
        clock.now = gathering.EVERY * 10 + 1.5
        assert not selector.hurry()


def test_a_loop_runs_with_it() -> None:
    reader, writer = os.pipe()

    async def run() -> bytes:
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(reader, arrived.set)
        loop.call_later(0.01, os.write, writer, b"x")
        await arrived.wait()
        loop.remove_reader(reader)
        return os.read(reader, 10)

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(GatheringSelector())) as runner:
        assert runner.run(run()) == b"x"
    os.close(reader)
    os.close(writer)
