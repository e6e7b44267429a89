"""The recorder: follows the programs, keeps the last minutes, and writes a snapshot while it is asked to. All of it on
a thread of its own: a disk that is slow delays no line."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bttop import __version__
from bttop.engine import launch
from bttop.engine.generation import Generation
from bttop.engine.host import Bpftrace, Host
from bttop.engine.intake import Intake, Told
from bttop.engine.losses import Losses, cut_text
from bttop.engine.observer import Observer
from bttop.engine.program import Program
from bttop.engine.status import Badge
from bttop.errors import BttopError
from bttop.model.flush import Flush
from bttop.model.records import Stamp, StampedLine
from bttop.store.facts import Facts
from bttop.store.happenings import (
    BTTOP,
    LOST,
    Added,
    Badged,
    Begun,
    Came,
    Changed,
    Ended,
    Happening,
    Marked,
    Met,
    Shown,
    Spent,
)

if TYPE_CHECKING:
    from bttop.engine.attention import Gap
    from bttop.store.journal import Journal, Sealed
    from bttop.store.writer import SnapshotWriter

MOST_AT_ONCE = 500
"""Happenings that go into one transaction."""
LOOK = 0.05
"""Seconds between two looks at the progress of what is waited for."""
IDLE_CHECK = 1.0
"""Seconds without news between two looks at the place of the file."""
MOST_BLOCKS = 4
"""Sealed blocks that go into one transaction."""
LULL = 0.05
"""Seconds without news: then blocks are sealed, each of which takes as long and would hold lines up."""
NO_LULL = 1.0
"""Seconds after which blocks are sealed amid the news."""
MOST_MARKS = 1_000
"""Marks that can be found again without a recording."""


@dataclass(frozen=True, slots=True)
class Recording:
    """How a recording stands."""

    path: Path
    since: Stamp
    """When it was asked for; what it holds may begin earlier."""
    size: int = 0
    """Bytes, the log beside the file included."""
    flushes: int = 0
    failure: str = ""
    """Why it has ended by itself; empty while it goes on."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a recording may grow to; 0 is without limit."""

    max_bytes: int = 0
    max_age_ns: int = 0


def now() -> Stamp:
    """This moment on both clocks."""
    return Stamp(time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns())


def _words(badges: tuple[Badge, ...]) -> tuple[tuple[str, str], ...]:
    return tuple([(badge.text, badge.why) for badge in badges])


def facts_of(host: Host, bpftrace: Bpftrace, command: str = "") -> Facts:
    """The facts of this session."""
    return Facts(
        host=host.name,
        kernel=host.kernel,
        machine=host.machine,
        cpus=host.cpus,
        release=bpftrace.release,
        bttop=__version__,
        key_limit=launch.map_keys(host.cpus),
        command=command,
    )


