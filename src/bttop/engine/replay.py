"""A recording as a session: the same programs, states and flushes as when it was made, without root or bpftrace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from bttop.engine.attempts import Source
from bttop.engine.cost import Bill, Cost, together
from bttop.engine.door import Door
from bttop.engine.host import Bpftrace, Host
from bttop.engine.page import Page
from bttop.engine.status import Badge, Complaint, State, Status
from bttop.engine.whowas import RecordedPeople
from bttop.errors import BttopError
from bttop.model.flush import Tally
from bttop.model.plan import Plan
from bttop.model.records import FOREVER
from bttop.script.library import ProbeFile, probe_file
from bttop.script.pin import Pin
from bttop.script.reader import read
from bttop.store.extent import extent
from bttop.store.generations import RecordedGeneration
from bttop.store.happenings import BTTOP, Changed, Marked
from bttop.store.snapshot import Recorded, Snapshot
from bttop.store.timeline import RecordedHistory

_KEPT_SOURCES = 64
"""Scripts that stay read: reading one takes about a millisecond, and each step in time asks for it."""


class RecordedProgram:
    """A program of a recording. `history` reads from the file; nothing of it changes any more."""

    def __init__(self, snapshot: Snapshot, recorded: Recorded) -> None:
        self.name = recorded.name
        self.history = RecordedHistory(snapshot, recorded.id)
        self.tally = Tally()
        """What was lost is recorded with the flushes that lack it, not as a sum."""
        self._snapshot = snapshot
        self._id = recorded.id
        own = (one for one in snapshot.generations.values() if one.program == recorded.id)
        self._generations = sorted(own, key=lambda one: one.begun.boot_ns)

    def page(self, boot_ns: int | None = None) -> Page:
        """What the program was at a moment; without one, at the end."""
        moment = FOREVER if boot_ns is None else boot_ns
        generation = self._generation(moment)
        states = self._snapshot.states(self._id, moment)
        status = _status(states[-1] if states else None, generation)
        cost = cost_at(self._snapshot, self._id, boot_ns) if status.running else None
        if generation is None:
            return Page(status, Plan(), cost=cost)
        return Page(status, generation.plan, (_source(generation),), read_pin(generation.pin), cost)

    def _generation(self, moment: int) -> RecordedGeneration | None:
        """The one on show: the last whose first flush was there by then; before any flush the one that starts."""
        shown = [one for one in self._generations if one.first_shown_ns is not None and one.first_shown_ns <= moment]
        begun = [one for one in self._generations if one.begun.boot_ns <= moment]
        return next(iter([*shown[-1:], *begun[-1:], *self._generations[:1]]), None)


class Replay:
    """An open snapshot as the dashboard's session."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Raises BttopError when nothing is in it."""
        facts = snapshot.facts
        self.programs = tuple([RecordedProgram(snapshot, one) for one in snapshot.programs])
        span = extent(snapshot, [one.history for one in self.programs])
        if span is None or not self.programs:
            raise BttopError(f"{snapshot.path} holds no line of any program", title="an empty snapshot")
        self.snapshot = snapshot
        self.host = Host(facts.host, facts.kernel, facts.machine, facts.cpus, None)
        self.bpftrace = Bpftrace("", facts.release)
        self.door = Door()
        self.error: BaseException | None = None
        self.begin, self.end = span
        self.marks: tuple[Marked, ...] = snapshot.marks()

    def people(self) -> RecordedPeople:
        """Who the processes were."""
        return RecordedPeople(self.snapshot.processes())

    @property
    def problems(self) -> list[str]:
        """What could not be read, in sentences."""
        return self.snapshot.problems

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What all of it cost at a moment; without one, at the end. None where the ledger does not say."""
        costs = [one.page(boot_ns).cost for one in self.programs]
        known = [cost for cost in costs if cost is not None]
        own = cost_at(self.snapshot, BTTOP, boot_ns) or Cost()
        return Bill(together(known), own, max(1, self.host.cpus)) if known else None

    def touch(self) -> None:
        """A recording costs nothing while nobody is there."""

    def at_full_speed(self) -> None:
        """Nothing runs that could be slow."""

    def close(self) -> None:
        """Let go of the file."""
        self.snapshot.close()

    def kill(self) -> None:
        """Nothing runs; the file is only read, and belongs to another thread than the one that asks."""


def cost_at(snapshot: Snapshot, program: int, boot_ns: int | None) -> Cost | None:
    """What a program, or bttop itself, cost at a moment; without one, at the end."""
    spent = snapshot.cost_at(program, boot_ns)
    return None if spent is None else Cost.of_ledger(spent.cost)


def read_pin(condition: str) -> Pin | None:
    """The pin behind a recorded restriction, as far as it is to be shown; None without one."""
    pids = tuple([int(found) for found in re.findall(r"\bpid == (\d{1,10})\b", condition)])
    comm = re.search(r'\bcomm == "([^"]*)"', condition)
    cgroups = tuple(re.findall(r'\bcgroupid\("([^"]*)"\)', condition))
    pin = Pin(pids, "" if comm is None else comm[1], cgroups)
    return pin if pin != Pin() else None


def _status(changed: Changed | None, generation: RecordedGeneration | None) -> Status:
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


def _state(changed: Changed | None) -> tuple[State, str]:
    """The recorded state and its reason. Before the first one that is kept, it was starting."""
    if changed is None:
        return State.STARTING, ""
    known: Mapping[str, State] = {one.value: one for one in State}
    if changed.state in known:
        return known[changed.state], changed.reason
    return State.UNAVAILABLE, f"the recording gives it a state that this bttop does not know: {changed.state}"


def _source(generation: RecordedGeneration) -> Source:
    return _read_source(generation.source, generation.text)


@lru_cache(maxsize=_KEPT_SOURCES)
def _read_source(name: str, text: str) -> Source:
    """The script of a generation. It is read for what it says of itself, and never run."""
    found = probe_file(Path(name), text)
    if isinstance(found, ProbeFile):
        return Source(name, found.text, found.script, found.front)
    return Source(name, text, read(text))
