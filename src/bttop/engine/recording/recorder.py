"""The recorder: keeps the last minutes of all hosts in memory, and writes snapshots on request. It works on its own
thread, so a slow disk delays no line. A `HostRecorder` tells it what happens on a host."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.host.own_clock import own_clock
from bttop.engine.recording.losses import Losses
from bttop.engine.recording.recorder_queue import RecorderQueue, Told
from bttop.engine.recording.recording import Limits, Recording
from bttop.errors import BttopError
from bttop.model.record.records import Stamp
from bttop.store.snapshot.facts import SessionFacts
from bttop.store.snapshot.recording_events import (
    FIRST_HOST,
    LOST,
    FlushCompleted,
    MarkSet,
    ProcessSeen,
    RecordingEvent,
)

if TYPE_CHECKING:
    from bttop.store.recording.lookback_buffer import LookbackBuffer, Sealed
    from bttop.store.recording.writer import SnapshotWriter

MOST_AT_ONCE = 500
"""Maximum events in one transaction."""
LOOK = 0.05
"""Seconds between two checks of the progress while waiting."""
IDLE_CHECK = 1.0
"""Seconds without events after which the recorder checks that the file is still at its path."""
MOST_BLOCKS = 4
"""Maximum sealed blocks in one transaction."""
GATHER = 0.5
"""Seconds for which events gather while nothing is recorded: they only go to the look-back buffer."""
LULL = 0.05
"""Seconds without events after which blocks are sealed: sealing one takes as long, and would delay lines."""
NO_LULL = 1.0
"""Seconds after which blocks are sealed although events arrive."""
MOST_MARKS = 1_000
"""Maximum marks in memory: they can be found without a recording."""


class Recorder:
    """Fills the look-back buffer from the start, and records on request. Requests may come from any thread."""

    def __init__(
        self,
        session: SessionFacts,
        name: str,
        lookback_buffer: LookbackBuffer | None = None,
        *,
        at_once: bool = True,
        queue: RecorderQueue | None = None,
        clock: Callable[[], Stamp] = own_clock,
    ) -> None:
        """`name`: what new files are named after, such as the host. If not `at_once`, events wait until `begin`: the
        recorder's thread imports SQLite and zstd, which would delay the first frame. `clock` returns the time on the
        clocks of the recording."""
        self.now = clock
        self._session = session
        self._name = name
        self.recording: Recording | None = None
        """The recording that runs or has failed; None if there is none."""
        self.files: list[Path] = []
        """Every file that was started."""
        self.failed: dict[Path, str] = {}
        """The files of the failed recordings, with the errors."""
        self.marks: tuple[MarkSet, ...] = ()
        """The newest MOST_MARKS marks of this session, in the order in which they were set."""
        self._given_buffer = lookback_buffer
        self._writer: SnapshotWriter | None = None
        self.queue = RecorderQueue() if queue is None else queue
        self._steps = 0
        """Increases whenever entries were buffered or written."""
        self._unsealed: deque[RecordingEvent] = deque()
        """Events that the look-back buffer has not taken yet; a recording already has them."""
        self._unsealed_since = 0.0
        """When the oldest of them arrived, on time.monotonic()."""
        self._programs = count(1)
        self._hosts = count(FIRST_HOST)
        self._lock = threading.Lock()
        self._ends: Mapping[str, int] = {}
        """See `Losses.ends`; only those during a recording."""
        self._lost_before = Losses()
        """The losses before the newest recording started."""
        self._thread: threading.Thread | None = None
        if at_once:
            self.begin()

    # Requests.

    def begin(self) -> None:
        """Start the recorder's thread, which takes the waiting events first; may be repeated."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()

    def start(self, path: Path, limits: Limits | None = None) -> None:
        """Record into an existing empty file, beginning with the look-back buffer. Returns at once."""
        limits = limits or Limits()
        recording = self.recording = Recording(path, self.now())
        self.queue.put(lambda: self._start(recording, limits))

    def save(self) -> None:
        """Record into a new file in the default folder, unless a recording runs. The recorder's thread creates it,
        so that the caller does not wait for a disk."""
        self.queue.put(self._save)

    def stop(self) -> None:
        """End the recording; the file is complete when `wait` returns True."""
        self.queue.put(self._stop)

    def mark(self, note: str, cause: str = "user", stamp: Stamp | None = None) -> None:
        """Set a mark, by default at the current time."""
        self.put_mark(MarkSet(stamp or self.now(), cause, note))

    def put_mark(self, mark: MarkSet) -> None:
        """Set a mark, which may be about one host."""
        self.queue.put(mark)
        self.queue.put(lambda: self._keep(mark))

    def met(self, pid: int, facts: Mapping[str, object], host: int = FIRST_HOST) -> None:
        """Record the facts of a process of a host."""
        self.queue.put(ProcessSeen(pid, self.now(), facts, host))

    def new_host(self) -> int:
        """A number for a further host."""
        return next(self._hosts)

    def new_program(self) -> int:
        """A number for a further program."""
        return next(self._programs)

    def count_cut(self, program: str) -> None:
        """A bpftrace of a program has ended before it printed its last counts."""
        with self._lock:
            if self.recording is not None and not self.recording.failure:
                self._ends = {**self._ends, program: self._ends.get(program, 0) + 1}

    def tell(self, event: RecordingEvent) -> None:
        """Record an event."""
        self.queue.put(event)

    def wait(self, patience: float = math.inf, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        """Wait until everything put before is buffered or written; return whether it is. Gives up after `patience`
        seconds without progress, or when `is_given_up` returns True."""
        done = threading.Event()
        self.queue.put(done.set)
        return self._await(lambda: done.wait(LOOK), patience, is_given_up)

    def close(self, patience: float = 5.0, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        """End the recording and the thread; return whether everything was written. Gives up like `wait`."""
        self.stop()
        self.queue.put(None)
        self.begin()

        def has_ended() -> bool:
            assert self._thread is not None
            self._thread.join(LOOK)
            return not self._thread.is_alive()

        return self._await(has_ended, patience, is_given_up)

    def _await(self, has_happened: Callable[[], bool], patience: float, is_given_up: Callable[[], bool]) -> bool:
        steps, since = self._steps, time.monotonic()
        while not has_happened():
            if steps != self._steps:
                steps, since = self._steps, time.monotonic()
            if is_given_up() or time.monotonic() - since >= patience:
                return False
        return True

    @property
    def losses(self) -> Losses:
        """What is missing from recordings in this session."""
        lost = self.queue
        return Losses(lost.flushes, lost.lines, lost.others, self._ends)

    @property
    def new_losses(self) -> Losses:
        """The losses since the newest recording started."""
        return self.losses.since(self._lost_before)

    # The recorder's thread.

    def _work(self) -> None:
        from bttop.store.recording.lookback_buffer import LookbackBuffer

        self._lookback_buffer = self._given_buffer or LookbackBuffer()
        while True:
            batch = self._take()
            events = [one for one in batch if one is not None and not callable(one)]
            self._write(events)
            for one in events:
                if isinstance(one, MarkSet) and one.cause == LOST:
                    self._keep(one)
            if not self._unsealed:
                self._unsealed_since = time.monotonic()
            self._unsealed.extend(events)
            is_late = time.monotonic() - self._unsealed_since > NO_LULL
            if len(events) < len(batch) or is_late:
                self._seal(until_news=False)
            elif not batch:
                self._seal(until_news=True)
            self.queue.done(batch)
            self._steps += 1
            for order in batch:
                if order is None:
                    return
                if callable(order):
                    order()
                    self._steps += 1

    def _take(self) -> list[Told]:
        """Return the waiting entries up to and including the first order, which concerns all entries before it. Empty
        after LULL seconds if there are events to seal, or after IDLE_CHECK seconds during a recording."""
        try:
            batch = [self.queue.get(LULL if self._unsealed else None if self._writer is None else IDLE_CHECK)]
        except queue.Empty:
            self._check_place()
            return []
        if self._writer is None and batch[0] is not None and not callable(batch[0]):
            self.queue.gather(GATHER)
        while len(batch) < MOST_AT_ONCE and batch[-1] is not None and not callable(batch[-1]):
            try:
                batch.append(self.queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, events: list[RecordingEvent]) -> None:
        if self._writer is None or self.recording is None or not events:
            return
        try:
            self._writer.write(events)
        except BttopError as error:
            self._fail(error)
            return
        shown = sum(isinstance(one, FlushCompleted) for one in events)
        self.recording = replace(self.recording, size=self._writer.size, flushes=self.recording.flushes + shown)

    def _seal(self, *, until_news: bool) -> None:
        """Pass the unsealed events to the look-back buffer, and write the blocks that it seals in place of their lines.
        `until_news`: stop when an event arrives."""
        found: list[Sealed] = []
        while self._unsealed and not (until_news and not self.queue.is_empty):
            sealed = self._lookback_buffer.take(self._unsealed.popleft())
            found += [] if sealed is None else [sealed]
            if len(found) == MOST_BLOCKS:
                self._write_blocks(found)
                found = []
        if found:
            self._write_blocks(found)

    def _check_place(self) -> None:
        try:
            if self._writer is not None:
                self._writer.check_place()
        except BttopError as error:
            self._fail(error)

    def _write_blocks(self, sealed: Sequence[Sealed]) -> None:
        try:
            if self._writer is not None:
                self._writer.write_blocks(sealed)
        except BttopError as error:
            self._fail(error)

    def _keep(self, mark: MarkSet) -> None:
        self.marks = (*self.marks[1 - MOST_MARKS :], mark)

    def _save(self) -> None:
        if self._writer is not None:
            return
        from bttop.store.recording.snapshot_files import new_snapshot

        try:
            path = new_snapshot(self._name, self.now().wall_ns)
        except BttopError as error:
            self.recording = Recording(Path(), self.now(), failure=error.cause, hint=error.hint)
            self.failed[Path()] = error.cause
            return
        self._start(Recording(path, self.now()), Limits())

    def _start(self, recording: Recording, limits: Limits) -> None:
        from bttop.store.recording.writer import SnapshotWriter

        self._stop_writer()
        self.recording = recording
        self.files.append(recording.path)
        self._lost_before = self.losses
        try:
            self._writer = SnapshotWriter(
                recording.path, self._session, max_bytes=limits.max_bytes, max_age_ns=limits.max_age_ns
            )
            self._writer.begin_with(self._lookback_buffer)
        except BttopError as error:
            self._fail(error)

    def _stop(self) -> None:
        if self._writer is not None:
            self._write_blocks(self._lookback_buffer.seal())
        self._stop_writer()
        if self.recording is not None and not self.recording.failure:
            self.recording = None

    def _fail(self, error: BttopError) -> None:
        """End the recording after an error. The file stays as it is, and the programs continue."""
        self._stop_writer()
        if self.recording is not None:
            self.recording = replace(self.recording, failure=error.cause, hint=error.hint)
            self.failed[self.recording.path] = error.cause

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
