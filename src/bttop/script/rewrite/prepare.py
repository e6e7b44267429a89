"""Turns the user's script into the text that bpftrace runs, and the plan of what that text prints."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from bttop.model.plan import MapPlan, Plan, Scheme, own_print
from bttop.script.flush_edits import self_printing
from bttop.script.flush_edits.blocks import Block, appended_block, block_edits, find_blocks
from bttop.script.flush_edits.collisions import COLLIDING
from bttop.script.flush_edits.flushes import bank_names, map_edits
from bttop.script.flush_edits.last_flush import can_end, end_block, ending_edits
from bttop.script.flush_edits.occasions import print_occasions
from bttop.script.flush_edits.schemes import SchemeChoice, Wishes, choose, map_plan, reads_zero
from bttop.script.front_matter.front_matter import FrontMatter
from bttop.script.language.badge import ScriptCaveat
from bttop.script.language.edits import PREFIX, Edit, Edited, edited, nested, unless_replaced
from bttop.script.language.periods import period_ns
from bttop.script.language.reader import AttachPoint, Script, Unreadable
from bttop.script.language.survey import MapUse, ScriptSurvey, survey
from bttop.script.process.constants import constant_edits
from bttop.script.process.one_process import names_one_process
from bttop.script.process.pin import Pin, pin_edits
from bttop.script.process.self_exclusion import Exclusion, exclusion_edits
from bttop.script.rewrite import badges
from bttop.script.rewrite.addresses import address_edits
from bttop.script.rewrite.parameters import parameter_badges
from bttop.script.rewrite.showing import NOTHING_TO_SHOW, showing, showing_of_text
from bttop.script.rewrite.suggestions import Suggestion, suggestions

LONGEST_TEXT: Final = 128 * 1024 - 1
"""Maximum size in bytes of one argument (the kernel's MAX_ARG_STRLEN without its final NUL)."""


class Prepared(Struct, frozen=True):
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
    settings: frozenset[str] = frozenset()
    """Variables that the script's `config` block sets: bttop's environment must leave them to it."""
    exits: bool = False
    """Whether the script may end without being stopped."""
    prints_itself: bool = True
    """Whether the script has prints of its own; else bpftrace prints the maps and heartbeats of bttop's edits only."""
    ends_flush: bool = False
    """Whether END prints the last counts. If not, bpftrace's own print at its end is needed."""
    new_keys_collide: bool = True
    """Whether the script can lose events on a release on which new keys collide."""
    warns: bool = True
    """Whether bpftrace's warnings are about losses. False where it warns at each event of another PID namespace."""
    runnable: bool = True
    """False if the text cannot be passed to bpftrace at all; the badge says why."""
    itself: str = ""
    """Text for the user: whether bttop's own processes are excluded. Empty if that was not requested."""

    @property
    def text(self) -> str:
        return self.edited.text

    @property
    def original(self) -> str:
        return self.edited.source

    @property
    def shows_nothing(self) -> bool:
        """Whether it can show nothing, however long it runs."""
        return any(badge.text == NOTHING_TO_SHOW for badge in self.badges)

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
    nonce: int = 0,
) -> Prepared:
    """Make a script print its maps exactly once per interval, with a heartbeat, and restrict it to the pin.

    `args` are the user's positional parameters; without any, `$1` is the pin, or 0. `exclude` are processes to exclude.
    `schemes` selects banks or cumulative maps if both are exact. `++` becomes `count()` in maps that are only counted.
    `leave_out` names maps that are not edited (see `undefined_maps`).
    Three flags describe the release (see `Traits`): `new_keys_collide`: it loses an event if two CPUs create the same
    new key at the same time; `raw_tracepoints`: it attaches to them reliably; `empty_is_zero`: it prints 0 for an empty
    map without a key. `nonce` is the random number that the heartbeats begin with. A script that cannot be read or
    edited is returned unedited, with a badge.
    """
    as_it_is = partial(unedited, script, pin=pin, front=front, args=args)
    if isinstance(script, Unreadable):
        return as_it_is()
    seen = survey(script)
    if why := _why_unedited(script, seen):
        return as_it_is(why)
    wishes = Wishes(schemes or {}, leave_out, new_keys_collide, empty_is_zero)
    excluded = exclusion_edits(script, seen, exclude, pin)
    subject = _Subject(script, seen, front, excluded.guards, nonce)
    flushes = _flushes(subject, wishes, interval_ms)
    pinned = pin_edits(script, seen, pin, tuple(args))
    wrappings = (*pinned.wrappings, *address_edits(script, seen))
    edits = nested((*pinned.edits, *excluded.edits, *flushes.edits), wrappings)
    text = edited(script.text, (*edits, *unless_replaced(constant_edits(script, wrappings), edits)))
    if len(text.text.encode()) > LONGEST_TEXT:
        return as_it_is("with bttop's edits it would be too long for one argument")
    found = (*flushes.badges, *pinned.badges, *_of_parameters(subject, args, pinned.args))
    offered = tuple(suggestions(script, seen, front, flushes.counted, raw_tracepoints=raw_tracepoints))
    done = _prepared(subject, text, flushes.plan, pinned.args, found, offered)
    return replace(
        done,
        new_keys_collide=_collides(seen, flushes.twice),
        itself=excluded.said,
        ends_flush=bool(flushes.plan.heartbeats) and can_end(script),
    )


