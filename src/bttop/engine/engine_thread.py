"""The thread of the engine: one event loop, and what happens when it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bttop.engine.bridge import EngineBridge

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event


class EngineThread:
    """Runs an event loop until `finish`. Create it on the main thread; call `finish` on the loop's thread."""

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
        self._bridge = bridge
        self._begin = begin
        self._end = end
        self._failed = failed
        self._closed = closed
        self._thread: threading.Thread | None = None
        self._ended: Event | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start the thread. Only once."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """End the loop. Call it on the loop's thread."""
        if self._ended is not None:
            self._ended.set()

    def join(self, seconds: float) -> None:
        """Wait at most so many seconds for the end. From any thread; returns at once on the engine's thread."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=seconds)

    def _run(self) -> None:
        try:
            import asyncio  # not before the programs have been started

            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  passed to the listener, which raises it
            self.error = error
            self._failed()
            self._bridge.notify()
        finally:
            self._bridge.close()
            self._closed()

    async def _serve(self) -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_crash)
        self._ended = asyncio.Event()
        self._begin(loop)
        await self._ended.wait()
        self._end()
        if self._failure is not None:
            raise self._failure

    def _on_crash(self, _loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error in any callback ends the engine: a half-updated program would show wrong numbers."""
        self._failure = self._failure or context.get("exception") or RuntimeError(context["message"])
        self.finish()
