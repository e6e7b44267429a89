"""Replays a recording as a session with the same programs, states and flushes, without root or bpftrace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.cost import Bill, Cost, together
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.host.own_clock import own_clock
from bttop.engine.host.process.recorded_processes import RecordedProcesses
from bttop.engine.recording.recorded_program import RecordedProgram, cost_at
from bttop.model.record.records import Stamp
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.frame_names import RecordedFrameNames
from bttop.store.snapshot.recording_events import BTTOP, MarkSet
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import empty

if TYPE_CHECKING:
    from bttop.engine.session import AnyProgram, ProcessSource


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

        return HostProcesses(found.get)

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
