"""The programs of a recording: their states and their costs, as read from its snapshot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from bttop.engine.cost.cost import Cost
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.generation.source import Source
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.model.flush.flush import LossCounts
from bttop.model.plan import Plan
from bttop.model.record.records import FOREVER
from bttop.script.language.reader import read
from bttop.script.library.probe_files import ProbeFile, probe_file
from bttop.script.process.pin import Pin
from bttop.store.snapshot.generations import RecordedGeneration
from bttop.store.snapshot.hosts import ProgramRow
from bttop.store.snapshot.recorded_history import RecordedHistory
from bttop.store.snapshot.recording_events import StatusChanged
from bttop.store.snapshot.snapshot import Snapshot

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
