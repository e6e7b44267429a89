"""Which programs of two periods count the same thing, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from bttop.store.compare.groups import is_alike
from bttop.store.compare.period import Period, ProgramPeriod


class Pair(Struct, frozen=True):
    """One program in both periods."""

    index: int
    """Index among the programs of the later period."""
    before: ProgramPeriod
    after: ProgramPeriod


class Matching(Struct, frozen=True):
    """The programs of two periods side by side."""

    pairs: tuple[Pair, ...]
    unmatched: Mapping[int, str]
    """Index among the programs of the later period to why it is not compared."""
    notes: tuple[str, ...]
    """Sentences about what is compared only in part, and about the baseline."""


def match(before: Period, after: Period) -> Matching:
    """Find what can be compared."""
    pairs: list[Pair] = []
    unmatched: dict[int, str] = {}
    notes = list(_about_host(before, after))
    left = list(before.programs)
    for index, program in enumerate(after.programs):
        other = find(left, program)
        if other is not None:
            left.remove(other)
        why = _why_not(other, program)
        if other is None or why:
            unmatched[index] = why
        else:
            pairs.append(Pair(index, other, program))
            notes += _about_pair(before, other, program)
    if left:
        notes.append(f"only in the baseline: {', '.join([one.name for one in left])}")
    return Matching(tuple(pairs), unmatched, tuple(notes))


def find(programs: list[ProgramPeriod], program: ProgramPeriod) -> ProgramPeriod | None:
    """The program of the same name, if possible with the same script."""
    named = [one for one in programs if one.name == program.name]
    same = (one for one in named if one.counted.script == program.counted.script)
    return next(same, named[0] if named else None)


def _about_host(before: Period, after: Period) -> Iterator[str]:
    if before.host != after.host:
        yield f"the baseline is from another host: {before.host}, not {after.host}"


def _why_not(other: ProgramPeriod | None, program: ProgramPeriod) -> str:
    if other is None:
        return "the baseline has no program of this name"
    if not other.flushes:
        return "it has no flush in the baseline"
    if not program.flushes:
        return "it has no flush since"
    return _pins(other.counted.pin, program.counted.pin)


def _pins(before: str, after: str) -> str:
    """Why two pins are not comparable; empty if they are the same."""
    if before == after:
        return ""
    if not before:
        return "it is pinned, and the baseline is not"
    return "it has another pin than in the baseline" if after else "it is not pinned, and the baseline is"


def _about_pair(before: Period, other: ProgramPeriod, program: ProgramPeriod) -> Iterator[str]:
    if other.counted.script != program.counted.script:
        yield f"{program.name} has another script than in the baseline: only maps that are alike are compared"
    maps = program.groups.maps
    alike = {name for name, one in other.groups.maps.items() if name in maps and is_alike(one.plan, maps[name].plan)}
    if unlike := [name for name in maps if name not in alike]:
        yield f"{program.name} {', '.join(unlike)}: not compared, the baseline has no such map"
    whole = (before.end.boot_ns - before.begin.boot_ns) / 1e9
    if maps and other.seconds < 0.5 * min(whole, before.seconds):
        yield f"{program.name}: the baseline has only {other.seconds:.0f} s of it"
