"""The door: calls in from any thread, one wake-up out until the listener has looked."""

from __future__ import annotations

import asyncio
import threading

from bttop.engine.bridge import EngineBridge


def test_calls_from_before_the_loop_runs_are_done_first_and_in_order() -> None:
    bridge, done = EngineBridge(), list[int]()
    bridge.call(done.append, 1)
    bridge.call(done.append, 2)

    async def run() -> None:
        bridge.open(asyncio.get_running_loop())
        bridge.call(done.append, 3)
        ended = asyncio.Event()
        bridge.call(ended.set)
        await ended.wait()

    asyncio.run(run())
    assert done == [1, 2, 3]


def test_calls_from_another_thread_run_on_the_loops_thread() -> None:
    bridge, threads = EngineBridge(), list[threading.Thread]()

    async def run() -> None:
        bridge.open(asyncio.get_running_loop())
        ended = asyncio.Event()

        def ask() -> None:
            bridge.call(lambda: threads.append(threading.current_thread()))
            bridge.call(ended.set)

        asker = threading.Thread(target=ask)
        asker.start()
        await ended.wait()
        asker.join()

    asyncio.run(run())
    assert threads == [threading.current_thread()]


def test_many_rings_wake_once_until_the_listener_has_looked() -> None:
    bridge, woken = EngineBridge(), list[int]()
    bridge.listen(lambda: woken.append(1))
    for _ in range(3):
        bridge.notify()
    assert len(woken) == 1
    bridge.acknowledge()
    bridge.notify()
    assert len(woken) == 2


def test_a_ring_without_a_listener_is_lost_and_harmless() -> None:
    bridge = EngineBridge()
    bridge.notify()
    bridge.listen(None)
    bridge.notify()


def test_a_listener_whose_loop_has_closed_is_not_woken_again() -> None:
    bridge, calls = EngineBridge(), list[int]()

    def wake() -> None:
        calls.append(1)
        raise RuntimeError("Event loop is closed")

    bridge.listen(wake)
    bridge.notify()
    bridge.acknowledge()
    bridge.notify()
    assert calls == [1]


def test_nothing_goes_in_or_out_after_the_end() -> None:
    bridge, done = EngineBridge(), list[int]()
    bridge.call(done.append, 1)
    bridge.listen(lambda: done.append(2))
    bridge.close()
    bridge.call(done.append, 3)
    bridge.notify()
    assert not done


def test_a_call_to_a_loop_that_has_closed_is_ignored() -> None:
    bridge = EngineBridge()
    loop = asyncio.new_event_loop()
    bridge.open(loop)
    loop.close()
    bridge.call(print)
