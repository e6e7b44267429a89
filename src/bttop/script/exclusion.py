"""Leaving bttop itself out: a condition on the process, put into the probes in which `pid` is the one that acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from bttop.script.attribution import context_of_probe
from bttop.script.edits import Edit
from bttop.script.lexer import Token
from bttop.script.noted import Who, is_access, noted_maps
from bttop.script.parameter import code_of, text_of
from bttop.script.pin import Pin
from bttop.script.reader import Probe, Script
from bttop.script.survey import Survey, Update
from bttop.script.writing import quoted

_WHO: Final = frozenset({"pid", "tid", "comm"})
_NEXT: Final = frozenset({"next_pid", "next_comm", "next_prio"})
_LEFT_OUT: Final = "left out, in the kernel"


class Exclusion(NamedTuple):
    """Which processes not to look at."""

    pids: tuple[int, ...] = ()
    """Process ids, as bpftrace's `pid` counts them."""
    comms: tuple[str, ...] = ()
    """Names that the bpftrace processes have, which come and go."""
    since: int = 0
    """The `comms` count from this process id on, 0: for all. Children have higher ids than the process that started
    them until the ids begin anew, and a comparison of names costs 17 to 20 ns, one of ids 1 to 3 (0.17 and 0.27)."""
    own_comms: tuple[str, ...] = ()
    """Names of threads of `pids`, for where only a thread is known."""

    @property
    def condition(self) -> str:
        """As an expression of bpftrace that holds for all others; empty when nobody is excluded."""
        named = " && ".join(f"comm != {quoted(comm)}" for comm in self.comms)
        if named and self.since:
            named = f"(pid < {self.since} || {named})" if len(self.comms) == 1 else f"(pid < {self.since} || ({named}))"
        return " && ".join([*(f"pid != {pid}" for pid in self.pids), *([named] if named else [])])

    def of_noted(self, whose: Mapping[str, Who]) -> str:
        """The same of whoever was noted: expressions that are the process id or the name of one."""
        pids = (f"{text} != {pid}" for text, who in whose.items() if who == "pid" for pid in self.pids)
        names = (f"{text} != {quoted(comm)}" for text, who in whose.items() if who == "comm" for comm in self.comms)
        return " && ".join([*pids, *names])

    def of_next(self, access: str) -> str:
        """The same of the thread that comes next at a switch: its name, and for a process of one thread its id."""
        named = (f"args{access}next_comm != {quoted(comm)}" for comm in (*self.comms, *self.own_comms))
        return " && ".join([*(f"args{access}next_pid != {pid}" for pid in self.pids), *named])


class Excluded(NamedTuple):
    """What an exclusion does to a script."""

    edits: tuple[Edit, ...] = ()
    guards: Mapping[int, str] = MappingProxyType({})
    """Conditions for single statements, by the offset of each."""
    said: str = ""
    """How it stands with bttop's own processes, in words; empty when nobody asked."""


def exclusion_edits(script: Script, seen: Survey, exclusion: Exclusion | None, pin: Pin | None) -> Excluded:
    """Leave processes out of a script. A pin says already who is wanted, so it holds alone: also when that is one of
    bttop's own."""
    if exclusion is None or not exclusion.condition:
        return Excluded()
    if pin is not None and pin.condition:
        return Excluded(said="seen if the pin names it")
    fit = [probe for probe in script.probes if _takes(script, seen, probe)]
    edits = tuple(edit for probe in fit for edit in _predicate(script, probe, exclusion.condition))
    noted = noted_maps(script, seen)
    elsewhere = [update for update in _counts(seen) if script.probes[update.probe] not in fit]
    named = {update.tokens[0].start: _named(script, update, noted, exclusion) for update in elsewhere}
    guards = {at: one.condition for at, one in named.items() if one.condition}
    counting = [probe for probe in script.probes if context_of_probe(probe) != "none"]
    if len(fit) == len(counting) or (
        _shows_counts_alone(script, seen, fit) and all(one.whole for one in named.values())
    ):
        return Excluded(edits, guards, _LEFT_OUT)
    why = "what is not known to be the doing of `pid`, or keeps what other processes' events need, counts all"
    return Excluded(edits, guards, f"{'left out in part' if fit or guards else 'included'}: {why}")


def _counts(seen: Survey) -> list[Update]:
    return [update for use in seen.maps.values() if use.pure for update in use.updates]


def _shows_counts_alone(script: Script, seen: Survey, fit: Sequence[Probe]) -> bool:
    """Whether there is something to show, and nothing but aggregations, or what the probes print that pass over those
    left out."""
    own = {index for index, probe in enumerate(script.probes) if probe in fit}
    shown = [use for use in seen.maps.values() if use.pure or use.only_counted or "print" in use.uses]
    return bool(shown) and all(use.pure for use in shown) and seen.writing_probes <= own


class _Named(NamedTuple):
    """How a statement passes over those left out by whom its keys name."""

    condition: str
    """Empty when they name nobody."""
    whole: bool
    """Whether it compares the process and its name."""


def _named(script: Script, update: Update, noted: Mapping[str, Who], exclusion: Exclusion) -> _Named:
    """A retransmit runs in a timer, and its socket's owner stands in a map; at a switch one goes and another comes."""
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
    """How a token of a key names a process: empty for the one that goes, the access for the one that comes."""
    if before is not None and before.text in (".", "->"):
        return before.text if token.text in _NEXT else None
    return "" if token.text in _WHO else None


def _is_switch(probe: Probe) -> bool:
    return all(point.provider == "tracepoint" and point.rest == "sched:sched_switch" for point in probe.points)


def _takes(script: Script, seen: Survey, probe: Probe) -> bool:
    """Whether an event of an excluded process can be passed over without harm to what is shown of others.

    A probe that keeps something may keep it for an event in another context: the owner of a socket for a timer,
    the time of a switch for the thread that comes next.
    """
    if context_of_probe(probe) != "exact":
        return False
    is_switch = any(point.rest.endswith("sched_switch") for point in probe.points)
    alone = all(context_of_probe(one) in ("exact", "none") for one in script.probes) and not is_switch
    return alone or not (_keeps_state(script, seen, probe) or _looks_ahead(script, probe))


def _keeps_state(script: Script, seen: Survey, probe: Probe) -> bool:
    names = {token.text for token in code_of(script, probe) if token.kind == "map"}
    return any(not (use.pure or use.only_counted) for name, use in seen.maps.items() if name in names)


def _looks_ahead(script: Script, probe: Probe) -> bool:
    return any(token.text in _NEXT for token in code_of(script, probe))


def _predicate(script: Script, probe: Probe, condition: str) -> Iterator[Edit]:
    """The script's own condition goes first: what it turns away costs nothing more."""
    if probe.predicate is None:
        yield Edit(script.tokens[probe.block[0]].start, f" /{condition}/ ")
        return
    opening, closing = (script.tokens[index] for index in probe.predicate)
    # A comparison, because bpftrace 0.17 refuses a pointer as an operand of `&&`.
    yield Edit(opening.end, "((")
    yield Edit(closing.start, f") != 0) && ({condition})")
