"""`bttop record`: a recording without a screen, with a status line on stderr."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from types import FrameType

from bttop.engine.any_run import AnyRun
from bttop.engine.cost.cost import Bill
from bttop.engine.headless.end_signals import ENDING, exit_code
from bttop.engine.headless.problem_reporter import OVER, ProblemReporter, all_in, could_not_run
from bttop.engine.headless.run_length import Finish, RunLength
from bttop.engine.program.status import ProgramState
from bttop.engine.recording.host_watch import HostWatch
from bttop.engine.recording.losses import given_up_text
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.recording import Limits, Recording
from bttop.output import can_rewrite, clear_line, rewrite, warn

LOOK = 0.5
"""Seconds between two checks of the programs."""
PATIENCE = 30.0
"""Timeout at the end of a recording: seconds in which the disk accepts nothing. A signal ends the wait at once."""
DETACH_LOOK = 0.05
"""Seconds between two checks while the programs detach."""
SELDOM = 60.0
"""Seconds between two status lines if they cannot be rewritten in place."""


class RecordRun:
    """Records the programs of an engine, or of those of several hosts, until its end."""

    def __init__(
        self,
        engine: AnyRun,
        recorder: Recorder,
        path: Path,
        limits: Limits,
        seconds: float | None,
        watch: HostWatch | None = None,
    ) -> None:
        """`seconds`: the length of the recording, None for no limit. `watch`: watches the connections to other
        hosts."""
        self._engine = engine
        self._watch = watch
        self._recorder = recorder
        self._path = path
        self._limits = limits
        self._seconds = seconds
        self._length = RunLength(seconds, engine.seconds_run)
        self._end = threading.Event()
        self._signal = 0
        self._loss_limit = 1
        self._is_rewritten = can_rewrite()
        self._last_line = 0.0
        self._troubles = ProblemReporter(self._clear_line)

    def run(self) -> int:
        """Record until a signal, the deadline, or the end of all programs. Returns the exit code: 1 if a program could
        not run or was held back for its cost, or data could not be written; else that of the signal, or 0."""
        for number in ENDING:
            signal.signal(number, self._on_signal)
        self._recorder.start(self._path, self._limits)
        self._engine.start()
        self._engine.at_full_speed()
        try:
            while not self._is_over():
                self._end.wait(LOOK)
                self._look_at_hosts()
                self._troubles.tell_all(self._engine)
                self._tell_new_losses()
                self._say(self._recorder.recording)
            self._await_last_flushes()
            self._look_at_hosts()
        finally:
            self._engine.close()
        self._troubles.tell_all(self._engine)
        return self._finish() or exit_code(self._signal)

    def _look_at_hosts(self) -> None:
        if self._watch is not None:
            self._watch.look()

    def _tell_new_losses(self) -> None:
        """Report losses at once, then each time that the number of lost lines has doubled."""
        lines = self._recorder.queue.lines
        if lines >= self._loss_limit:
            self._loss_limit = lines * 2
            self._troubles.tell("losing", "recording", self._recorder.losses.by_disk)

    def _await_last_flushes(self) -> None:
        """Let every program print its last counts; a second signal ends the wait."""
        self._end.clear()
        finish = Finish(self._engine)
        while not finish.is_over and not (self._end.is_set() and finish.may_be_given_up):
            time.sleep(DETACH_LOOK)
            self._say(self._recorder.recording)
        self._engine.give_up()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signal = self._signal or number
        self._end.set()

    def _is_over(self) -> bool:
        if self._engine.error is not None:
            raise self._engine.error
        late = self._length.is_over(self._engine.programs)
        failed = self._recorder.recording is None or bool(self._recorder.recording.failure)
        return late or failed or self._end.is_set() or all_in(self._engine.programs, OVER)

    def _finish(self) -> int:
        """Wait while the disk accepts data, then report what the recording contains and what is missing. Returns 0 or
        1."""
        self._end.clear()
        is_written = self._recorder.wait(PATIENCE, self._end.is_set)
        recording = self._recorder.recording
        missing = self._recorder.queue.waiting_flushes
        is_closed = is_written and self._recorder.close(PATIENCE, self._end.is_set)
        self._clear_line()
        has_failed = self._tell_end(recording)
        has_failed = self._tell_losses() or has_failed
        if not is_closed:
            self._troubles.tell("given up", "recording", given_up_text(missing, self._path))
        has_failed = has_failed or not is_closed or could_not_run(self._engine.programs)
        has_failed = self._troubles.tell_missing(self._engine.programs) or has_failed
        self._troubles.tell_unchecked(self._engine.programs)
        return int(self._troubles.tell_unattached(self._engine.programs) or has_failed)

    def _tell_end(self, recording: Recording | None) -> bool:
        """Report how the recording has ended; return whether it has failed."""
        failure = "it did not start" if recording is None else self._recorder.failed.get(self._path, recording.failure)
        if recording is None or failure:
            hint = "" if recording is None else recording.hint
            self._troubles.tell("end", "recording stopped", f"{failure}\n  {hint}" if hint else failure)
            return True
        size = self._path.stat().st_size if self._path.exists() else recording.size
        flushes = f"{recording.flushes:,} flushes in {_duration(self._length.elapsed)}"
        warn(f"bttop: {self._path}: {_bytes(size)}, {flushes}")
        return False

    def _tell_losses(self) -> bool:
        lost = self._recorder.losses.by_disk
        self._troubles.tell("lost", "recording", lost)
        return bool(lost)

    def _say(self, recording: Recording | None) -> None:
        now = time.monotonic()
        if recording is None or (not self._is_rewritten and now - self._last_line < SELDOM):
            return
        self._last_line = now
        programs = self._engine.programs
        live = sum(program.status.state is ProgramState.LIVE for program in programs)
        whole = "" if self._seconds is None else f" of {_duration(self._seconds)}"
        line = (
            f"bttop: {_duration(self._length.elapsed)}{whole}  {live} of {len(programs)} live  "
            f"{recording.flushes:,} flushes  {_bytes(recording.size)}{cost_note(self._engine.bill_at())}"
        )
        (rewrite if self._is_rewritten else warn)(line)

    def _clear_line(self) -> None:
        if self._is_rewritten:
            clear_line()


def cost_note(bill: Bill | None) -> str:
    """The costs, for the status line; empty until they are known."""
    if bill is None:
        return ""
    probes = "" if bill.percent is None else f"probes {bill.percent:.2f} % of {bill.cpus} CPUs, "
    return f"  {probes}bttop {100 * bill.bttop.cpu:.1f} %"


def _bytes(size: int) -> str:
    """A file size as text, with units of 1000 bytes."""
    value = float(size)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m{rest:02d}s" if hours else f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
