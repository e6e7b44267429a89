"""Turns the user's script into the text that bpftrace runs, and the plan of what that text prints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, NamedTuple

from bttop.model.plan import MapPlan, Plan, Scheme
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import PREFIX, Edit, Edited, edited, nested
from bttop.script.language.front_matter import FrontMatter
from bttop.script.language.reader import AttachPoint, Script, Unreadable
from bttop.script.language.survey import MapUse, ScriptSurvey, survey
from bttop.script.process.one_process import names_one_process
from bttop.script.process.pin import Pin, pin_edits
from bttop.script.process.self_exclusion import Exclusion, exclusion_edits
from bttop.script.rewrite import badges, self_printing
from bttop.script.rewrite.addresses import address_edits
from bttop.script.rewrite.collisions import COLLIDING
from bttop.script.rewrite.flushes import bank_names, interval_block, letters, map_edits
from bttop.script.rewrite.last_flush import LastFlush, can_end, end_block, ending_edits, last_flush
from bttop.script.rewrite.schemes import SchemeChoice, Wishes, choose, map_plan, reads_zero
from bttop.script.rewrite.suggestions import Suggestion, suggestions

LONGEST_TEXT: Final = 128 * 1024 - 1
"""Maximum size in bytes of one argument (the kernel's MAX_ARG_STRLEN without its final NUL)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A script ready to run: give `text` to `bpftrace -f json -e`, then `args`."""

    edited: Edited
    plan: Plan = field(default_factory=Plan)
    args: tuple[str, ...] = ()
    """Positional parameters."""
    badges: tuple[ScriptCaveat, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    """Suggestions: better forms of the script, which the user may accept."""
    attach_points: tuple[AttachPoint, ...] = ()
    """Attach points of the user's own probes."""
    uses_user_stacks: bool = False
    """Whether bpftrace translates user addresses into names."""
    one_process: bool = False
    """Whether the script itself restricts its user stacks to one process."""
    exits: bool = False
    """Whether the script may end without being stopped."""
    ends_flush: bool = False
    """Whether END prints the last counts. If not, bpftrace's own print at its end is needed."""
    new_keys_collide: bool = True
    """Whether the script can lose events on a release on which new keys collide."""
    runnable: bool = True
    """False if the text cannot be passed to bpftrace at all; the badge says why."""
    itself: str = ""
    """Text for the user: whether bttop's own processes are excluded. Empty if that was not requested."""

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
        """The line and byte column (from 1) in the user's own text for a line and byte column of `text`."""
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
    leave_out: Collection[str] = (),
    new_keys_collide: bool = False,
    raw_tracepoints: bool = False,
    empty_is_zero: bool = False,
) -> Prepared:
    """Make a script print its maps exactly once per interval, with a heartbeat, and restrict it to the pin.

    `args` are the user's positional parameters; without any, `$1` is the pin, or 0. `exclude` are processes to exclude.
    `schemes` selects banks or cumulative maps if both are exact. `++` becomes `count()` in maps that are only counted.
    `leave_out` names maps that are not edited (see `undefined_maps`).
    Three flags describe the release (see `Traits`): `new_keys_collide`: it loses an event if two CPUs create the same
    new key at the same time; `raw_tracepoints`: it attaches to them reliably; `empty_is_zero`: it prints 0 for an empty
    map without a key. A script that cannot be read or edited is returned unedited, with a badge.
    """
    if isinstance(script, Unreadable):
        return unedited(script, pin=pin, args=args)
    if any(PREFIX in token.text for token in script.tokens if token.kind not in ("comment", "string")):
        return unedited(script, f"it uses names with {PREFIX}, which bttop reserves", pin=pin, front=front, args=args)
    seen = survey(script)
    wishes = Wishes(schemes or {}, leave_out, new_keys_collide, empty_is_zero)
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
    offered = tuple(suggestions(script, seen, front, flushes.counted, raw_tracepoints=raw_tracepoints))
    done = _prepared(subject, text, flushes.plan, pinned.args, found, offered)
    return replace(
        done,
        new_keys_collide=_collides(seen, flushes.twice),
        itself=excluded.said,
        ends_flush=bool(flushes.plan.heartbeats) and can_end(script),
    )


def _collides(seen: ScriptSurvey, twice: Collection[str]) -> bool:
    """Whether two CPUs could create the same key of any map at the same time, so that an event is lost."""
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
    """The script unedited; its output is grouped by arrival. `why` is the badge's reason, a clause without a period.

    A pin applies only if the script takes it as its `$1`; otherwise a badge says that all processes are shown.
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
    offered = tuple(suggestions(script, seen, front))
    return _prepared(_Subject(script, seen, front), Edited(script.text), plan, pinned.args, found, offered)


def _is_iterator(script: Script) -> bool:
    """Whether the script has an `iter` probe. It walks a kernel list once and ends; bpftrace then allows no other
    probe."""
    return any(probe.has("iter") for probe in script.probes)


def _whole_run(seen: ScriptSurvey, front: FrontMatter | None) -> Plan:
    """The plan of an iterator: its text is passed through, and its maps are printed once at the end."""
    return Plan(maps={name: map_plan(use, "gauge", front) for name, use in seen.maps.items()}, raw=True)


def _as_printed(seen: ScriptSurvey, front: FrontMatter | None) -> Plan:
    return Plan(maps={name: map_plan(use, "own", front) for name, use in seen.maps.items()})


def _prepared(
    subject: _Subject,
    text: Edited,
    plan: Plan,
    args: tuple[str, ...],
    found: tuple[ScriptCaveat, ...],
    offered: tuple[Suggestion, ...],
) -> Prepared:
    script, seen, front = subject.script, subject.seen, subject.front
    return Prepared(
        edited=text,
        plan=plan,
        args=args,
        badges=(*badges.said(front), *badges.interrupted(script, seen, front), *found),
        suggestions=offered,
        attach_points=script.points,
        uses_user_stacks=seen.user_stacks,
        one_process=names_one_process(script),
        exits=seen.exits or _is_iterator(script),
    )


class _Subject(NamedTuple):
    """The script that is prepared."""

    script: Script
    seen: ScriptSurvey
    front: FrontMatter | None
    guards: Mapping[int, str] = MappingProxyType({})
    """Conditions for single statements, by the statement's offset."""

    def plans(self, choices: Sequence[SchemeChoice]) -> dict[str, MapPlan]:
        return {
            one.use.name: map_plan(one.use, one.scheme, self.front, one.numbered, under_key=one.under_key)
            for one in choices
        }


class _Flushes(NamedTuple):
    edits: tuple[Edit, ...]
    plan: Plan
    badges: tuple[ScriptCaveat, ...]
    counted: tuple[str, ...] = ()
    """Maps whose `++` and `+=` became `count()` and `sum()`."""
    twice: frozenset[str] = frozenset()
    """Maps whose statements are written twice."""


def _flushes(subject: _Subject, wishes: Wishes, interval_ms: int) -> _Flushes:
    script, seen, front = subject.script, subject.seen, subject.front
    if _is_iterator(script):
        return _Flushes((), _whole_run(seen, front), ())
    if self_printing.printing_probes(script, seen):
        return _own(subject, wishes, interval_ms)
    choices = choose(script, seen, front, wishes)
    if not choices and self_printing.writing_intervals(script, seen):
        return _own(subject, wishes, interval_ms)
    return _appended(subject, choices, interval_ms)


def _appended(subject: _Subject, choices: Sequence[SchemeChoice], interval_ms: int) -> _Flushes:
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
    """The edit that appends a block to the script; none if `text` is empty."""
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{text.strip()}\n"),) if text else ()


def _aliases(choices: Sequence[SchemeChoice]) -> dict[str, str]:
    return {bank: name for name, pair in bank_names(choices).items() for bank in pair}


def _own(subject: _Subject, wishes: Wishes, interval_ms: int) -> _Flushes:
    script, seen = subject.script, subject.seen
    printing = self_printing.printing_probes(script, seen) or self_printing.writing_intervals(script, seen)
    intervals = [index for index in printing if script.probes[index].has("interval")]
    printed = [use for use in seen.maps.values() if "print" in use.uses]
    at_end = {use.name for use in self_printing.end_maps(script, seen)}
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
    last = _last(script, self_printing.last_flushes(script, seen, intervals))
    edits = (
        *self_printing.under_keys(keyed),
        *self_printing.heartbeats(script, intervals),
        *ending_edits(script, last),
        *_block(script, end_block(script, last)),
    )
    return _Flushes(edits, plan, found)


def _at_end(plan: MapPlan) -> MapPlan:
    """The plan of a map that is printed only when the program ends, as the total of the whole run."""
    return replace(plan, kept=True, at_end=True)


def _may_take_key(use: MapUse) -> bool:
    """Whether a map that reads 0 when empty may get a key. Not if the script calls zero(): it would leave a 0 there."""
    return use.pure and not use.declared and "zero" not in use.uses and reads_zero(use.arity, use.aggregation)


def _own_plan(subject: _Subject, use: MapUse, *, under_key: bool) -> MapPlan:
    """The plan of a map that the script prints itself."""
    plan = map_plan(use, "own", subject.front, under_key=under_key)
    return replace(plan, scheme="cumulative") if self_printing.is_subtracted(subject.script, use) else plan


def _interval_ns(script: Script, probes: Sequence[int], interval_ms: int) -> int:
    """The longest period in ns of the blocks that print: a heartbeat is late only if even this one has passed."""
    found = [period for index in probes for period in self_printing.periods(script.probes[index].points)]
    return max(found, default=interval_ms * 1_000_000)
