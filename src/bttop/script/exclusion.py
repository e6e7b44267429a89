"""Leaving bttop itself out: a condition on the process, put into the probes in which `pid` is the one that acts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from bttop.script.attribution import context_of_probe
from bttop.script.edits import Edit
from bttop.script.parameter import code_of
from bttop.script.pin import Pin
from bttop.script.reader import Probe, Script
from bttop.script.survey import Survey
from bttop.script.writing import quoted

_NEXT: Final = frozenset({"next_pid", "next_comm", "next_prio"})
_LEFT_OUT: Final = "left out, in the kernel"


class Exclusion(NamedTuple):
    """Which processes not to look at."""

    pids: tuple[int, ...] = ()
    """Process ids, as bpftrace's `pid` counts them."""
    comms: tuple[str, ...] = ()
    """Names that the bpftrace processes have, which come and go."""
    since: int = 0
    """The names count from this process id on, 0: for all. Children have higher ids than the process that started
    them until the ids begin anew, and a comparison of names costs 17 to 20 ns, one of ids 1 to 3 (0.17 and 0.27)."""

    @property
    def condition(self) -> str:
        """As an expression of bpftrace that holds for all others; empty when nobody is excluded."""
        named = " && ".join(f"comm != {quoted(comm)}" for comm in self.comms)
        if named and self.since:
            named = f"(pid < {self.since} || {named})" if len(self.comms) == 1 else f"(pid < {self.since} || ({named}))"
        return " && ".join([*(f"pid != {pid}" for pid in self.pids), *([named] if named else [])])


class Excluded(NamedTuple):
    """What an exclusion does to a script."""

    edits: tuple[Edit, ...] = ()
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
    counting = [probe for probe in script.probes if context_of_probe(probe) != "none"]
    if len(fit) == len(counting):
        return Excluded(edits, _LEFT_OUT)
    why = "what is not known to be the doing of `pid`, or keeps what other processes' events need, counts all"
    return Excluded(edits, f"{'left out in part' if fit else 'included'}: {why}")


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
