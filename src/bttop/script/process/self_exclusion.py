"""Exclude bttop's own processes: adds a condition to the probes in which `pid` is the process that caused the event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from bttop.script.language.edits import Edit
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import context_of_probe
from bttop.script.language.program_text import quoted
from bttop.script.language.reader import Probe, Script
from bttop.script.language.survey import ScriptSurvey, Update
from bttop.script.process.owner_maps import Who, is_access, noted_maps
from bttop.script.process.pid_parameter import text_of
from bttop.script.process.pin import Pin
from bttop.script.process.regions import code_of

_WHO: Final = frozenset({"pid", "tid", "comm"})
_NEXT: Final = frozenset({"next_pid", "next_comm", "next_prio"})
_LEFT_OUT: Final = "left out, in the kernel"


class Exclusion(Struct, frozen=True):
    """The processes to exclude."""

    pids: tuple[int, ...] = ()
    """Process ids, in the PID namespace of bpftrace's `pid`."""
    comms: tuple[str, ...] = ()
    """Names of the bpftrace processes, which are short-lived."""
    since: int = 0
    """The lowest process id for which `comms` are compared; 0 compares them for every id. Children have higher ids than
    their parent until the ids wrap around. Comparing a name costs 17 to 20 ns, an id 1 to 3 ns (0.17 and 0.27)."""
    own_comms: tuple[str, ...] = ()
    """Names of threads of `pids`, for events that give only a thread."""
    fields_differ: bool = False
    """Whether fields of events, such as `next_pid`, count in another PID namespace than `pids`."""
    unknown: str = ""
    """Which of bttop's processes cannot be excluded, and why; empty if all are."""

    @property
    def condition(self) -> str:
        """A bpftrace expression that is true for all other processes; empty if nothing is excluded."""
        named = " && ".join(f"comm != {quoted(comm)}" for comm in self.comms)
        if named and self.since:
            named = f"(pid < {self.since} || {named})" if len(self.comms) == 1 else f"(pid < {self.since} || ({named}))"
        return " && ".join([*(f"pid != {pid}" for pid in self.pids), *([named] if named else [])])

    def of_noted(self, whose: Mapping[str, Who]) -> str:
        """The same condition for a stored process. `whose` maps an expression to what it contains: its pid or comm."""
        pids = (f"{text} != {pid}" for text, who in whose.items() if who == "pid" for pid in self.pids)
        names = (f"{text} != {quoted(comm)}" for text, who in whose.items() if who == "comm" for comm in self.comms)
        return " && ".join([*pids, *names])

    def of_next(self, access: str) -> str:
        """The same condition for the next thread of a `sched_switch`: its name and its id. The id is exact only for a
        process with one thread."""
        named = (f"args{access}next_comm != {quoted(comm)}" for comm in (*self.comms, *self.own_comms))
        pids = () if self.fields_differ else self.pids
        return " && ".join([*(f"args{access}next_pid != {pid}" for pid in pids), *named])


class Excluded(Struct, frozen=True):
    """The changes that an exclusion makes to a script."""

    edits: tuple[Edit, ...] = ()
    guards: Mapping[int, str] = MappingProxyType({})
    """Conditions for single statements, by the statement's offset."""
    said: str = ""
    """Text for the user: whether bttop's own processes are counted. Empty if no exclusion was requested."""


def exclusion_edits(script: Script, seen: ScriptSurvey, exclusion: Exclusion | None, pin: Pin | None) -> Excluded:
    """Exclude processes from a script. A pin overrides the exclusion, even if it names one of bttop's own processes."""
    if exclusion is None or not exclusion.condition:
        return Excluded()
    if pin is not None and pin.condition:
        return Excluded(said="counted if the pin includes it")
    fit = [probe for probe in script.probes if may_skip(script, seen, probe)]
    edits = tuple(edit for probe in fit for edit in _predicate(script, probe, exclusion.condition))
    noted = noted_maps(script, seen)
    elsewhere = [update for update in _counts(seen) if script.probes[update.probe] not in fit]
    named = {update.tokens[0].start: _named(script, update, noted, exclusion) for update in elsewhere}
    guards = {at: one.condition for at, one in named.items() if one.condition}
    counting = [probe for probe in script.probes if context_of_probe(probe) != "none"]
    if len(fit) == len(counting) or (
        _shows_counts_alone(script, seen, fit) and all(one.whole for one in named.values())
    ):
        return Excluded(edits, guards, f"{_LEFT_OUT}{exclusion.unknown and f', but not {exclusion.unknown}'}")
    why = "probes that may run for another process than `pid`, or store data for such events, count all processes"
    return Excluded(edits, guards, f"{'left out in part' if fit or guards else 'included'}: {why}")


