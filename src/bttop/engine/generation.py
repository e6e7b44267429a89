"""One generation of a program: which text runs, what it has said, and whether it is well."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from bttop.engine.attachment import Attachment
from bttop.engine.attempts import Attempt
from bttop.engine.status import Badge, Complaint
from bttop.model.assembler import FlushAssembler
from bttop.model.decode import Decoder
from bttop.model.flush import Flush, Tally
from bttop.model.plan import Plan
from bttop.model.records import Record, StampedLine
from bttop.model.release import Release
from bttop.script.diagnostics import parse_diagnostics, render, undefined_maps
from bttop.script.missing import Missing, refuses_attach_points

SECOND: Final = 1_000_000_000
KEPT_NOTES: Final = 200
SHOWN_NOTES: Final = 5
START_SECONDS: Final = 30
"""Compiling and attaching may take this long before a start counts as hanging: hundreds of probes took 18 s."""
MISSED_INTERVALS: Final = 8
"""Intervals without a heartbeat that make it silent; random skips alone gave gaps of five (bpftrace 0.17)."""
SHORTEST_SILENCE: Final = 8 * SECOND
CONFIRMED: Final = 3 * SECOND
"""A loss of descriptors counts when it has stood for longer than the 2 s between two counts: a bpftrace that is
detaching loses more with every one."""
_SIGNALS: Final = {1: "SIGHUP", 2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM"}
_FROM_OUTSIDE: Final = frozenset({-1, -2, -3, -9, -12, -15})
"""Exit codes that somebody else's signal makes; others are bpftrace's own doing."""


def was_killed(code: int) -> bool:
    """Whether an exit code says that somebody sent a signal, rather than that bpftrace failed."""
    return code in _FROM_OUTSIDE


class Generation:
    """One bpftrace process. Engine thread only."""

    def __init__(
        self,
        id_: int,
        number: int,
        attempt: Attempt,
        *,
        release: Release,
        key_limit: int,
        now: int,
        tells_ready: bool = True,
    ) -> None:
        self.id = id_
        """The tracer's number for it."""
        self.number = number
        """Its number within its program, from 1."""
        self.attempt = attempt
        self.tells_ready = tells_ready
        """Whether it was asked to say when all is attached; sudo may drop the variable that asks."""
        self.started_ns = now
        self.ready_ns: int | None = None
        self.pid: int | None = None
        """Of its process, once it runs."""
        self.executed = False
        """Whether the tracer told that its exec succeeded."""
        self.probes = 0
        self.attachment = Attachment(attempt.prepared, release, attempt.missing)
        self.doomed = False
        """It was told to stop: what it still prints is the last part of an interval."""
        self.silenced = False
        """Its lines are not read any more: it was never on show, or it printed a flood."""
        self.dropped_lines = 0
        self._last_beat: int | None = None
        self._excused_ns = 0
        self._decoder = Decoder(release, self.plan)
        self._assembler = FlushAssembler(self.plan, number, release=release, key_limit=key_limit)
        self._notes: deque[str] = deque(maxlen=KEPT_NOTES)
        self._most: dict[str, int] = {}
        self._missing = ""
        self._missing_since = 0

    @property
    def plan(self) -> Plan:
        return self.attempt.prepared.plan

    @property
    def tally(self) -> Tally:
        return self._assembler.tally

    @property
    def hexadecimal(self) -> bool:
        """The decoder's flag before the next line (see model/decode.py)."""
        return self._decoder.hexadecimal

    @property
    def must_beat(self) -> bool:
        """Whether silence means that something is wrong."""
        return bool(self.plan.heartbeats) and self.attempt.regular

    @property
    def owes_last_flush(self) -> bool:
        """Whether it was attached and has not printed yet what it counted since its last flush."""
        return self.ready_ns is not None and not self.silenced and not self._assembler.is_over

    @property
    def is_fresh(self) -> bool:
        """It has not proved to work: no heartbeat, and nothing after it was attached."""
        return self._last_beat is None

    def take(self, line: StampedLine) -> tuple[Record, Flush | None]:
        """Decode one line; return the record and the flush that it completes, if any."""
        hexadecimal = self._decoder.hexadecimal
        record = self._decoder.decode(line)
        return record, self._beat(self._assembler.feed(record, line, hexadecimal), line.stamp.boot_ns)

    def due(self, now: int) -> Flush | None:
        """The flush that the passing of time completes: for scripts without heartbeat."""
        return self._beat(self._assembler.due(now), now)

    def rest(self, now: int) -> Flush | None:
        """What it printed after its last flush, once it has ended; None where its END block has closed that."""
        return self._beat(self._assembler.end(now + max(SHORTEST_SILENCE, 2 * self.plan.interval_ns)), now)

    def _beat(self, flush: Flush | None, now: int) -> Flush | None:
        if flush is not None and (flush.mark or self.ready_ns is not None):
            self._last_beat = now
        return flush

    @property
    def badges(self) -> tuple[Badge, ...]:
        """The caveats of its text, and of what could not be attached."""
        missing = self.attachment.badge()
        return self.attempt.badges if missing is None else (missing, *self.attempt.badges)

    def read_notes(self) -> None:
        """Look for attach points that bpftrace has named as missing."""
        self.attachment.read(list(self._notes))

    def dispensable(self) -> tuple[Missing, ...]:
        """The attach points for which bpftrace has refused the text, where others are left."""
        if not self.attempt.all_probes:
            return ()
        self.read_notes()
        return () if self.attachment.is_nothing else self.attachment.missing

    def attached_nothing(self) -> Complaint:
        """That bpftrace runs without any of the script's probes, and why."""
        name, missing = self.attempt.source.name, self.attachment.missing
        reasons = dict.fromkeys(f"{one.point}: {one.why}" for one in missing)
        points = ", ".join(dict.fromkeys(one.point for one in missing))
        said = [note for note in self._notes if not note.startswith(("ERROR:", "WARNING:"))][-SHOWN_NOTES:]
        return Complaint(f"{name}: bpftrace attached none of its probes: {points}", (*reasons, *said))

    def ready(self, now: int) -> None:
        """All probes are attached."""
        self.ready_ns = now

    def note(self, text: str) -> None:
        """Keep a line that is meant for people."""
        if text.strip():
            self._notes.append(text)

    def count_descriptors(self, counts: Mapping[str, int], now: int) -> None:
        """A new count of its own kernel descriptors, by kind."""
        self._most |= {kind: max(count, self._most.get(kind, 0)) for kind, count in counts.items()}
        gone = {kind: most - counts.get(kind, 0) for kind, most in self._most.items() if counts.get(kind, 0) < most}
        self._missing = ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items()))
        self._missing_since = now

    def damage(self, now: int) -> str:
        """What it has lost for good, in words; empty when nothing is known to be gone."""
        return self._missing if self._waited(self._missing_since, now) >= CONFIRMED else ""

    def excuse(self, now: int) -> None:
        """It could not be heard until now: no silence from before counts."""
        self._excused_ns = now

    def _waited(self, since: int, now: int) -> int:
        return now - max(since, self._excused_ns)

    def quiet_seconds(self, now: int) -> float:
        """Seconds since its last heartbeat, or since it was ready; only those in which it could be heard."""
        return self._waited(self._last_beat or self.ready_ns or self.started_ns, now) / SECOND

    def attended_seconds(self, now: int) -> float:
        """Seconds since it was ready, or else started; only those in which it could be heard."""
        return self._waited(self.ready_ns or self.started_ns, now) / SECOND

    def overdue(self, now: int) -> bool:
        """Whether it should have sent a heartbeat long ago, or should at least be ready by now."""
        if self.ready_ns is None and self._last_beat is None:
            return self._waited(self.started_ns, now) > START_SECONDS * SECOND + 2 * SECOND * self.probes
        if not self.must_beat:
            return False
        limit = max(SHORTEST_SILENCE, MISSED_INTERVALS * self.plan.interval_ns)
        return self.quiet_seconds(now) * SECOND > limit

    def settled(self, now: int) -> bool:
        """Whether it is attached for an interval, and may never send a heartbeat that would say that it works."""
        is_ready = self.ready_ns is not None and not self.must_beat
        return is_ready and self._waited(self.ready_ns or 0, now) >= self.plan.interval_ns

    def undefined_maps(self) -> frozenset[str]:
        """Flushed maps of the user's script that bpftrace called undefined: it leaves out probes that do not exist
        here, and then nothing fills them."""
        named = undefined_maps(parse_diagnostics(list(self._notes)))
        return frozenset(name for one in named if (name := self.plan.logical(one)) in self.plan.maps)

    def is_refused(self) -> bool:
        """Whether bpftrace has named a place in the text, or an attach point, as wrong: so nothing was attached."""
        notes = list(self._notes)
        return refuses_attach_points(notes) or any(one.is_error and one.line for one in parse_diagnostics(notes))

    def said(self) -> str:
        """The first error that bpftrace has printed; empty when there is none."""
        return next((one.message for one in parse_diagnostics(list(self._notes)) if one.is_error), "")

    def ending(self, code: int) -> str:
        """How the process ended, in words."""
        if code < 0:
            return f"bpftrace was killed by {_SIGNALS.get(-code, f'signal {-code}')}"
        return f"bpftrace ended with exit code {code}"

    def complaint(self, why: str) -> Complaint:
        """Why it ended or was given up, with bpftrace's own message placed in the user's text; `why` when there is
        none."""
        source, prepared = self.attempt.source, self.attempt.prepared
        found = parse_diagnostics(list(self._notes), prepared.original_position)
        lines = [line for one in found if one.is_error for line in render(one, source.name, source.text)]
        if lines:
            return Complaint(lines[0], tuple(lines[1:]))
        return Complaint(
            f"{source.name}: {why}", tuple(note for note in self._notes if _is_telling(note))[-SHOWN_NOTES:]
        )


def _is_telling(note: str) -> bool:
    """Whether a line may have to do with the end: not one of the errors that every start prints."""
    return not note.startswith(("ERROR:", "WARNING:")) or bool(parse_diagnostics([note]))
