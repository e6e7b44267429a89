"""Which maps are flushed, and how each of them is made exact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from bttop.model.plan import Aggregation, Column, MapPlan, Numbered, Scheme
from bttop.script.collisions import COLLIDING, numbering
from bttop.script.frontmatter import FrontMatter, MapFront
from bttop.script.reader import Script
from bttop.script.survey import MapUse, Survey

ADDITIVE: Final = frozenset({"count", "sum", "stats", "hist", "lhist"})
"""What can be subtracted from its next print."""
_RUN_ENDS: Final = ("begin", "end")


class Choice(NamedTuple):
    """One map and how its flushes come about."""

    use: MapUse
    scheme: Scheme
    function: str
    """What each statement assigns from: `stats` in the place of `avg`, `count` in the place of `++`."""
    rewritten: bool
    """Whether the script's own statements say something else."""
    twice: bool = False
    """Whether each statement is written twice, because new keys collide (see `collisions`)."""
    numbered: Numbered | None = None
    """For a histogram that is written twice."""
    under_key: bool = False
    """Whether its value is kept under a key, since an empty map without one prints 0 (see `MapPlan.under_key`)."""


class Wishes(NamedTuple):
    """What the caller asks for."""

    schemes: Mapping[str, Scheme]
    """By map; overrules the default where that scheme is exact for the map."""
    default: Scheme | None
    """For all maps that `schemes` does not name."""
    rewrite_increments: bool
    leave_out: Collection[str] = ()
    """Maps that stay as they are."""
    new_keys_collide: bool = False
    """Whether bpftrace loses an event when two CPUs make the same new key at once."""
    empty_is_zero: bool = False
    """Whether bpftrace prints 0 for a minimum, maximum or average without a key that has counted nothing."""

    def scheme(self, name: str) -> Scheme | None:
        return self.schemes.get(name, self.default)


def choose(script: Script, seen: Survey, front: FrontMatter | None, wishes: Wishes) -> tuple[Choice, ...]:
    """The maps that an appended interval block is to print, in the order of the script."""
    uses = (use for use in _flushed(script, seen, front) if use.name not in wishes.leave_out)
    return tuple(_choice(script, use, wishes) for use in uses)


def map_plan(
    use: MapUse,
    scheme: Scheme,
    front: FrontMatter | None,
    numbered: Numbered | None = None,
    *,
    under_key: bool = False,
) -> MapPlan:
    """What the flush assembler and the views must know of one map."""
    said = front.maps.get(use.name, MapFront()) if front else MapFront()
    columns = said.key_columns(use.keys.columns)
    return MapPlan(
        name=use.name,
        aggregation=use.aggregation,
        columns=columns,
        scheme=scheme,
        unit=said.unit,
        title=said.title,
        view=said.view,
        sort=said.sort,
        pid=said.pid or _renamed(use.keys.pid, use.keys.columns, columns),
        tid=said.tid or _renamed(use.keys.tid, use.keys.columns, columns),
        numbered=numbered,
        under_key=under_key,
        kept=scheme == "own" and use.is_kept,
    )


def _renamed(title: str, read: tuple[Column, ...], columns: tuple[Column, ...]) -> str:
    pairs = zip(read, columns, strict=True)
    return next((column.title for old, column in pairs if title and old.title == title), "")


def _flushed(script: Script, seen: Survey, front: FrontMatter | None) -> list[MapUse]:
    if front is not None and front.maps:
        return [use for name, use in seen.maps.items() if name in front.maps]
    counted = [use for use in seen.maps.values() if use.aggregation != "value" and _counts(use)]
    if counted or any(not script.probes[index].has(*_RUN_ENDS) for index in seen.writing_probes):
        return counted
    # A script that only assigns and never looks at it again does so to have it printed at its end.
    return [use for use in seen.maps.values() if use.uses <= {"assign", "clear"} and use.uses & {"assign"}]


def _counts(use: MapUse) -> bool:
    return use.only_counted or "aggregate" in use.uses


def _choice(script: Script, use: MapUse, wishes: Wishes) -> Choice:
    counts = use.only_counted and not use.pure
    rewritten = counts and wishes.rewrite_increments
    if _cleared_meanwhile(script, use) or "delete" in use.uses or use.aggregation == "value":
        return Choice(use, "gauge", use.aggregation, rewritten=False)
    if counts and not rewritten:
        return Choice(use, "cumulative", use.aggregation, rewritten=False)
    if not (use.pure or rewritten):
        whole: Scheme = "cumulative" if use.aggregation in ADDITIVE else "gauge"
        return Choice(use, whole, use.aggregation, rewritten=False)
    function: Aggregation = "stats" if use.aggregation == "avg" else use.aggregation
    scheme = _scheme(use, function, wishes)
    under_key = wishes.empty_is_zero and scheme == "bank" and reads_zero(use.arity, function)
    rewritten = rewritten or function != use.aggregation
    chosen = Choice(use, scheme, function, rewritten, under_key=under_key)
    return _without_collisions(chosen) if wishes.new_keys_collide else chosen


def _without_collisions(choice: Choice) -> Choice:
    """The same, with new keys made before they are counted. A histogram is a bank then even without a key, since each
    of its buckets is an entry of its own."""
    use, function = choice.use, choice.function
    if function not in COLLIDING or use.declared:
        return choice
    if function in ("hist", "lhist"):
        numbered = numbering(use)
        return choice if numbered is None else choice._replace(scheme="bank", twice=True, numbered=numbered)
    return choice._replace(twice=choice.scheme == "bank")


def reads_zero(arity: int, function: str) -> bool:
    """Whether the print of an empty map could be taken for a value of 0."""
    return arity == 0 and function in ("min", "max", "avg")


def _scheme(use: MapUse, function: Aggregation, wishes: Wishes) -> Scheme:
    wanted = wishes.scheme(use.name)
    if function == "tseries":
        return "gauge"
    if use.declared:
        return "cumulative" if function in ADDITIVE else "gauge"
    if function not in ADDITIVE:
        return "bank"
    if wanted in ("bank", "cumulative"):
        return wanted
    return "bank" if use.arity else "cumulative"


def _cleared_meanwhile(script: Script, use: MapUse) -> bool:
    """Whether the script empties the map while it runs, so that nobody else can tell what was counted."""
    return any(call.verb != "print" and not script.probes[call.probe].has(*_RUN_ENDS) for call in use.calls)