def _counts(seen: ScriptSurvey) -> list[Update]:
    return [update for use in seen.maps.values() if use.pure for update in use.updates]


def _shows_counts_alone(script: Script, seen: ScriptSurvey, fit: Sequence[Probe]) -> bool:
    """Whether the script shows only aggregations, at least one, and every probe that prints is one of `fit`, which skip
    excluded processes."""
    own = {index for index, probe in enumerate(script.probes) if probe in fit}
    shown = [use for use in seen.maps.values() if use.pure or use.only_counted or "print" in use.uses]
    return bool(shown) and all(use.pure for use in shown) and seen.writing_probes <= own


class _Named(Struct, frozen=True):
    """The condition under which a statement skips excluded processes, from the processes that its keys name."""

    condition: str
    """Empty if the keys name no process."""
    whole: bool
    """Whether it covers both the process id and the name."""


def _named(script: Script, update: Update, noted: Mapping[str, Who], exclusion: Exclusion) -> _Named:
    """The condition for one update outside the fitting probes. A retransmit runs in a timer and its socket's owner is
    in a map; a switch has a previous and a next thread."""
    owners = {text_of(part): noted[part[0].text] for part in update.keys if is_access(part) and part[0].text in noted}
    owners = owners if "pid" in owners.values() else {}
    switch = _at_switch(update, exclusion) if _is_switch(script.probes[update.probe]) else ""
    condition = " && ".join(filter(None, [exclusion.of_noted(owners), switch]))
    return _Named(condition, bool(owners) and ("comm" in owners.values() or bool(switch)))


def _at_switch(update: Update, exclusion: Exclusion) -> str:
    named = [_whom(before, token) for part in update.keys for before, token in zip((None, *part), part, strict=False)]
    whom = [one for one in dict.fromkeys(named) if one is not None]
    return " && ".join([exclusion.of_next(one) if one else exclusion.condition for one in whom])


def _whom(before: Token | None, token: Token) -> str | None:
    """The process that a token of a key names at a switch: '' for the previous one, `.` or `->` (the access to `args`)
    for the next one, None if it names no process."""
    if before is not None and before.text in (".", "->"):
        return before.text if token.text in _NEXT else None
    return "" if token.text in _WHO else None


def _is_switch(probe: Probe) -> bool:
    return all(point.provider == "tracepoint" and point.rest == "sched:sched_switch" for point in probe.points)


def may_skip(script: Script, seen: ScriptSurvey, probe: Probe) -> bool:
    """Whether the probe can skip events of some processes without changing what is shown of other processes.

    A probe that stores something may store it for an event in another context: the owner of a socket for a timer, or
    the time of a switch for the next thread.
    """
    if context_of_probe(probe) != "exact":
        return False
    is_switch = any(point.rest.endswith("sched_switch") for point in probe.points)
    alone = all(context_of_probe(one) in ("exact", "none") for one in script.probes) and not is_switch
    return alone or not (_keeps_state(script, seen, probe) or _looks_ahead(script, probe))


def _keeps_state(script: Script, seen: ScriptSurvey, probe: Probe) -> bool:
    names = {token.text for token in code_of(script, probe) if token.kind == "map"}
    return any(not (use.pure or use.only_counted) for name, use in seen.maps.items() if name in names)


def _looks_ahead(script: Script, probe: Probe) -> bool:
    return any(token.text in _NEXT for token in code_of(script, probe))


def _predicate(script: Script, probe: Probe, condition: str) -> Iterator[Edit]:
    """The edits that add a condition to a probe. The script's own condition comes first, so events that it rejects cost
    nothing more."""
    if probe.predicate is None:
        yield Edit(script.tokens[probe.block[0]].start, f" /{condition}/ ")
        return
    opening, closing = (script.tokens[index] for index in probe.predicate)
    # A comparison, because bpftrace 0.17 refuses a pointer as an operand of `&&`.
    yield Edit(opening.end, "((")
    yield Edit(closing.start, f") != 0) && ({condition})")
