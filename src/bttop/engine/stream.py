"""`bttop stream`: flushes as lines of JSON on standard output, without a screen."""

from __future__ import annotations

import queue
import signal
import sys
import time
from types import FrameType

from bttop.engine.engine import Engine
from bttop.engine.program import Program
from bttop.engine.status import State
from bttop.model.flush import Flush
from bttop.model.names import decoders
from bttop.store.jsonl import flush_lines

_HOPELESS = frozenset({State.FAILED, State.UNAVAILABLE, State.STOPPED, State.ENDED})


class Stream:
    """Writes every flush of an engine's programs until it is told to end."""

    def __init__(self, engine: Engine, seconds: float | None) -> None:
        self._engine = engine
        self._flushes: queue.SimpleQueue[tuple[Program, Flush] | None] = queue.SimpleQueue()
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._decoders = decoders(engine.host.machine)
        self._told: dict[str, str] = {}
        self._ended = False

    def run(self) -> int:
        """Write until SIGINT, SIGTERM, SIGHUP, the deadline, or until nobody reads. The exit code: 0, or 1 when
        no program could run at all."""
        self._engine.on_flush = lambda program, flush: self._flushes.put((program, flush))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)
        self._engine.start()
        self._engine.at_full_speed()
        try:
            while not self._ended and not self._over():
                self._write_next()
        except BrokenPipeError:
            # Whoever read us has what it wanted (`| head`); without this the interpreter complains at exit.
            sys.stdout = None
        finally:
            self._engine.close()
        return (
            1 if self._all_hopeless() and not any(program.history.appended for program in self._engine.programs) else 0
        )

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ended = True
        self._flushes.put(None)

    def _write_next(self) -> None:
        try:
            found = self._flushes.get(timeout=0.25)
        except queue.Empty:
            found = None
        if found is not None:
            program, flush = found
            for line in flush_lines(program.name, flush, self._decoders):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
        self._tell_troubles()

    def _over(self) -> bool:
        if self._engine.error is not None:
            raise self._engine.error
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or (self._all_hopeless() and self._flushes.empty())

    def _all_hopeless(self) -> bool:
        return all(program.status.state in _HOPELESS for program in self._engine.programs)

    def _tell_troubles(self) -> None:
        """Say on stderr what goes wrong, each thing once."""
        for program in self._engine.programs:
            status = program.status
            lines = [] if status.complaint is None else [status.complaint.title, *status.complaint.lines]
            if not lines and status.reason and not status.running:
                lines = [status.reason]
            text = "\n  ".join(lines)
            if text and self._told.get(program.name) != text:
                self._told[program.name] = text
                sys.stderr.write(f"bttop: {program.name}: {text}\n")
                sys.stderr.flush()
