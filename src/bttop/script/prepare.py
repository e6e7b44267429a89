"""From a script as written to the text that bpftrace gets, and the plan of what that text will print."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from bttop.model.plan import MapPlan, Plan, Scheme
from bttop.script import badges, own
from bttop.script.addresses import address_edits
from bttop.script.badge import Badge
from bttop.script.collisions import COLLIDING
from bttop.script.edits import PREFIX, Edit, Edited, edited, nested
from bttop.script.endings import LastFlush, can_end, end_block, ending_edits, last_flush
from bttop.script.exclusion import Exclusion, exclusion_edits
from bttop.script.flushes import bank_names, interval_block, letters, map_edits
from bttop.script.frontmatter import FrontMatter
from bttop.script.offers import Offer, offers
from bttop.script.oneprocess import names_one_process
from bttop.script.pin import Pin, pin_edits
from bttop.script.reader import AttachPoint, Script, Unreadable
from bttop.script.schemes import Choice, Wishes, choose, map_plan, reads_zero
from bttop.script.survey import MapUse, Survey, survey

LONGEST_TEXT: Final = 128 * 1024 - 1
"""Bytes of one argument that the kernel takes (MAX_ARG_STRLEN without its final NUL)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A script ready to run: give `text` to `bpftrace -f json -e`, then `args`."""

    edited: Edited
    plan: Plan = field(default_factory=Plan)
    args: tuple[str, ...] = ()
    """Positional parameters."""
    badges: tuple[Badge, ...] = ()
    offers: tuple[Offer, ...] = ()
    """Better forms of the script, for the user to take."""
    attach_points: tuple[AttachPoint, ...] = ()
    """Of the user's own probes."""
    uses_user_stacks: bool = False
    """Whether bpftrace will turn user addresses into names."""
    one_process: bool = False
    """Whether the script itself takes them of one process alone."""
    exits: bool = False
    """Whether the script may end by itself."""
    ends_flush: bool = False
    """Whether END prints what was counted last; else bpftrace's own print at its end is needed for that."""
    new_keys_collide: bool = True
    """Whether it can lose events on a release on which new keys collide."""
    runnable: bool = True
    """False when bpftrace cannot be given the text at all; the badge says why."""
    itself: str = ""
    """Whether bttop's own processes are left out, in words; empty when that was not asked for."""

    @property
    def text(self) -> str:
        return self.edited.text

    @property
    def original(self) -> str:
        return self.edited.original

    @property
    def is_edited(self) -> bool:
        return bool(self.edited.edits)

    def original_position(self, line: int, column: int) -> tuple[int, int]:
        """Where a line and byte column of `text`, both from 1, stand in the user's own text."""
        return self.edited.original_position(line, column)


def prepare(
    script: Script | Unreadable,
    *,
    interval_ms: int = 1000,
    pin: Pin | None = None,
    exclude: Exclusion | None = None,
    front: FrontMatter | None = None,
    args: Sequence[str] = (),
    schemes: Mapping[str, Scheme] | None = None,
    default_scheme: Scheme | None = None,
    rewrite_increments: bool = True,
    leave_out: Collection[str] = (),
    new_keys_collide: bool = False,
    raw_tracepoints: bool = False,
    empty_is_zero: bool = False,
) -> Prepared:
    """Make a script print its maps exactly, once an interval, with a heartbeat, and restrict it to the pin.

    `args` are the user's own positional parameters; without any, `$1` is the pin, or 0. `exclude` are processes to
    leave out. `schemes` and `default_scheme` ask for banks or cumulative maps where both would be exact.
    `rewrite_increments` counts a map that is only `++`ed by `count()`. `leave_out` names maps to leave alone (see
    `undefined_maps`). `new_keys_collide` says that the release loses an event when two CPUs make the same new key at
    once (`model/dialect.py`), `raw_tracepoints` that it can be relied on to attach to them, `empty_is_zero` that it
    prints 0 for an empty map without a key. A script that cannot be read or edited comes back as it is, with a badge.
    """
    if isinstance(script, Unreadable):
        return unedited(script, pin=pin, args=args)
    if any(PREFIX in token.text for token in script.tokens if token.kind not in ("comment", "string")):
        return unedited(
            script, f"it uses names with {PREFIX}, which bttop adds itself", pin=pin, front=front, args=args
        )
    seen = survey(script)
    wishes = Wishes(schemes or {}, default_scheme, rewrite_increments, leave_out, new_keys_collide, empty_is_zero)
    excluded = exclusion_edits(script, seen, exclude, pin)
    subject = _Subject(script, seen, front, excluded.guards)
    flushes = _flushes(subject, wishes, interval_ms)
    pinned = pin_edits(script, seen, pin, front, tuple(args))
    wrappings = (*pinned.wrappings, *address_edits(script, seen))
    text = edited(script.text, nested((*pinned.edits, *excluded.edits, *flushes.edits), wrappings))
    if len(text.text.encode()) > LONGEST_TEXT:
        why = "with bttop's edits it would be too long for one argument"
        return unedited(script, why, pin=pin, front=front, args=args)
    found = (*flushes.badges, *pinned.badges)
    offered = tuple(offers(script, seen, front, flushes.counted, raw_tracepoints=raw_tracepoints))
    done = _prepared(subject, text, flushes.plan, pinned.args, found, offered)
    return replace(
        done,
        new_keys_collide=_collides(seen, flushes.twice),
        itself=excluded.said,
        ends_flush=bool(flushes.plan.heartbeats) and can_end(script),
    )


