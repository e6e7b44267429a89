"""The threads of engines: one event loop for one engine or for those of many hosts, and what happens when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bttop.engine.bridge import EngineBridge

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event
    from selectors import BaseSelector


class EngineThread:
    """The part of a loop's thread that is one engine's. Create it on the main thread; call `finish` on the loop's
    thread."""

    def __init__(
        self,
        bridge: EngineBridge,
        begin: Callable[[AbstractEventLoop], None],
        end: Callable[[], None],
        failed: Callable[[], None],
        closed: Callable[[], None],
    ) -> None:
        """The thread calls `begin`, runs the loop until `finish`, and calls `end`; after an error it calls `failed`,
        and last `closed`."""
        self.error: BaseException | None = None
        """The error that ended the loop; the listener must raise it."""
        self.begin = begin
        self.end = end
        self._bridge = bridge
        self._failed = failed
        self._closed = closed
        self._thread: LoopThread | None = None
        self._over = threading.Event()
        """Set when all calls are done."""

    def start(self, thread: LoopThread | None = None) -> None:
        """Run in a thread beside other engines; without one, start an own thread. Only once."""
        self._thread = thread or LoopThread()
        self._thread.add(self)
        if thread is None:
            self._thread.start()

    def finish(self) -> None:
        """End this engine's part. Call it on the loop's thread."""
        if self._thread is not None:
            self._thread.finish(self)

    def join(self, seconds: float) -> None:
        """Wait at most so many seconds for the end. From any thread; returns at once on the engine's thread."""
        if self._thread is not None and not self._thread.is_current:
            self._over.wait(seconds)

    def close(self, error: BaseException | None) -> None:
        """The loop has ended, or this engine's part of it. Called by its thread, once."""
        if error is not None:
            self.error = error
            self._failed()
            self._bridge.notify()
        self._bridge.close()
        self._closed()
        self._over.set()


class LoopThread:
    """One thread with an event loop, which ends when all engines in it have finished."""

    def __init__(self, selector: BaseSelector | None = None) -> None:
        """`selector`: that of the loop; None: the usual one."""
        self._selector = selector
        self._engines: list[EngineThread] = []
        """Those that have not finished."""
        self._lock = threading.Lock()
        self._loop: AbstractEventLoop | None = None
        """The loop once it runs; engines that are added later begin in it."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._ended: Event | None = None
        self._failure: BaseException | None = None

    def add(self, engine: EngineThread) -> None:
        """Run an engine in this thread, from `start` on or from now on. From any thread, before the last engine
        finishes."""
        with self._lock:
            self._engines.append(engine)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(engine.begin, self._loop)

    def start(self) -> None:
        """Start the thread. Only once."""
        self._thread.start()

    def finish(self, engine: EngineThread) -> None:
        """End an engine; the last one ends the loop. Call it on this thread."""
        if engine not in self._engines or self._ended is None:
            return
        if len(self._engines) == 1:
            self._ended.set()
            return
        self._engines.remove(engine)
        engine.end()
        engine.close(None)

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._thread is threading.current_thread()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            import asyncio  # not before the programs have been started

            with asyncio.Runner(loop_factory=self._loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as problem:  # noqa: BLE001  passed to the listener, which raises it
            error = problem
        for engine in self._engines:
            engine.close(error)

    def _loop_factory(self) -> Callable[[], AbstractEventLoop] | None:
        if self._selector is None:
            return None
        import asyncio

        return partial(asyncio.SelectorEventLoop, self._selector)

    async def _serve(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_crash)
        self._ended = asyncio.Event()
        with self._lock:
            self._loop = loop
            waiting = tuple(self._engines)
        for engine in waiting:
            engine.begin(loop)
        await self._ended.wait()
        for engine in self._engines:
            engine.end()
        if self._failure is not None:
            raise self._failure

    def _on_crash(self, _loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error in any callback ends all engines of the loop: a half-updated program would show wrong numbers."""
        self._failure = self._failure or context.get("exception") or RuntimeError(context["message"])
        if self._ended is not None:
            self._ended.set()
