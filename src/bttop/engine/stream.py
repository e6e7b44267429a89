"""`bttop stream`: flushes as lines of JSON on standard output, without a screen."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from types import FrameType

from bttop.engine.engine import Engine
from bttop.engine.generation import Generation
from bttop.engine.observer import Observer
from bttop.engine.program import Program
from bttop.engine.troubles import OVER, Troubles, all_in, is_useless
from bttop.errors import BttopError
from bttop.model.flush import Flush
from bttop.model.names import decoders
from bttop.store.jsonl import flush_lines

MOST_WAITING = 256
"""Flushes that wait for a reader; what comes on top is left out and counted."""
PATIENCE = 1.0
"""Seconds for the line at hand when it is time to end and nobody reads."""


class _NobodyReadsError(Exception):
    """Standard output took nothing until the patience ran out."""


class Stream(Observer):
    """Writes every flush of an engine's programs until it is told to end."""

    def __init__(self, engine: Engine, seconds: float | None) -> None:
        self._engine = engine
        self._flushes: queue.SimpleQueue[tuple[Program, Flush] | None] = queue.SimpleQueue()
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._decoders = decoders(engine.host.machine)
        self._troubles = Troubles()
        self._left_out = 0
        self._left_out_limit = 1
        self._ended = False

    def run(self) -> int:
        """Write until SIGINT, SIGTERM, SIGHUP, the deadline, or until nobody reads. The exit code: 0, or 1 when
        no program could run at all, or one was held back for its cost. Raises BttopError when standard output
        cannot be written."""
        self._engine.observe(self)
        self._listen()
        self._engine.start()
        self._engine.at_full_speed()
        try:
            self._write_all()
            self._tell_troubles()
            return 1 if is_useless(self._engine.programs) else 0
        except (BrokenPipeError, _NobodyReadsError):
            return 0  # whoever read us has what it wanted (`| head`), or has stopped to read
        except OSError as error:
            raise BttopError(f"standard output: {error.strerror}", title="cannot write") from error
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._engine.close()
            _drop_output()

    def _listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)
        signal.signal(signal.SIGALRM, self._give_up)
        if self._seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, self._seconds + PATIENCE)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ended = True
        self._flushes.put(None)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _give_up(self, _number: int, _frame: FrameType | None) -> None:
        """A write to a pipe that is full ends by an exception only."""
        raise _NobodyReadsError

    def flushed(self, program: Program, generation: Generation | None, flush: Flush) -> None:  # noqa: ARG002
        """Take a flush, on the engine's thread, which must never wait for a reader."""
        if self._flushes.qsize() < MOST_WAITING:
            self._flushes.put((program, flush))
        else:
            self._left_out += 1

    def _write_all(self) -> None:
        while not self._ended and not self._over():
            self._write_next(0.25)
            self._tell_troubles()
        while not self._flushes.empty():
            self._write_next(0.0)

    def _write_next(self, seconds: float) -> None:
        try:
            found = self._flushes.get(timeout=seconds)
        except queue.Empty:
            return
        if found is not None:
            program, flush = found
            for line in flush_lines(program.name, flush, self._decoders):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def _over(self) -> bool:
        if self._engine.error is not None:
            raise self._engine.error
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or (all_in(self._engine.programs, OVER) and self._flushes.empty())

    def _tell_troubles(self) -> None:
        self._troubles.tell_of(self._engine.programs)
        if self._left_out >= self._left_out_limit:
            self._left_out_limit = self._left_out * 2
            why = f"{self._left_out} flushes were left out: standard output is read too slowly"
            self._troubles.tell("left out", "stream", why)


def _drop_output() -> None:
    """Leave nothing to be written at exit: it would fail or block once more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