def _collides(seen: Survey, twice: Collection[str]) -> bool:
    """Whether a key of any map could be made by two CPUs at once so that an event of it is lost."""
    return any(
        update.aggregation in COLLIDING and (update.keys or update.aggregation in ("hist", "lhist"))
        for use in seen.maps.values()
        if use.name not in twice
        for update in use.updates
        if update.form == "aggregate"
    )


def unedited(
    script: Script | Unreadable,
    why: str = "its edited text was refused",
    *,
    pin: Pin | None = None,
    front: FrontMatter | None = None,
    args: Sequence[str] = (),
) -> Prepared:
    """The script as it is: what it prints is grouped by arrival. `why` completes a sentence.

    A pin holds only where the script takes it as its `$1`; else a badge says that everything is shown.
    """
    if isinstance(script, Unreadable):
        where = f" (line {script.line}, column {script.column})" if script.line else ""
        found = (badges.as_is(f"{script.reason}{where}"), *badges.not_pinned(pin))
        return Prepared(Edited(script.text), args=tuple(args), badges=found, runnable=bool(script.text))
    seen = survey(script)
    plan = _whole_run(seen, front) if _is_iterator(script) else _as_printed(seen, front)
    pinned = pin_edits(script, seen, pin, front, tuple(args))
    about_pin = badges.not_pinned(pin) if pinned.is_edited else pinned.badges
    if pinned.is_edited:
        pinned = pin_edits(script, seen, None, front, tuple(args))
    found = (badges.as_is(why), *about_pin)
    offered = tuple(offers(script, seen, front))
    return _prepared(_Subject(script, seen, front), Edited(script.text), plan, pinned.args, found, offered)


def _is_iterator(script: Script) -> bool:
    """Whether the script goes through a list of the kernel once and ends: bpftrace then takes no other probe."""
    return any(probe.has("iter") for probe in script.probes)


def _whole_run(seen: Survey, front: FrontMatter | None) -> Plan:
    """Of an iterator: its text comes as it is, and its maps at the end, with all that it counted."""
    return Plan(maps={name: map_plan(use, "gauge", front) for name, use in seen.maps.items()}, raw=True)


def _as_printed(seen: Survey, front: FrontMatter | None) -> Plan:
    return Plan(maps={name: map_plan(use, "own", front) for name, use in seen.maps.items()})


def _prepared(
    subject: _Subject,
    text: Edited,
    plan: Plan,
    args: tuple[str, ...],
    found: tuple[Badge, ...],
    offered: tuple[Offer, ...],
) -> Prepared:
    script, seen, front = subject.script, subject.seen, subject.front
    return Prepared(
        edited=text,
        plan=plan,
        args=args,
        badges=(*badges.said(front), *badges.interrupted(script, seen, front), *found),
        offers=offered,
        attach_points=script.points,
        uses_user_stacks=seen.user_stacks,
        one_process=names_one_process(script),
        exits=seen.exits or _is_iterator(script),
    )


class _Subject(NamedTuple):
    """The script at hand."""

    script: Script
    seen: Survey
    front: FrontMatter | None
    guards: Mapping[int, str] = MappingProxyType({})
    """Conditions under which a statement, by its offset, counts."""

    def plans(self, choices: Sequence[Choice]) -> dict[str, MapPlan]:
        return {
            one.use.name: map_plan(one.use, one.scheme, self.front, one.numbered, under_key=one.under_key)
            for one in choices
        }


class _Flushes(NamedTuple):
    edits: tuple[Edit, ...]
    plan: Plan
    badges: tuple[Badge, ...]
    counted: tuple[str, ...] = ()
    """Maps whose `++` and `+=` became `count()` and `sum()`."""
    twice: frozenset[str] = frozenset()
    """Maps whose statements are written twice."""


