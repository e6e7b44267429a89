"""The recorder: observes the programs, keeps the last minutes in memory, and writes snapshots on request. It works on
its own thread, so a slow disk delays no line."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.generation.badge import Badge
from bttop.engine.generation.generation import Generation
from bttop.engine.host.own_clock import own_clock
from bttop.engine.program.observer import Observer
from bttop.engine.program.program import Program
from bttop.engine.recording.losses import Losses, cut_text
from bttop.engine.recording.recorder_queue import RecorderQueue, Told
from bttop.engine.recording.recording import Limits, Recording
from bttop.errors import BttopError
from bttop.model.flush.flush import Flush
from bttop.model.record.decode import DecodedLine
from bttop.model.record.records import Stamp, StampedLine
from bttop.store.snapshot.facts import Facts
from bttop.store.snapshot.recording_events import (
    BTTOP,
    LOST,
    CaveatsChanged,
    CostSampled,
    FlushCompleted,
    GenerationEnded,
    GenerationStarted,
    LineReceived,
    MarkSet,
    ProcessSeen,
    ProgramAdded,
    RecordingEvent,
    StatusChanged,
)

if TYPE_CHECKING:
    from bttop.engine.tracer.stop_detector import Gap
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


def _words(badges: tuple[Badge, ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(badge.text, badge.why) for badge in badges])


class Recorder(Observer):
    """Fills the look-back buffer from the start, and records on request. Requests may come from any thread."""

    def __init__(
        self,
        facts: Facts,
        lookback_buffer: LookbackBuffer | None = None,
        *,
        at_once: bool = True,
        queue: RecorderQueue | None = None,
        clock: Callable[[], Stamp] = own_clock,
    ) -> None:
        """If not `at_once`, events wait until `begin`: the recorder's thread imports SQLite and zstd, which would delay
        the first frame. `clock` returns the time on the clocks of the host."""
        self.now = clock
        self.facts = facts
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
        self._programs: dict[Program, int] = {}
        self._states: dict[Program, tuple[str, str, str]] = {}
        self._newest: dict[int, StampedLine] = {}
        """The newest line of each generation."""
        self._badges: dict[int, tuple[Badge, ...]] = {}
        """The badges of generations whose badges differ from those of their candidate."""
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
        mark = MarkSet(stamp or self.now(), cause, note)
        self.queue.put(mark)
        self.queue.put(lambda: self._keep(mark))

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        """Record an entry of the cost ledger; None for `program` means bttop itself."""
        self.queue.put(CostSampled(BTTOP if program is None else self._programs[program], self.now(), cost))

    def met(self, pid: int, facts: Mapping[str, object]) -> None:
        """Record the facts of a process."""
        self.queue.put(ProcessSeen(pid, self.now(), facts))

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

    # Observer. Engine thread.

    def added(self, program: Program) -> None:
        self._programs[program] = len(self._programs) + 1
        self.queue.put(ProgramAdded(self._programs[program], program.name))

    def begun(self, program: Program, generation: Generation) -> None:
        candidate = generation.candidate
        pin = program.settings.pin
        event = GenerationStarted(
            generation.id,
            self._programs[program],
            generation.number,
            candidate.source.name,
            candidate.source.text,
            candidate.prepared.text,
            tuple(candidate.prepared.args),
            generation.plan,
            "" if pin is None else pin.condition,
            _words(candidate.badges),
            self.now(),
        )
        self.queue.put(event)

    def came(self, generation: Generation, decoded: DecodedLine) -> None:
        self._newest[generation.id] = decoded.line
        self.queue.put(LineReceived(decoded.line, decoded.hexadecimal))

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:  # noqa: ARG002
        if flush.lines:
            last = flush.lines[-1]
            # The newest line may also belong to no flush; it is then before or after the end of this one.
            rest = int(self._newest.get(generation.id) is not last)
            untimed = 0 if flush.mark else flush.number
            self.queue.put(FlushCompleted(generation.id, Stamp(flush.end_ns, flush.wall_ns), last.stamp, rest, untimed))

    def ended(self, generation: Generation) -> None:
        self._newest.pop(generation.id, None)
        self._badges.pop(generation.id, None)
        self.queue.put(GenerationEnded(generation.id))

    def changed(self, program: Program) -> None:
        self._note_badges(program)
        status = program.status
        complaint = status.complaint
        said = "" if complaint is None else "\n".join([complaint.title, *complaint.lines])
        news = (status.state.value, status.reason, said)
        if self._states.get(program) != news and program in self._programs:
            self._states[program] = news
            self.queue.put(StatusChanged(self._programs[program], self.now(), *news))

    def missed(self, gap: Gap) -> None:
        self.mark(gap.text, "stopped", gap.end)

    def cut(self, program: Program, why: str) -> None:
        self.queue.put(MarkSet(self.now(), LOST, cut_text(program.name, why)))
        if self.recording is not None and not self.recording.failure:
            self._ends = {**self._ends, program.name: self._ends.get(program.name, 0) + 1}

    def _note_badges(self, program: Program) -> None:
        for generation in program.generations():
            badges = generation.badges
            if badges != self._badges.get(generation.id, generation.candidate.badges):
                self._badges[generation.id] = badges
                self.queue.put(CaveatsChanged(generation.id, _words(badges)))

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
            path = new_snapshot(self.facts.host, self.now().wall_ns)
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
            facts = self.facts.as_text()
            self._writer = SnapshotWriter(
                recording.path, facts, max_bytes=limits.max_bytes, max_age_ns=limits.max_age_ns
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
