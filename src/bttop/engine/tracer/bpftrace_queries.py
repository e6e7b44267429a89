"""Short queries to bpftrace (list probes, check a program). The tracer runs them: only it has the privilege, and its
children end with it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.engine.bridge import EngineBridge
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.frames import Exited, Failed, Frame, StartRefused
from bttop.errors import TracerLost
from bttop.model.record.records import StampedLine

LONGEST_ANSWER: Final = 256 << 10
"""Default limit: bytes of stdout and stderr together."""
SECONDS: Final = 60.0
"""Timeout in seconds. A listing takes 40 ms to some seconds; longer means that the host has a problem."""

WAITS: Final = 60
"""Number of short waits that make up the wait for an answer."""


class Answer(Struct, frozen=True):
    """The output of a command and its exit code."""

    lines: tuple[tuple[str, bytes], ...]
    """(`stdout` or `stderr`, line without its newline), in the order of arrival."""
    code: int | None
    """Exit code, negative for a signal; None if the output reached the limit before the command ended."""

    def output(self) -> bytes:
        """Its stdout."""
        return b"".join(line + b"\n" for stream, line in self.lines if stream == "stdout")


class BpftraceQuery:
    """One running query."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], limit: int, folder: Path | None = None
    ) -> None:
        self.words = words
        self.environment = environment
        self.folder = folder
        """The folder in which it runs; None for that of the tracer."""
        from concurrent.futures import Future  # imports logging, and nothing before the first query needs it

        self.answer: Future[Answer] = Future()
        """Fails with OSError if the command could not be run, was cancelled, or the tracer has ended."""
        self._left = limit
        self._lines: list[tuple[str, bytes]] = []

    def take(self, line: StampedLine) -> bool:
        """Keep a line; return False when the limit is reached."""
        self._left -= len(line.data) + 1
        if self._left >= 0:
            self._lines.append((line.stream, line.data))
        return self._left > 0

    def end(self, code: int | None) -> None:
        """Answer with the lines so far."""
        self._settle(lambda: self.answer.set_result(Answer(tuple(self._lines), code)))

    def fail(self, reason: str, number: int = errno.EIO) -> None:
        """Fail with an OSError."""
        self._settle(lambda: self.answer.set_exception(OSError(number, reason)))

    def _settle(self, settle: Callable[[], None]) -> None:
        if not self.answer.done():
            from concurrent.futures import InvalidStateError

            try:
                settle()
            except InvalidStateError:
                return  # the caller has cancelled it in between


class BpftraceQueries:
    """The running queries. Call `run` and `cancel` from any thread, the rest on the engine's thread."""

    def __init__(
        self,
        bridge: EngineBridge,
        start: Callable[[Sequence[str], Mapping[str, str], Path | None], int],
        channel: Callable[[], TracerChannel],
    ) -> None:
        """`start` lets the tracer start a command and returns its id; it raises TracerLost if there is no tracer."""
        self._bridge = bridge
        self._start = start
        self._channel = channel
        self._running: dict[int, BpftraceQuery] = {}
        self._closed = False

    def run(
        self,
        words: Sequence[str],
        environment: Mapping[str, str] | None = None,
        limit: int = LONGEST_ANSWER,
        folder: Path | None = None,
    ) -> BpftraceQuery:
        """Start a query; its `answer` is set later. The command is ended after `limit` bytes of output."""
        query = BpftraceQuery(words, environment or {}, limit, folder)
        if self._closed:
            query.fail("bttop is ending")
        else:
            self._bridge.call(self._begin, query)
        return query

    def cancel(self, query: BpftraceQuery) -> None:
        """Cancel a query and end its command."""
        query.fail("it was cancelled", errno.ECANCELED)
        self._bridge.call(self._end, query)

    def _begin(self, query: BpftraceQuery) -> None:
        if query.answer.done():
            return
        try:
            self._running[self._start(query.words, query.environment, query.folder)] = query
        except TracerLost as problem:
            query.fail(problem.cause)

    def _end(self, query: BpftraceQuery) -> None:
        for ident, one in self._running.items():
            if one is query:
                self._channel().stop(ident, 0)

    def on_frame(self, frame: Frame) -> None:
        """Handle a frame of a query's command; ignore other frames."""
        query = self._running.get(frame.generation)
        if query is None:
            return
        match frame:
            case StampedLine(stream=stream):
                if stream == "oversized" or not query.take(frame):
                    self._enough(query)
            case Failed(reason=reason) | StartRefused(reason=reason):
                del self._running[frame.generation]
                query.fail(reason, errno.ENOENT)
            case Exited(code=code):
                del self._running[frame.generation]
                query.end(code)
            case _:
                pass

    def _enough(self, query: BpftraceQuery) -> None:
        query.end(None)
        self._end(query)

    def lose(self, reason: str) -> None:
        """The tracer has ended, and every command with it: fail all queries."""
        lost, self._running = self._running, {}
        for query in lost.values():
            query.fail(reason)

    def close(self) -> None:
        """Fail all running queries and refuse new ones."""
        self._closed = True
        self.lose("bttop is ending")


def _is_answered(query: BpftraceQuery) -> bool:
    """Whether an answer comes in time. Many short waits: if the process is stopped, it loses only one of them."""
    from concurrent.futures import wait

    return any(wait([query.answer], SECONDS / WAITS).done for _ in range(WAITS))


class Asker:
    """Runs queries for one thread, one after the other, and waits for each answer."""

    def __init__(self, queries: BpftraceQueries) -> None:
        self._queries = queries
        self._lock = threading.Lock()
        self._query: BpftraceQuery | None = None
        self._closed = False

    def ask(self, words: Sequence[str], limit: int) -> bytes:
        """Return the stdout of a command: at most `limit` bytes, whole lines only. Raises as `answer`."""
        return self.answer(words, limit).output()

    def answer(self, words: Sequence[str], limit: int) -> Answer:
        """Return what a command printed, at most `limit` bytes, and its exit code. Raises OSError, and TimeoutError
        after SECONDS without an answer."""
        with self._lock:
            if self._closed:
                raise OSError(errno.ECANCELED, "it was cancelled")
            self._query = query = self._queries.run(words, limit=limit)
        if not _is_answered(query):
            self._queries.cancel(query)
            raise TimeoutError(errno.ETIMEDOUT, f"bpftrace gave no answer within {SECONDS:g} s")
        return query.answer.result()

    def close(self) -> None:
        """Cancel the running query and refuse new ones. Call it from another thread."""
        with self._lock:
            self._closed = True
            if self._query is not None:
                self._queries.cancel(self._query)
