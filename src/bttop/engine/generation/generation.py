"""One generation of a program: its candidate, its output and its health."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from bttop.engine.generation.attachment import HookAttachment
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.generation.candidates import Candidate
from bttop.model.flush.flush import Flush, LossCounts
from bttop.model.flush.reader import FlushReader
from bttop.model.plan import Plan
from bttop.model.record.decode import DecodedLine
from bttop.model.record.records import StampedLine
from bttop.model.record.release import Release
from bttop.script.language.reader import Script
from bttop.script.messages.diagnostics import (
    Diagnostic,
    explained,
    no_memory,
    parse_diagnostics,
    refuses_options,
    undefined_maps,
)
from bttop.script.messages.missing_hooks import Missing, refuses_attach_points
from bttop.script.messages.requirements import with_requirements

SECOND: Final = 1_000_000_000
KEPT_NOTES: Final = 200
SHOWN_NOTES: Final = 5
START_SECONDS: Final = 60
"""Maximum seconds to compile and attach before a start counts as hanging: hundreds of probes took 18 s, and five probes
in one process more than 30 s on a host with a load of 12 a CPU."""
MISSED_INTERVALS: Final = 8
"""Intervals without a heartbeat after which it is silent: random skips alone caused gaps of five (bpftrace 0.17)."""
SHORTEST_SILENCE: Final = 8 * SECOND
CONFIRMED: Final = 3 * SECOND
"""A loss of descriptors is confirmed if the counts stay the same for longer than the 2 s between two counts: a bpftrace
that is detaching loses more at each count."""
_MAKE_ROOM: Final = (
    "free memory, raise the limit of bttop's cgroup (memory.max) or of locked memory (ulimit -l), or let the maps "
    "hold fewer keys (max_map_keys in its config block)"
)
_SIGNALS: Final = {1: "SIGHUP", 2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM"}
_CRASHES: Final = ("SIGABRT", "SIGSEGV")
_FROM_OUTSIDE: Final = frozenset({-1, -2, -3, -9, -12, -15})
"""Exit codes for signals that another process has sent; bpftrace causes the other ones."""


def was_killed(code: int) -> bool:
    """Whether an exit code means that another process sent a signal, and not that bpftrace failed."""
    return code in _FROM_OUTSIDE


class Generation:
    """One bpftrace process. Engine thread only."""

    def __init__(
        self,
        id_: int,
        number: int,
        candidate: Candidate,
        *,
        release: Release,
        key_limit: int,
        now: int,
        tells_ready: bool = True,
    ) -> None:
        self.id = id_
        """The tracer's number for it."""
        self.number = number
        """Its number within its program, from 1; 0 for a trial run."""
        self.candidate = candidate
        self.tells_ready = tells_ready
        """Whether it reports when all probes are attached; sudo may drop the environment variable that requests it."""
        self.started_ns = now
        self.ready_ns: int | None = None
        self.pid: int | None = None
        """The id of its process; None before its exec."""
        self.executed = False
        """Whether the tracer reported that its exec succeeded."""
        self.probes = 0
        self._release = release
        self.attachment = HookAttachment(candidate.prepared, release, candidate.missing)
        self.doomed = False
        """It was told to stop: its remaining output is the last part of an interval."""
        self.silenced = False
        """Its output is ignored: it was never shown, attached nothing, or printed a flood."""
        self.dropped_lines = 0
        self._last_beat: int | None = None
        self._excused_ns = 0
        self._reader = FlushReader(release, self.plan, number, key_limit=key_limit)
        self._notes: deque[str] = deque(maxlen=KEPT_NOTES)
        self._most: dict[str, int] = {}
        self._missing = ""
        self._missing_since = 0

    @property
    def plan(self) -> Plan:
        return self.candidate.prepared.plan

    def executed_as(self, pid: int) -> None:
        """Store that its exec succeeded."""
        self.executed = True
        self.pid = pid

    def count_probes(self, probes: int) -> None:
        """Store bpftrace's count of its probes."""
        self.probes = probes
        self.attachment.count(probes)

    def drop(self, lines: int) -> None:
        """Store how many of its lines the tracer has dropped since its start."""
        self.dropped_lines = lines

    def doom(self) -> None:
        """Mark it as told to stop."""
        self.doomed = True

    def silence(self) -> None:
        """Ignore its output from now on."""
        self.silenced = True

    @property
    def tally(self) -> LossCounts:
        return self._reader.tally

    @property
    def must_beat(self) -> bool:
        """Whether silence means that something is wrong."""
        return bool(self.plan.heartbeats) and self.candidate.regular

    @property
    def owes_last_flush(self) -> bool:
        """Whether it was attached and has not yet printed its counts since its last flush."""
        return self.ready_ns is not None and not self.silenced and not self._reader.is_over

    @property
    def is_fresh(self) -> bool:
        """Whether it has not yet shown that it works: no heartbeat, and no flush since it was attached."""
        return self._last_beat is None

    def take(self, line: StampedLine) -> tuple[DecodedLine, Flush | None]:
        """Decode the next line; return it with the flush that it completes, if any."""
        decoded, flush = self._reader.take(line)
        return decoded, self._beat(flush, line.stamp.boot_ns)

    def due(self, now: int) -> Flush | None:
        """The flush that is complete by now because its script has no heartbeat; None if there is none."""
        return self._beat(self._reader.due(now), now)

    def rest(self, now: int) -> Flush | None:
        """The output after its last flush, for a process that has ended; None if its END block completed that flush."""
        return self._beat(self._reader.end(now + max(SHORTEST_SILENCE, 2 * self.plan.interval_ns)), now)

    def _beat(self, flush: Flush | None, now: int) -> Flush | None:
        if flush is not None and (flush.mark or self.ready_ns is not None):
            self._last_beat = now
        return flush

    @property
    def badges(self) -> tuple[Badge, ...]:
        """The badges of its text and of its missing attach points."""
        missing = self.attachment.badge()
        return self.candidate.badges if missing is None else (missing, *self.candidate.badges)

    def read_notes(self) -> None:
        """Look for missing attach points in the kept messages."""
        self.attachment.read(list(self._notes))

    def dispensable(self) -> tuple[Missing, ...]:
        """The missing attach points for which bpftrace has refused the text, if it has others that are not missing."""
        if not self.candidate.all_probes:
            return ()
        self.read_notes()
        return () if self.attachment.is_nothing else self.attachment.missing

    def attached_nothing(self) -> Complaint:
        """The complaint that bpftrace has attached none of the script's probes, with the reasons."""
        name, missing = self.candidate.source.name, self.attachment.missing
        reasons = dict.fromkeys(f"{one.point}: {one.why}" for one in missing)
        points = ", ".join(dict.fromkeys(one.point for one in missing))
        said = [note for note in self._notes if not note.startswith(("ERROR:", "WARNING:"))][-SHOWN_NOTES:]
        return Complaint(f"{name}: bpftrace attached none of its probes: {points}", (*reasons, *said))

    def ready(self, now: int) -> None:
        """Store that all probes are attached."""
        self.ready_ns = now

    def note(self, text: str) -> None:
        """Keep a message of bpftrace."""
        if text.strip():
            self._notes.append(text)

    def count_descriptors(self, counts: Mapping[str, int], now: int) -> None:
        """Store a new count of its kernel descriptors, by kind."""
        self._most |= {kind: max(count, self._most.get(kind, 0)) for kind, count in counts.items()}
        gone = {kind: most - counts.get(kind, 0) for kind, most in self._most.items() if counts.get(kind, 0) < most}
        self._missing = ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items()))
        self._missing_since = now

    def damage(self, now: int) -> str:
        """The descriptors that it has lost, as text; empty if no loss is confirmed."""
        return self._missing if self._waited(self._missing_since, now) >= CONFIRMED else ""

    def excuse(self, now: int) -> None:
        """Its output could not be received until `now`: do not count silence before it."""
        self._excused_ns = now

    def _waited(self, since: int, now: int) -> int:
        return now - max(since, self._excused_ns)

    def quiet_seconds(self, now: int) -> float:
        """Seconds since its last heartbeat, else since it was ready or started; without the time before `excuse`."""
        return self._waited(self._last_beat or self.ready_ns or self.started_ns, now) / SECOND

    def attended_seconds(self, now: int) -> float:
        """Seconds since it was ready, else since it was started; without the time before `excuse`."""
        return self._waited(self.ready_ns or self.started_ns, now) / SECOND

    def overdue(self, now: int) -> bool:
        """Whether its heartbeat is missing for too long, or it is not ready in time."""
        if self.ready_ns is None and self._last_beat is None:
            return self._waited(self.started_ns, now) > START_SECONDS * SECOND + 2 * SECOND * self.probes
        if not self.must_beat:
            return False
        limit = max(SHORTEST_SILENCE, MISSED_INTERVALS * self.plan.interval_ns)
        return self.quiet_seconds(now) * SECOND > limit

    def settled(self, now: int) -> bool:
        """Whether it is attached for at least one interval and need not send a heartbeat."""
        is_ready = self.ready_ns is not None and not self.must_beat
        return is_ready and self._waited(self.ready_ns or 0, now) >= self.plan.interval_ns

    def undefined_maps(self) -> frozenset[str]:
        """Flushed maps of the user's script that bpftrace reports as undefined: it leaves out probes that do not exist
        here, and then nothing fills these maps."""
        named = undefined_maps(parse_diagnostics(list(self._notes)))
        return frozenset(name for one in named if (name := self.plan.logical(one)) in self.plan.maps)

    def is_refused(self) -> bool:
        """Whether bpftrace has refused the text, an option of the script or an attach point: nothing is attached."""
        notes = list(self._notes)
        refused = refuses_attach_points(notes) or refuses_options(notes)
        return refused or any(one.is_error and one.line for one in parse_diagnostics(notes))

    def no_memory(self) -> str:
        """Why the kernel has not created its maps, if memory may be short; else empty."""
        return no_memory(self._notes)

    def said(self) -> str:
        """The first error that bpftrace has printed; empty if none."""
        return next((one.message for one in parse_diagnostics(list(self._notes)) if one.is_error), "")

    def ending(self, code: int) -> str:
        """How the process ended, as text."""
        if code < 0:
            return f"bpftrace was killed by {_SIGNALS.get(-code, f'signal {-code}')}"
        return f"bpftrace ended with exit code {code}"

    def why_ended(self) -> str:
        """Why it ended with exit code 0: the script called exit(), or a signal arrived."""
        if self.candidate.prepared.exits:
            return "the script ended by itself"
        return "bpftrace received a SIGINT or SIGTERM from outside bttop"

    def complaint(self, why: str) -> Complaint:
        """Why it ended or was given up: bpftrace's error with its position in the user's text, or `why` if there is no
        error."""
        source = self.candidate.source
        if shortage := self.no_memory():
            return Complaint(f"{source.name}: the kernel did not create its maps ({shortage})", (_MAKE_ROOM,))
        lines = explained(self._errors(crashed=why.endswith(_CRASHES)), source.name, source.text)
        if lines:
            return Complaint(lines[0], tuple(lines[1:]))
        return Complaint(
            f"{source.name}: {why}", tuple(note for note in self._notes if _is_telling(note))[-SHOWN_NOTES:]
        )

    def _errors(self, *, crashed: bool) -> list[Diagnostic]:
        """bpftrace's errors, with what this release lacks if it has refused the script: some releases crash then."""
        script, prepared = self.candidate.source.script, self.candidate.prepared
        found = [one for one in parse_diagnostics(list(self._notes), prepared.original_position) if one.is_error]
        if self.ready_ns is not None or not isinstance(script, Script) or not (found or crashed):
            return found
        return with_requirements(found, script, self._release)


def _is_telling(note: str) -> bool:
    """Whether a message may explain the end: ERROR and WARNING lines only if they are diagnostics, as every start
    prints some that are not."""
    return not note.startswith(("ERROR:", "WARNING:")) or bool(parse_diagnostics([note]))