def _why_unedited(script: Script, seen: ScriptSurvey) -> str:
    """Why a script cannot be edited, a clause without a period; empty if it can."""
    if any(PREFIX in token.text for token in script.tokens if token.kind not in ("comment", "string")):
        return f"it uses names with {PREFIX}, which bttop reserves"
    return "a file that it imports prints maps while it runs" if seen.imported_prints else ""


def _of_parameters(subject: _Subject, given: Sequence[str], passed: Sequence[str]) -> Iterable[ScriptCaveat]:
    """The badges for parameters; a script that declares them got each, or its default."""
    if subject.front is not None and subject.front.parameters:
        return ()
    return parameter_badges(subject.script, subject.seen, given, passed)


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
        found = (badges.as_is(f"{script.reason}{where}"), *badges.not_pinned(pin), *showing_of_text(script.text))
        return Prepared(Edited(script.text), args=tuple(args), badges=found, runnable=bool(script.text))
    seen = survey(script)
    plan = _whole_run(seen, front) if _is_iterator(script) else _as_printed(script, seen, front)
    pinned = pin_edits(script, seen, pin, tuple(args))
    about_pin = badges.not_pinned(pin) if pinned.is_edited else pinned.badges
    if pinned.is_edited:
        pinned = pin_edits(script, seen, None, tuple(args))
    found = (badges.as_is(why), *about_pin, *_of_parameters(_Subject(script, seen, front), args, pinned.args))
    offered = tuple(suggestions(script, seen, front))
    return _prepared(_Subject(script, seen, front), Edited(script.text), plan, pinned.args, found, offered)


def _is_iterator(script: Script) -> bool:
    """Whether the script has an `iter` probe. It walks a kernel list once and ends; bpftrace then allows no other
    probe."""
    return any(probe.has("iter") for probe in script.probes)


def _whole_run(seen: ScriptSurvey, front: FrontMatter | None) -> Plan:
    """The plan of an iterator: its text is passed through, and its maps are printed once at the end."""
    return Plan(maps={name: map_plan(use, "gauge", front) for name, use in seen.maps.items()}, raw=True)


def _as_printed(script: Script, seen: ScriptSurvey, front: FrontMatter | None) -> Plan:
    periods = [period_ns(point) for point in script.points if point.provider == "interval"]
    maps = {name: map_plan(use, "own", front) for name, use in seen.maps.items()}
    return Plan(maps=maps, interval_ns=min(filter(None, periods), default=1_000_000_000))


def _prepared(
    subject: _Subject,
    text: Edited,
    plan: Plan,
    args: tuple[str, ...],
    found: tuple[ScriptCaveat, ...],
    offered: tuple[Suggestion, ...],
) -> Prepared:
    script, seen, front = subject.script, subject.seen, subject.front
    shown = tuple(showing(script, seen, plan, is_edited=bool(text.edits)))
    return Prepared(
        edited=text,
        plan=plan,
        args=args,
        badges=(
            *badges.said(front),
            *badges.imported(script),
            *badges.interrupted(script, seen, front),
            *found,
            *shown,
        ),
        suggestions=offered,
        attach_points=script.points,
        uses_user_stacks=seen.user_stacks,
        one_process=names_one_process(script, args),
        settings=frozenset(seen.settings),
        exits=seen.exits or _is_iterator(script),
        prints_itself=bool(seen.writing_probes) or seen.imported_prints,
    )


class _Subject(Struct, frozen=True):
    """The script that is prepared."""

    script: Script
    seen: ScriptSurvey
    front: FrontMatter | None
    guards: Mapping[int, str] = MappingProxyType({})
    """Conditions for single statements, by the statement's offset."""
    nonce: int = 0


class _Flushes(Struct, frozen=True):
    edits: tuple[Edit, ...]
    plan: Plan
    badges: tuple[ScriptCaveat, ...]
    counted: tuple[str, ...] = ()
    """Maps whose `++` and `+=` became `count()` and `sum()`."""
    twice: frozenset[str] = frozenset()
    """Maps whose statements are written twice."""


def _flushes(subject: _Subject, wishes: Wishes, interval_ms: int) -> _Flushes:
    script, seen = subject.script, subject.seen
    if _is_iterator(script):
        return _Flushes((), _whole_run(seen, subject.front), ())
    own = self_printing.printed_maps(script, seen)
    choices = choose(script, seen, subject.front, wishes, [use.name for use in own])
    blocks = find_blocks(script, seen, choices, interval_ms * 1_000_000, subject.nonce)
    keyed = [use for use in own if wishes.empty_is_zero and _may_take_key(use)]
    last = [block.last_flush for block in blocks] if can_end(script) else []
    edits = (
        *map_edits(script, choices, subject.guards),
        *self_printing.under_keys(keyed),
        *block_edits(script, blocks),
        *ending_edits(script, last),
        *_block(script, f"{appended_block(blocks, interval_ms)}{end_block(script, last)}"),
    )
    return _Flushes(
        edits,
        _plan(subject, _map_plans(subject, own, keyed, choices, blocks), choices, blocks, interval_ms),
        _caveats(subject, own, choices, blocks),
        tuple(choice.use.name for choice in choices if choice.rewritten and choice.use.only_counted),
        frozenset(choice.use.name for choice in choices if choice.twice and not choice.copied),
    )


