"""Short questions to bpftrace (what probes are there? would you take this?), asked through the tracer: it alone has
the privilege, and what it starts ends with it."""

from __future__ import annotations

import concurrent.futures
import errno
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bttop.engine.channel import TracerChannel
from bttop.engine.door import Door
from bttop.engine.frames import Exited, Failed, Frame, Refused
from bttop.errors import TracerLost
from bttop.model.records import StampedLine

LONGEST_ANSWER: Final = 256 << 10
"""Bytes of both outputs together, where nothing else is said."""
SECONDS: Final = 60.0
"""A listing takes 40 ms to some seconds; where it takes longer, something is wrong with the host."""

WAITS: Final = 60
"""Into how many short ones the wait for an answer is cut."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has printed, and how it ended."""

    lines: tuple[tuple[str, bytes], ...]
    """(`stdout` or `stderr`, line without its newline), in the order of arrival."""
    code: int | None
    """Exit code, negative for a signal; None when it had said enough before it ended."""

    def output(self) -> bytes:
        """Its standard output."""
        return b"".join(line + b"\n" for stream, line in self.lines if stream == "stdout")


class Errand:
    """One question on its way."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], limit: int) -> None:
        self.words = words
        self.environment = environment
        self.answer: concurrent.futures.Future[Answer] = concurrent.futures.Future()
        """Fails with OSError when the command could not be run, or nobody is left to run it."""
        self._left = limit
        self._lines: list[tuple[str, bytes]] = []

    def take(self, line: StampedLine) -> bool:
        """Keep a line; False when it has said enough."""
        self._left -= len(line.data) + 1
        if self._left >= 0:
            self._lines.append((line.stream, line.data))
        return self._left > 0

    def end(self, code: int | None) -> None:
        """Answer with what was said."""
        self._settle(lambda: self.answer.set_result(Answer(tuple(self._lines), code)))

    def fail(self, reason: str, number: int = errno.EIO) -> None:
        """It cannot be answered."""
        self._settle(lambda: self.answer.set_exception(OSError(number, reason)))

    def _settle(self, settle: Callable[[], None]) -> None:
        if not self.answer.done():
            try:
                settle()
            except concurrent.futures.InvalidStateError:
                return  # whoever waited has given up in between


class Errands:
    """The questions that are under way. `run` and `cancel` from any thread, the rest on the engine's."""

    def __init__(
        self, door: Door, start: Callable[[Sequence[str], Mapping[str, str]], int], channel: Callable[[], TracerChannel]
    ) -> None:
        """`start` has the tracer start a command and gives its number; it raises TracerLost when there is none."""
        self._door = door
        self._start = start
        self._channel = channel
        self._running: dict[int, Errand] = {}
        self._closed = False

    def run(
        self, words: Sequence[str], environment: Mapping[str, str] | None = None, limit: int = LONGEST_ANSWER
    ) -> Errand:
        """Ask; the errand's `answer` comes later. After `limit` bytes the command is ended."""
        errand = Errand(words, environment or {}, limit)
        if self._closed:
            errand.fail("bttop is ending")
        else:
            self._door.ask(self._begin, errand)
        return errand

    def cancel(self, errand: Errand) -> None:
        """Nobody waits any more: end the command."""
        errand.fail("it was called off", errno.ECANCELED)
        self._door.ask(self._end, errand)

    def _begin(self, errand: Errand) -> None:
        if errand.answer.done():
            return
        try:
            self._running[self._start(errand.words, errand.environment)] = errand
        except TracerLost as problem:
            errand.fail(problem.cause)

    def _end(self, errand: Errand) -> None:
        for ident, one in self._running.items():
            if one is errand:
                self._channel().stop(ident, 0)

    def on_frame(self, frame: Frame) -> None:
        """What the tracer says about a command of ours; other frames are passed over."""
        errand = self._running.get(frame.generation)
        if errand is None:
            return
        match frame:
            case StampedLine(stream=stream):
                if stream == "oversized" or not errand.take(frame):
                    self._enough(errand)
            case Failed(reason=reason) | Refused(reason=reason):
                del self._running[frame.generation]
                errand.fail(reason, errno.ENOENT)
            case Exited(code=code):
                del self._running[frame.generation]
                errand.end(code)
            case _:
                pass

    def _enough(self, errand: Errand) -> None:
        errand.end(None)
        self._end(errand)

    def lose(self, reason: str) -> None:
        """The tracer is gone, and every command with it."""
        lost, self._running = self._running, {}
        for errand in lost.values():
            errand.fail(reason)

    def close(self) -> None:
        """Nothing is asked any more; whoever waits is told."""
        self._closed = True
        self.lose("bttop is ending")


def _is_answered(errand: Errand) -> bool:
    """Whether an answer comes in time. Waited for in many short waits: of those a stopped process misses one."""
    return any(concurrent.futures.wait([errand.answer], SECONDS / WAITS).done for _ in range(WAITS))


class Asker:
    """Questions of one thread, one after the other, each waited for."""

    def __init__(self, errands: Errands) -> None:
        self._errands = errands
        self._lock = threading.Lock()
        self._errand: Errand | None = None
        self._closed = False

    def ask(self, words: Sequence[str], limit: int) -> bytes:
        """What the command prints on stdout: at most `limit` bytes, whole lines only. Raises OSError, also when there
        is no answer in time."""
        with self._lock:
            if self._closed:
                raise OSError(errno.ECANCELED, "it was called off")
            self._errand = errand = self._errands.run(words, limit=limit)
        if not _is_answered(errand):
            self._errands.cancel(errand)
            raise TimeoutError(errno.ETIMEDOUT, f"bpftrace gave no answer within {SECONDS:g} s")
        return errand.answer.result().output()

    def close(self) -> None:
        """End what is waited for, and refuse what comes; from another thread."""
        with self._lock:
            self._closed = True
            if self._errand is not None:
                self._errands.cancel(self._errand)
