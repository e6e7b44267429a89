"""One bpftrace process as the engine knows it: what it runs, what it has said, and whether it is well."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from bttop.engine.attempts import Attempt
from bttop.engine.status import Complaint
from bttop.model.decode import Decoder
from bttop.model.flush import Flush, FlushAssembler, Tally
from bttop.model.plan import Plan
from bttop.model.records import Oversized, Record, StampedLine
from bttop.model.release import Release
from bttop.script.diagnostics import parse_diagnostics, render

SECOND = 1_000_000_000
KEPT_NOTES = 200
START_SECONDS = 30
"""Compiling and attaching may take this long before a start counts as hanging: hundreds of probes took 18 s."""
SHORTEST_SILENCE = 8 * SECOND
_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM"}


class Generation:
    """One bpftrace process. Engine thread only."""

    def __init__(self, id_: int, number: int, attempt: Attempt, *, release: Release, key_limit: int, now: int) -> None:
        self.id = id_
        """The tracer's number for it."""
        self.number = number
        """Its number within its program, from 1."""
        self.attempt = attempt
        self.started_ns = now
        self.ready_ns: int | None = None
        self.probes = 0
        self.doomed = False
        """It was told to stop: whatever it still says is not shown."""
        self.dropped_lines = 0
        self._last_beat: int | None = None
        self._decoder = Decoder(release, self.plan)
        self._assembler = FlushAssembler(self.plan, number, release=release, key_limit=key_limit)
        self._notes: deque[str] = deque(maxlen=KEPT_NOTES)
        self._descriptors: dict[str, int] = {}

    @property
    def plan(self) -> Plan:
        return self.attempt.prepared.plan

    @property
    def tally(self) -> Tally:
        return self._assembler.tally

    @property
    def is_fresh(self) -> bool:
        """No flush has come from it yet."""
        return self._last_beat is None

    def take(self, line: StampedLine) -> tuple[Record, Flush | None]:
        """The record that a line is, and the flush that it completes, if it does."""
        hexadecimal = self._decoder.hexadecimal
        record = self._decoder.decode(line)
        flush = self._assembler.feed(record, line, hexadecimal)
        if flush is not None:
            self._last_beat = line.stamp.boot_ns
        return record, flush

    def due(self, now: int) -> Flush | None:
        """The flush that the passing of time completes: for scripts without heartbeat."""
        flush = self._assembler.due(now)
        if flush is not None:
            self._last_beat = now
        return flush

    def ready(self, now: int) -> None:
        """All probes are attached."""
        self.ready_ns = now

    def note(self, text: str) -> None:
        """Keep a line that is meant for people."""
        if text.strip():
            self._notes.append(text)

    def oversized(self, record: Oversized) -> None:
        """Count a line that was too long to keep."""
        self.note(f"a line of {record.size:,} bytes was left out")
        self._assembler.feed(record, StampedLine(self.id, "stdout", record.stamp, b""))

    def missing_descriptors(self, counts: Mapping[str, int]) -> str:
        """What is gone since the first count after readiness, in words; empty when nothing is."""
        before, self._descriptors = (
            self._descriptors,
            {kind: max(count, self._descriptors.get(kind, 0)) for kind, count in counts.items()},
        )
        gone = {kind: most - counts.get(kind, 0) for kind, most in before.items() if counts.get(kind, 0) < most}
        return ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items()))

    def quiet_seconds(self, now: int) -> float:
        """Seconds since its last heartbeat, or since it was ready."""
        since = self._last_beat or self.ready_ns or self.started_ns
        return (now - since) / SECOND

    def overdue(self, now: int, intervals: int) -> bool:
        """Whether it should have sent a heartbeat long ago, or should at least be ready by now."""
        if self.ready_ns is None and self._last_beat is None:
            return now - self.started_ns > START_SECONDS * SECOND + 2 * SECOND * self.probes
        if not self.plan.heartbeats:
            return False
        limit = max(SHORTEST_SILENCE, intervals * self.plan.interval_ns)
        return self.quiet_seconds(now) * SECOND > limit

    def ending(self, code: int) -> str:
        """How the process ended, in words."""
        if code < 0:
            return f"bpftrace was killed by {_SIGNALS.get(-code, f'signal {-code}')}"
        return f"bpftrace ended with exit code {code}"

    def complaint(self, code: int) -> Complaint:
        """Why it ended, with bpftrace's own message placed in the user's text."""
        source, prepared = self.attempt.source, self.attempt.prepared
        found = parse_diagnostics(list(self._notes), prepared.original_position)
        errors = [one for one in found if one.is_error] or list(found)
        lines = [line for one in errors for line in render(one, source.name, source.text)]
        lines = lines or [note for note in self._notes if note.strip()]
        if lines:
            return Complaint(lines[0], tuple(lines[1:]))
        return Complaint(f"{source.name}: {self.ending(code)}")