def _caveats(
    subject: _Subject, own: Sequence[MapUse], choices: Sequence[SchemeChoice], blocks: Sequence[Block]
) -> tuple[ScriptCaveat, ...]:
    script, seen = subject.script, subject.seen
    unknown = [block.probe for block in blocks if block.probe is not None and not block.period_ns]
    return (
        *badges.of_own(own),
        *badges.shortened(script, own),
        *badges.of_choices(choices),
        *badges.losing(script, seen, choices),
        *badges.seldom(script, seen),
        *badges.unknown_periods(script, unknown),
    )


def _map_plans(
    subject: _Subject,
    own: Sequence[MapUse],
    keyed: Sequence[MapUse],
    choices: Sequence[SchemeChoice],
    blocks: Sequence[Block],
) -> dict[str, MapPlan]:
    """The plans of all shown maps in the order of the script, but the assigned ones that bttop prints come last."""
    plans = {use.name: _own_plan(subject, use, blocks, under_key=use in keyed) for use in own}
    plans |= {choice.use.name: _chosen_plan(subject, choice, blocks) for choice in choices}
    assigned = {choice.use.name for choice in choices if choice.use.aggregation == "value" and not choice.copied}
    names = sorted((name for name in subject.seen.maps if name in plans), key=lambda name: name in assigned)
    return {name: plans[name] for name in names}


def _plan(
    subject: _Subject,
    plans: Mapping[str, MapPlan],
    choices: Sequence[SchemeChoice],
    blocks: Sequence[Block],
    interval_ms: int,
) -> Plan:
    """The plan of an edited script; each map is followed by the script's own seldom print of it."""
    copied = {choice.use.name: choice.use for choice in choices if choice.copied}
    printed = {name: use for name, use in copied.items() if print_occasions(subject.script, use)}
    maps = {}
    for name, plan in plans.items():
        maps[name] = plan
        if name in printed:
            maps[own_print(name)] = _own_print(subject, printed[name])
    periods = {block.mark: block.period_ns for block in blocks}
    return Plan(
        maps=maps,
        aliases=_aliases(choices) | {name: own_print(name) for name in copied},
        heartbeats=tuple(block.mark for block in blocks),
        interval_ns=min(filter(None, periods.values()), default=interval_ms * 1_000_000),
        nonce=subject.nonce,
        periods=periods,
    )


def _block(script: Script, text: str) -> tuple[Edit, ...]:
    """The edit that appends a block to the script; none if `text` is empty."""
    separator = "" if script.text.endswith("\n") else "\n"
    return (Edit(len(script.text), f"{separator}{text.strip()}\n"),) if text else ()


def _aliases(choices: Sequence[SchemeChoice]) -> dict[str, str]:
    return {bank: name for name, pair in bank_names(choices).items() for bank in pair}


def _may_take_key(use: MapUse) -> bool:
    """Whether a map that reads 0 when empty may get a key. Not if the script calls zero(): it would leave a 0 there."""
    return (
        use.pure
        and not use.declared
        and not use.by_macro
        and "zero" not in use.uses
        and reads_zero(use.arity, use.aggregation)
    )


def _own_plan(subject: _Subject, use: MapUse, blocks: Sequence[Block], *, under_key: bool) -> MapPlan:
    """The plan of a map that the script prints at its own intervals."""
    plan = map_plan(use, "own", subject.front, under_key=under_key)
    plan = replace(plan, kept=self_printing.is_total(subject.script, use), mark=_mark(use, blocks))
    return replace(plan, scheme="cumulative") if self_printing.is_subtracted(subject.script, use) else plan


def _mark(use: MapUse, blocks: Sequence[Block]) -> str:
    """The mark of the only block that prints a map; empty if there are several, or if the script has only one block."""
    marks = [block.mark for block in blocks if any(call in use.calls for call in block.calls)]
    return marks[0] if len(marks) == 1 < len(blocks) else ""


def _chosen_plan(subject: _Subject, choice: SchemeChoice, blocks: Sequence[Block]) -> MapPlan:
    """The plan of a map that bttop prints."""
    plan = map_plan(choice.use, choice.scheme, subject.front, choice.numbered, under_key=choice.under_key)
    return replace(plan, mark=blocks[0].mark if len(blocks) > 1 else "")


def _own_print(subject: _Subject, use: MapUse) -> MapPlan:
    """The plan of the script's own print of a map that bttop prints from its copy."""
    plan = map_plan(use, "own", subject.front)
    return replace(plan, name=own_print(use.name), title="", kept=True, occasional=True)