def _flushes(subject: _Subject, wishes: Wishes, interval_ms: int) -> _Flushes:
    script, seen, front = subject.script, subject.seen, subject.front
    if _is_iterator(script):
        return _Flushes((), _whole_run(seen, front), ())
    if own.printing_probes(script, seen):
        return _own(subject, wishes, interval_ms)
    choices = choose(script, seen, front, wishes)
    if not choices and own.writing_intervals(script, seen):
        return _own(subject, wishes, interval_ms)
    return _appended(subject, choices, interval_ms)


def _appended(subject: _Subject, choices: Sequence[Choice], interval_ms: int) -> _Flushes:
    script = subject.script
    last = _last(script, (last_flush(choices),))
    block = _block(script, f"{interval_block(choices, interval_ms)}{end_block(script, last)}")
    plan = Plan(subject.plans(choices), _aliases(choices), ("a",), interval_ms * 1_000_000)
    counted = tuple(choice.use.name for choice in choices if choice.rewritten and choice.use.only_counted)
    twice = frozenset(choice.use.name for choice in choices if choice.twice)
    edits = (*map_edits(script, choices, subject.guards), *ending_edits(script, last), *block)
    return _Flushes(edits, plan, tuple(badges.of_choices(choices)), counted, twice)


def _last(script: Script, flushes: Sequence[LastFlush]) -> Sequence[LastFlush]:
    return flushes if can_end(script) else ()


def _block(script: Script, text: str) -> tuple[Edit, ...]:
    """A block behind the script; nothing for an empty one."""
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{text.strip()}\n"),) if text else ()


def _aliases(choices: Sequence[Choice]) -> dict[str, str]:
    return {bank: name for name, pair in bank_names(choices).items() for bank in pair}


def _own(subject: _Subject, wishes: Wishes, interval_ms: int) -> _Flushes:
    script, seen = subject.script, subject.seen
    printing = own.printing_probes(script, seen) or own.writing_intervals(script, seen)
    intervals = [index for index in printing if script.probes[index].has("interval")]
    printed = [use for use in seen.maps.values() if "print" in use.uses]
    at_end = {use.name for use in own.end_maps(script, seen)}
    running = [use for use in printed if use.name not in at_end]
    cleared = [use.name for use in running if use.uses & {"clear", "zero"} and "aggregate" in use.uses]
    shown = [use for use in seen.maps.values() if use in printed or use.name in at_end]
    keyed = [use for use in shown if wishes.empty_is_zero and _may_take_key(use)]
    plans = {use.name: _own_plan(subject, use, under_key=use in keyed) for use in shown}
    plan = Plan(
        maps={name: _at_end(one) if name in at_end else one for name, one in plans.items()},
        heartbeats=tuple(letters(number) for number in range(len(intervals))),
        interval_ns=_interval_ns(script, intervals, interval_ms),
    )
    losing = [use.name for use in printed if use.only_counted and not use.pure]
    late = [use.name for use in seen.maps.values() if use.name in at_end]
    found = (*badges.approximate(cleared), *badges.losing(losing), *badges.at_end(late))
    last = _last(script, own.last_flushes(script, seen, intervals))
    edits = (
        *own.under_keys(keyed),
        *own.heartbeats(script, intervals),
        *ending_edits(script, last),
        *_block(script, end_block(script, last)),
    )
    return _Flushes(edits, plan, found)


def _at_end(plan: MapPlan) -> MapPlan:
    """Of a map that is printed when the program ends and not before, as a total of the whole run."""
    return replace(plan, kept=True, at_end=True)


def _may_take_key(use: MapUse) -> bool:
    """Whether a map that could not be told from an empty one can have a key: zero() would leave a 0 under it."""
    return use.pure and not use.declared and "zero" not in use.uses and reads_zero(use.arity, use.aggregation)


def _own_plan(subject: _Subject, use: MapUse, *, under_key: bool) -> MapPlan:
    """Of a map that the script prints by itself."""
    plan = map_plan(use, "own", subject.front, under_key=under_key)
    return replace(plan, scheme="cumulative") if own.is_subtracted(subject.script, use) else plan


def _interval_ns(script: Script, probes: Sequence[int], interval_ms: int) -> int:
    """The longest period of the blocks that print: a heartbeat is late only when even that has passed."""
    found = [period for index in probes for period in own.periods(script.probes[index].points)]
    return max(found, default=interval_ms * 1_000_000)
