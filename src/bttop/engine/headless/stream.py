"""`bttop stream`: writes flushes to stdout, without a screen: as lines of JSON, or added up at the end."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import Final

from bttop.engine.any_run import AnyRun
from bttop.engine.generation.generation import Generation
from bttop.engine.headless.end_signals import ENDING, exit_code
from bttop.engine.headless.line_output import LineOutput
from bttop.engine.headless.problem_reporter import OVER, ProblemReporter, all_in, could_not_run
from bttop.engine.headless.run_length import Finish, RunLength
from bttop.engine.headless.stream_forms import StreamForm
from bttop.engine.headless.waiting_flushes import MissingFlush, WaitingFlush, WaitingFlushes
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.errors import BttopError
from bttop.model.flush.flush import Flush
from bttop.output import drop_output

LOOK: Final = 0.1
"""Seconds between two checks of the programs."""
PATIENCE: Final = 5.0
"""Timeout for the reader once the run is over: seconds without progress."""


class StreamRun(Observer):
    """Writes every flush of an engine's programs until its end."""

    def __init__(self, engine: AnyRun, seconds: float | None, form: StreamForm, pause: float = 0.0) -> None:
        """`seconds`: the length of the run, None for no limit. `pause`: seconds for which flushes are gathered, to be
        written together."""
        self._engine = engine
        self._form = form
        self._pause = pause
        self._waiting = WaitingFlushes()
        self._length = RunLength(seconds, engine.seconds_run)
        self._output = LineOutput(sys.stdout.fileno())
        self._troubles = ProblemReporter()
        self._torn = 0
        """1 if the last line could not be written in full."""
        self._left_out_limit = 1
        self._signals: list[int] = []

    def run(self) -> int:
        """Write until a signal, the end of the run, or the end of the reader.

        Returns the exit code: 1 if a program could not run, was not attached or was held back, or if flushes were left
        out; else that of the signal, or 0. What happens after the reader has closed stdout does not count. Raises
        BttopError if stdout cannot be written.
        """
        self._engine.observe(self)
        for number in ENDING:
            signal.signal(number, self._on_signal)
        self._engine.start()
        self._engine.at_full_speed()
        try:
            self._write_all()
        except BrokenPipeError:
            return self._exit_code_of_closed()  # as by `| head`
        except OSError as error:
            raise BttopError(f"standard output: {error.strerror}", title="cannot write") from error
        finally:
            self._engine.close()
            drop_output()
        return self._exit_code()

    def _exit_code_of_closed(self) -> int:
        """The exit code after the reader has closed stdout: it has seen enough, but may have missed something."""
        self._tell_troubles()
        programs = self._engine.programs
        has_failed = could_not_run(programs)
        has_failed = self._troubles.tell_missing(programs) or has_failed
        if self._left_out:
            self._tell_left_out()
        return int(has_failed or bool(self._left_out))

    def _tell_left_out(self) -> None:
        self._troubles.tell("lost", "stream", f"{self._left_out} flushes were left out, as the reader was too slow")

    def _exit_code(self) -> int:
        programs = self._engine.programs
        self._tell_troubles()
        has_failed = could_not_run(programs)
        has_failed = self._troubles.tell_unattached(programs) or has_failed
        has_failed = self._troubles.tell_missing(programs) or has_failed
        self._troubles.tell_unchecked(programs)
        if self._left_out:
            self._tell_left_out()
        if self._output.is_torn:
            self._troubles.tell("torn", "stream", "the reader stopped within a line: that line is incomplete")
        if has_failed or self._left_out or self._output.is_torn:
            return 1
        return exit_code(self._signals[0]) if self._signals else 0

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:
        """Queue a flush. Runs on the engine's thread, which must never wait for the reader."""
        self._waiting.put(WaitingFlush(program, flush, [badge.text for badge in generation.badges]))

    def cut(self, program: Program, why: str) -> None:
        """Queue a report in place of a flush that is missing."""
        self._waiting.put(MissingFlush(program, why, time.time_ns()))

    @property
    def _left_out(self) -> int:
        return self._waiting.left_out + self._torn

    def _write_all(self) -> None:
        while not self._signals and not self._is_over():
            self._write_for(LOOK)
            self._tell_troubles()
        finish, signals = Finish(self._engine), len(self._signals)
        while not (finish.is_over or self._is_given_up()):
            if len(self._signals) > signals and finish.may_be_given_up:
                break
            self._write_next(LOOK)
        self._engine.give_up()
        self._engine.close()  # no flush is queued after this
        while not (self._output.is_empty and not self._waiting) and not self._is_given_up():
            self._write_next(LOOK)
        self._write_end()

    def _write_for(self, seconds: float) -> None:
        """Write what comes in this time, without a look at the programs: of many hosts there are hundreds."""
        end = time.monotonic() + seconds
        while not self._signals and (left := end - time.monotonic()) > 0:
            if self._pause and not self._waiting and self._output.is_empty:
                time.sleep(self._pause)
            self._write_next(left)

    def _write_next(self, seconds: float) -> None:
        """Write for at most `seconds`: the waiting output, else the next flush if one comes."""
        if self._output.is_empty:
            waiting = self._waiting.get(seconds)
            if waiting is None:
                return
            for line in self._form.lines(waiting):
                self._output.put(line + "\n")
        self._output.push(seconds)

    def _is_given_up(self) -> bool:
        return self._output.stalled >= PATIENCE

    def _write_end(self) -> None:
        """Count the flushes that were not written. Write the end, which reports them, if the reader can take it."""
        self._waiting.leave_out_the_rest()
        self._torn = int(not self._output.is_empty)
        if self._torn:
            return
        for line in self._form.end(self._engine.programs, self._left_out, time.time_ns()):
            self._output.put(line + "\n")
        while not self._output.is_empty and not self._is_given_up():
            self._output.push(LOOK)

    def _is_over(self) -> bool:
        if self._engine.error is not None:
            raise self._engine.error
        programs = self._engine.programs
        is_late = self._length.is_over(programs)
        return is_late or (all_in(programs, OVER) and not self._waiting and self._output.is_empty)

    def _tell_troubles(self) -> None:
        self._troubles.tell_all(self._engine)
        if self._left_out >= self._left_out_limit:
            self._left_out_limit = self._left_out * 2
            why = f"{self._left_out} flushes were left out: standard output is read too slowly"
            self._troubles.tell("left out", "stream", why)
