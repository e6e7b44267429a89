"""Replays a recording as a session with the same programs, states and flushes, without root or bpftrace."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.cost import Bill, Cost, together
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.generation.candidates import Source
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.host.own_clock import own_clock
from bttop.engine.host.process.recorded_processes import RecordedProcesses
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.model.flush.flush import LossCounts
from bttop.model.plan import Plan
from bttop.model.record.records import FOREVER, Stamp
from bttop.script.language.reader import read
from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.process.pin import Pin
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.frame_names import RecordedFrameNames
from bttop.store.snapshot.generations import RecordedGeneration
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import BTTOP, MarkSet, StatusChanged
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import empty

if TYPE_CHECKING:
    from bttop.engine.session import AnyProgram, ProcessSource

_KEPT_SOURCES = 64
"""Maximum parsed scripts in the cache: parsing one takes about 1 ms, and each step in time needs it."""


class RecordedProgram:
    """A program of a recording. `history` reads from the file."""

    def __init__(self, snapshot: Snapshot, recorded: ProgramRow) -> None:
        self.name = recorded.name
        self.host = recorded.host.name if len(snapshot.hosts) > 1 else ""
        """The host on which it ran; empty if the recording is of one host only."""
        self.history = RecordedHistory(snapshot, recorded.id)
        self.tally = LossCounts()
        """Always zero: a recording holds losses with the flushes that they affect, not as a sum."""
        self._snapshot = snapshot
        self._recorded = recorded
        own = (one for one in snapshot.generations.values() if one.program == recorded.id)
        self._generations = sorted(own, key=lambda one: one.begun.boot_ns)

    def page(self, boot_ns: int | None = None) -> PastStatus:
        """The program at a moment of CLOCK_BOOTTIME, in ns; None: at the end."""
        moment = FOREVER if boot_ns is None else boot_ns
        generation = self._generation(moment)
        states = self._snapshot.states(self._recorded.id, moment)
        status = _status(states[-1] if states else None, generation)
        cost = cost_at(self._snapshot, self._recorded.host.id, self._recorded.id, boot_ns) if status.running else None
        if generation is None:
            return PastStatus(status, Plan(), cost=cost)
        return PastStatus(status, generation.plan, (_source(generation),), read_pin(generation.pin), cost)

    def _generation(self, moment: int) -> RecordedGeneration | None:
        """The generation on screen at a moment: the last one that had shown a flush; before any flush, the last one
        that had started."""
        shown = [one for one in self._generations if one.first_shown_ns is not None and one.first_shown_ns <= moment]
        begun = [one for one in self._generations if one.begun.boot_ns <= moment]
        return next(iter([*shown[-1:], *begun[-1:], *self._generations[:1]]), None)


class ReplaySession:
    """An open snapshot as the dashboard's session."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Raises CannotReview if the snapshot holds no output."""
        self._recorded = tuple([RecordedProgram(snapshot, one) for one in snapshot.programs])
        self.programs: tuple[AnyProgram, ...] = self._recorded if len(snapshot.hosts) == 1 else _merged(self._recorded)
        span = extent(snapshot, [one.history for one in self._recorded])
        if span is None or not self.programs:
            raise empty(snapshot.path, snapshot.problems)
        self.snapshot = snapshot
        self.host = _host_of(snapshot.hosts)
        """Several hosts as one."""
        self.bpftrace = Bpftrace("", snapshot.hosts[0].facts.release)
        self.bridge = EngineBridge()
        self.tracing = None
        self.error: BaseException | None = None
        self.begin, self.end = span
        self.marks: tuple[MarkSet, ...] = snapshot.marks()

    def processes(self) -> ProcessSource:
        """The recorded processes."""
        found = {host.name: RecordedProcesses(self.snapshot.processes(host.id)) for host in self.snapshot.hosts}
        if len(found) == 1:
            return next(iter(found.values()))
        from bttop.engine.hosts.host_processes import HostProcesses  # only for several hosts

        return HostProcesses(found)

    def frame_names(self) -> RecordedFrameNames:
        """The recorded names of user addresses; none in a recording of several hosts, where an address is one of
        each."""
        hosts = self.snapshot.hosts
        return self.snapshot.frame_names(hosts[0].id) if len(hosts) == 1 else RecordedFrameNames(())

    @property
    def problems(self) -> list[str]:
        """The parts of the file that could not be read, in sentences."""
        return self.snapshot.problems

    def now(self) -> Stamp:
        """The clocks of this host."""
        return own_clock()

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all programs and bttop cost at a moment of CLOCK_BOOTTIME, in ns; None: at the end. Of several hosts the
        one where it costs most. Returns None if the cost ledger has no entry of a program."""
        bills = [self._bill_of(host, boot_ns) for host in self.snapshot.hosts]
        return max([bill for bill in bills if bill is not None], key=lambda bill: bill.percent or 0.0, default=None)

    def _bill_of(self, host: RecordedHost, boot_ns: int | None) -> Bill | None:
        own = [one for one in self._recorded if one.host in ("", host.name)]
        known = [cost for one in own if (cost := one.page(boot_ns).cost) is not None]
        spent = cost_at(self.snapshot, host.id, BTTOP, boot_ns) or Cost()
        return Bill(together(known), spent, max(1, host.facts.cpus)) if known else None

    def touch(self) -> None:
        """Does nothing: a recording costs nothing while the user is idle."""

    def at_full_speed(self) -> None:
        """Does nothing: no program runs."""

    def close(self) -> None:
        """Close the file."""
        self.snapshot.close()

    def kill(self) -> None:
        """Does nothing: no process runs, and the file is only read, by another thread."""


def _merged(programs: Sequence[RecordedProgram]) -> tuple[AnyProgram, ...]:
    from bttop.engine.recording.recorded_hosts import merged_programs  # only for several hosts

    return merged_programs(programs)


def _host_of(hosts: Sequence[RecordedHost]) -> Host:
    facts = [one.facts for one in hosts]
    found = [Host(one.name, one.kernel, one.machine, one.cpus, None, one.devices) for one in facts]
    if len(found) == 1:
        return found[0]
    from bttop.engine.hosts.as_one import as_one  # only for several hosts

    return as_one([one.name for one in found], found)


def cost_at(snapshot: Snapshot, host: int, program: int, boot_ns: int | None) -> Cost | None:
    """What a program of a host, or bttop itself (BTTOP), cost at a moment of CLOCK_BOOTTIME, in ns; None: at the end.
    Returns None if the cost ledger has no entry."""
    spent = snapshot.cost_at(host, program, boot_ns)
    return None if spent is None else Cost.of_ledger(spent.cost)


def read_pin(condition: str) -> Pin | None:
    """The pin of a recorded restriction, for display; None if there is none."""
    pids = tuple([int(found) for found in re.findall(r"\bpid == (\d{1,10})\b", condition)])
    comm = re.search(r'\bcomm == "([^"]*)"', condition)
    cgroups = tuple(re.findall(r'\bcgroupid\("([^"]*)"\)', condition))
    pin = Pin(pids, "" if comm is None else comm[1], cgroups)
    return pin if pin != Pin() else None


def _status(changed: StatusChanged | None, generation: RecordedGeneration | None) -> Status:
    state, reason = _state(changed)
    said = [] if changed is None or not changed.complaint else changed.complaint.split("\n")
    return Status(
        state,
        0 if changed is None else changed.stamp.boot_ns,
        reason,
        0 if generation is None else generation.number,
        "" if generation is None else generation.source,
        interval_ns=1_000_000_000 if generation is None else generation.plan.interval_ns,
        complaint=Complaint(said[0], tuple(said[1:])) if said else None,
        badges=() if generation is None else tuple([Badge(*words) for words in generation.badges]),
    )


def _state(changed: StatusChanged | None) -> tuple[ProgramState, str]:
    """The recorded state and its reason. Before the first recorded state, a program was starting."""
    if changed is None:
        return ProgramState.STARTING, ""
    known: Mapping[str, ProgramState] = {one.value: one for one in ProgramState}
    if changed.state in known:
        return known[changed.state], changed.reason
    return ProgramState.UNAVAILABLE, f"the recorded state is unknown to this version of bttop: {changed.state}"


def _source(generation: RecordedGeneration) -> Source:
    return replace(_read_source(generation.source, generation.text), given=generation.args, args=generation.args)


@lru_cache(maxsize=_KEPT_SOURCES)
def _read_source(name: str, text: str) -> Source:
    """Parse the script of a generation, to display it. It is never run."""
    found = probe_file(Path(name), text)
    if isinstance(found, ProbeFile):
        return Source(name, found.text, found.script, found.front)
    return Source(name, text, read(text))
