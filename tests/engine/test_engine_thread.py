"""One thread with an event loop for several engines: each ends by itself, an error ends all."""

from __future__ import annotations

import threading
from asyncio import AbstractEventLoop

from bttop.engine.bridge import EngineBridge
from bttop.engine.engine_thread import EngineThread, LoopThread

PATIENCE = 60.0


class Part:
    """An engine's part of a thread, which notes what is called."""

    def __init__(self) -> None:
        self.bridge = EngineBridge()
        self.begun = threading.Event()
        self.on: threading.Thread | None = None
        self.calls: list[str] = []
        self.thread = EngineThread(
            self.bridge,
            self.begin,
            lambda: self.calls.append("end"),
            lambda: self.calls.append("failed"),
            lambda: self.calls.append("closed"),
        )

    def begin(self, loop: AbstractEventLoop) -> None:
        self.on = threading.current_thread()
        self.bridge.open(loop)
        self.begun.set()


def started(*parts: Part) -> None:
    together = LoopThread()
    for part in parts:
        part.thread.start(together)
    together.start()
    assert all(part.begun.wait(PATIENCE) for part in parts)


def test_an_engine_can_be_added_to_a_thread_that_runs() -> None:
    one, late = Part(), Part()
    together = LoopThread()
    one.thread.start(together)
    together.start()
    assert one.begun.wait(PATIENCE)
    late.thread.start(together)
    assert late.begun.wait(PATIENCE)
    assert late.on is one.on
    one.bridge.call(one.thread.finish)
    one.thread.join(PATIENCE)
    assert not late.calls
    late.bridge.call(late.thread.finish)
    late.thread.join(PATIENCE)
    assert late.calls == ["end", "closed"]


def test_engines_share_a_thread_and_each_ends_by_itself() -> None:
    one, other = Part(), Part()
    started(one, other)
    assert one.on is not None
    assert one.on is other.on
    one.bridge.call(one.thread.finish)
    one.thread.join(PATIENCE)
    assert one.calls == ["end", "closed"]
    assert not other.calls
    assert one.on.is_alive()
    other.bridge.call(other.thread.finish)
    other.thread.join(PATIENCE)
    one.on.join(PATIENCE)
    assert other.calls == ["end", "closed"]
    assert not one.on.is_alive()


def test_an_error_in_one_of_them_ends_all() -> None:
    one, other = Part(), Part()
    started(one, other)

    def fail() -> None:
        raise ZeroDivisionError

    one.bridge.call(fail)
    for part in (one, other):
        part.thread.join(PATIENCE)
        assert isinstance(part.thread.error, ZeroDivisionError)
        assert part.calls == ["end", "failed", "closed"]


def test_one_that_was_never_started_can_be_joined() -> None:
    part = Part()
    part.thread.join(PATIENCE)
    assert not part.calls
