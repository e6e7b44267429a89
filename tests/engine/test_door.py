"""The door: calls in from any thread, one wake-up out until the listener has looked."""

from __future__ import annotations

import asyncio
import threading

from bttop.engine.door import Door


def test_calls_from_before_the_loop_runs_are_done_first_and_in_order() -> None:
    door, done = Door(), list[int]()
    door.ask(done.append, 1)
    door.ask(done.append, 2)

    async def run() -> None:
        door.open(asyncio.get_running_loop())
        door.ask(done.append, 3)
        ended = asyncio.Event()
        door.ask(ended.set)
        await ended.wait()

    asyncio.run(run())
    assert done == [1, 2, 3]


def test_calls_from_another_thread_run_on_the_loops_thread() -> None:
    door, threads = Door(), list[threading.Thread]()

    async def run() -> None:
        door.open(asyncio.get_running_loop())
        ended = asyncio.Event()

        def ask() -> None:
            door.ask(lambda: threads.append(threading.current_thread()))
            door.ask(ended.set)

        asker = threading.Thread(target=ask)
        asker.start()
        await ended.wait()
        asker.join()

    asyncio.run(run())
    assert threads == [threading.current_thread()]


def test_many_rings_wake_once_until_the_listener_has_looked() -> None:
    door, woken = Door(), list[int]()
    door.listen(lambda: woken.append(1))
    for _ in range(3):
        door.ring()
    assert len(woken) == 1
    door.looked()
    door.ring()
    assert len(woken) == 2


def test_a_ring_without_a_listener_is_lost_and_harmless() -> None:
    door = Door()
    door.ring()
    door.listen(None)
    door.ring()


def test_a_listener_whose_loop_has_closed_is_not_woken_again() -> None:
    door, calls = Door(), list[int]()

    def wake() -> None:
        calls.append(1)
        raise RuntimeError("Event loop is closed")

    door.listen(wake)
    door.ring()
    door.looked()
    door.ring()
    assert calls == [1]


def test_nothing_goes_in_or_out_after_the_end() -> None:
    door, done = Door(), list[int]()
    door.ask(done.append, 1)
    door.listen(lambda: done.append(2))
    door.close()
    door.ask(done.append, 3)
    door.ring()
    assert not done


def test_a_call_to_a_loop_that_has_closed_is_ignored() -> None:
    door = Door()
    loop = asyncio.new_event_loop()
    door.open(loop)
    loop.close()
    door.ask(print)