class Recorder(Observer):
    """Keeps hindsight from the beginning and records on demand. What is asked may be asked from any thread."""

    def __init__(
        self, facts: Facts, journal: Journal | None = None, *, at_once: bool = True, intake: Intake | None = None
    ) -> None:
        """What comes before `begin` waits, when not `at_once`: SQLite and zstd are imported on the recorder's thread,
        and must not delay a first frame."""
        self.facts = facts
        self.recording: Recording | None = None
        """The recording that goes on or that failed; None when there is none."""
        self.files: list[Path] = []
        """Every file that was begun."""
        self.failed: dict[Path, str] = {}
        """Why the recordings that ended by themselves did."""
        self.marks: tuple[Marked, ...] = ()
        """The marks of this session, in the order in which they were set."""
        self._given_journal = journal
        self._writer: SnapshotWriter | None = None
        self.intake = Intake() if intake is None else intake
        self._steps = 0
        """Grows whenever something has been kept or written."""
        self._unsealed: deque[Happening] = deque()
        """What the journal has not taken yet; a recording holds it already."""
        self._unsealed_since = 0.0
        """When the oldest of it came, on time.monotonic()."""
        self._programs: dict[Program, int] = {}
        self._states: dict[Program, tuple[str, str, str]] = {}
        self._newest: dict[int, StampedLine] = {}
        """The newest line of each generation."""
        self._badges: dict[int, tuple[Badge, ...]] = {}
        """Of generations that have others than their text had."""
        self._ends: Mapping[str, int] = {}
        """See `Losses.ends`; those while something was recorded."""
        self._lost_before = Losses()
        """Before the newest recording began."""
        self._thread: threading.Thread | None = None
        if at_once:
            self.begin()

    # Asked by others.

    def begin(self) -> None:
        """Take in what waits and what comes; may be repeated."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()

    def start(self, path: Path, limits: Limits | None = None) -> None:
        """Record into a file that is there and empty, beginning with what is kept. Returns at once."""
        limits = limits or Limits()
        recording = self.recording = Recording(path, now())
        self.intake.put(lambda: self._start(recording, limits))

    def save(self) -> None:
        """Record into a new file of the usual place, unless a recording goes on. The file is made on the recorder's
        thread: whoever asks must not wait for a disk."""
        self.intake.put(self._save)

    def stop(self) -> None:
        """End the recording; the file is whole when `wait` returns."""
        self.intake.put(self._stop)

    def mark(self, note: str, cause: str = "user", stamp: Stamp | None = None) -> None:
        """Set a mark."""
        mark = Marked(stamp or now(), cause, note)
        self.intake.put(mark)
        self.intake.put(lambda: self._keep(mark))

    def spent(self, program: Program | None, cost: Mapping[str, float]) -> None:
        """An entry of the cost ledger; without a program that of the session."""
        self.intake.put(Spent(BTTOP if program is None else self._programs[program], now(), cost))

    def met(self, pid: int, facts: Mapping[str, object]) -> None:
        """Who a process was."""
        self.intake.put(Met(pid, now(), facts))

    def tell(self, happening: Happening) -> None:
        """Something that happened, as it is kept."""
        self.intake.put(happening)

    def wait(self, patience: float = math.inf, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        """Wait until everything that was told before is kept or written, as long as some of it is within each so many
        seconds; whether it was."""
        done = threading.Event()
        self.intake.put(done.set)
        return self._await(lambda: done.wait(LOOK), patience, is_given_up)

    def close(self, patience: float = 5.0, is_given_up: Callable[[], bool] = lambda: False) -> bool:
        """End the recording and the thread; whether everything was written before it was given up."""
        self.stop()
        self.intake.put(None)
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
        """What no recording holds."""
        lost = self.intake
        return Losses(lost.flushes, lost.lines, lost.others, self._ends)

    @property
    def new_losses(self) -> Losses:
        """What was lost since the newest recording began."""
        return self.losses.since(self._lost_before)

    # Told by the engine.

    def added(self, program: Program) -> None:
        self._programs[program] = len(self._programs) + 1
        self.intake.put(Added(self._programs[program], program.name))

    def begun(self, program: Program, generation: Generation) -> None:
        attempt = generation.attempt
        pin = program.settings.pin
        happening = Begun(
            generation.id,
            self._programs[program],
            generation.number,
            attempt.source.name,
            attempt.source.text,
            attempt.prepared.text,
            tuple(attempt.prepared.args),
            generation.plan,
            "" if pin is None else pin.condition,
            _words(attempt.badges),
            now(),
        )
        self.intake.put(happening)

    def came(self, generation: Generation, line: StampedLine) -> None:
        self._newest[generation.id] = line
        self.intake.put(Came(line, generation.hexadecimal))

    def flushed(self, program: Program, generation: Generation, flush: Flush) -> None:  # noqa: ARG002
        if flush.lines:
            last = flush.lines[-1]
            # A line that belongs to no flush may come last as well; it may stand before or after the border.
            rest = int(self._newest.get(generation.id) is not last)
            untimed = 0 if flush.mark else flush.number
            self.intake.put(Shown(generation.id, Stamp(flush.end_ns, flush.wall_ns), last.stamp, rest, untimed))

    def ended(self, generation: Generation) -> None:
        self._newest.pop(generation.id, None)
        self._badges.pop(generation.id, None)
        self.intake.put(Ended(generation.id))

    def changed(self, program: Program) -> None:
        self._note_badges(program)
        status = program.status
        complaint = status.complaint
        said = "" if complaint is None else "\n".join([complaint.title, *complaint.lines])
        news = (status.state.value, status.reason, said)
        if self._states.get(program) != news and program in self._programs:
            self._states[program] = news
            self.intake.put(Changed(self._programs[program], now(), *news))

    def missed(self, gap: Gap) -> None:
        self.mark(gap.text, "stopped", gap.end)

    def cut(self, program: Program, why: str) -> None:
        self.intake.put(Marked(now(), LOST, cut_text(program.name, why)))
        if self.recording is not None and not self.recording.failure:
            self._ends = {**self._ends, program.name: self._ends.get(program.name, 0) + 1}

    def _note_badges(self, program: Program) -> None:
        for generation in program.generations():
            badges = generation.badges
            if badges != self._badges.get(generation.id, generation.attempt.badges):
                self._badges[generation.id] = badges
                self.intake.put(Badged(generation.id, _words(badges)))

    # On the recorder's thread.

    def _work(self) -> None:
        from bttop.store.journal import Journal

        self._journal = self._given_journal or Journal()
        while True:
            batch = self._take()
            happenings = [one for one in batch if one is not None and not callable(one)]
            self._write(happenings)
            for one in happenings:
                if isinstance(one, Marked) and one.cause == LOST:
                    self._keep(one)
            if not self._unsealed:
                self._unsealed_since = time.monotonic()
            self._unsealed.extend(happenings)
            is_late = time.monotonic() - self._unsealed_since > NO_LULL
            if len(happenings) < len(batch) or is_late:
                self._seal(until_news=False)
            elif not batch:
                self._seal(until_news=True)
            self.intake.done(batch)
            self._steps += 1
            for order in batch:
                if order is None:
                    return
                if callable(order):
                    order()
                    self._steps += 1

    def _take(self) -> list[Told]:
        """What waits: up to and with the first order, since that is about all that was told before it. Nothing in a
        lull, while there is something to seal."""
        try:
            batch = [self.intake.get(LULL if self._unsealed else None if self._writer is None else IDLE_CHECK)]
        except queue.Empty:
            self._check_place()
            return []
        while len(batch) < MOST_AT_ONCE and batch[-1] is not None and not callable(batch[-1]):
            try:
                batch.append(self.intake.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, happenings: list[Happening]) -> None:
        if self._writer is None or self.recording is None or not happenings:
            return
        try:
            self._writer.write(happenings)
        except BttopError as error:
            self._fail(error)
            return
        shown = sum(isinstance(one, Shown) for one in happenings)
        self.recording = replace(self.recording, size=self._writer.size, flushes=self.recording.flushes + shown)

    def _seal(self, *, until_news: bool) -> None:
        """Let the journal take what it has not taken, and put the blocks that it seals in the place of their lines."""
        found: list[Sealed] = []
        while self._unsealed and not (until_news and not self.intake.is_empty):
            sealed = self._journal.take(self._unsealed.popleft())
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

    def _keep(self, mark: Marked) -> None:
        self.marks = (*self.marks[1 - MOST_MARKS :], mark)

    def _save(self) -> None:
        if self._writer is not None:
            return
        from bttop.store.places import new_snapshot

        try:
            path = new_snapshot(self.facts.host, now().wall_ns)
        except BttopError as error:
            self.recording = Recording(Path(), now(), failure=error.cause, hint=error.hint)
            self.failed[Path()] = error.cause
            return
        self._start(Recording(path, now()), Limits())

    def _start(self, recording: Recording, limits: Limits) -> None:
        from bttop.store.writer import SnapshotWriter

        self._stop_writer()
        self.recording = recording
        self.files.append(recording.path)
        self._lost_before = self.losses
        try:
            facts = self.facts.as_text()
            self._writer = SnapshotWriter(
                recording.path, facts, max_bytes=limits.max_bytes, max_age_ns=limits.max_age_ns
            )
            self._writer.begin_with(self._journal)
        except BttopError as error:
            self._fail(error)

    def _stop(self) -> None:
        if self._writer is not None:
            self._write_blocks(self._journal.seal())
        self._stop_writer()
        if self.recording is not None and not self.recording.failure:
            self.recording = None

    def _fail(self, error: BttopError) -> None:
        """The recording ends, the file stays as it is, and the programs go on."""
        self._stop_writer()
        if self.recording is not None:
            self.recording = replace(self.recording, failure=error.cause, hint=error.hint)
            self.failed[self.recording.path] = error.cause

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
