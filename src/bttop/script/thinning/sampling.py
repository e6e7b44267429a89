"""Decides how the events of a script can be thinned so that what it counts can still be scaled.

A script without state takes each event by chance. A script that pairs events (`@start[tid]` at the entry, its time at
the return) takes all events of some keys, chosen by a hash, so that pairs stay whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from bttop.script.language.probe_context import context_of_probe
from bttop.script.language.reader import Script
from bttop.script.language.survey import ASSIGNMENTS, MapUse, ScriptSurvey, survey
from bttop.script.process.assignments import behind_key, key_at
from bttop.script.process.pid_parameter import text_of
from bttop.script.process.regions import Code, code_of, regions

Key = tuple[str, ...]
"""The parts of a key, as bpftrace expressions."""

_ACTING: Final = frozenset({"system", "signal", "signal_thread", "override", "exit", "skboutput"})
"""Functions that act on an event: to leave one out changes more than a number."""
_COUNTS: Final = frozenset({"aggregate", "increment", "add", "print", "clear", "zero"})
_UNITS: Final[Mapping[Key, str]] = {("tid",): "threads", ("pid",): "processes"}
_EMPTYING: Final = frozenset({"delete", "clear", "zero"})
_HASHED: Final = re.compile(
    r"tid|pid|cpu|retval|arg[0-9]"
    r"|args(?:->|\.)(?:pid|tid|prev_pid|next_pid|dev|sector|skaddr|skbaddr|sk|timer|hrtimer|work|function|vec|irq|id)"
)
"""Expressions of which all releases can compute a hash: integers and pointers."""
_FEW: Final = re.compile(r"cpu|args(?:->|\.)(?:dev|function|vec|irq|id)")
"""Those of them with so few values on one host that one in N of them may be none."""
_WHOLE: Final = frozenset({"print", "clear", "zero"})
"""Functions for all rows of a map that read no single one."""


class Sampling(Struct, frozen=True):
    """How each probe chooses the events that it takes."""

    probes: Mapping[int, Key]
    """By the index of each thinned probe: the key whose hash decides; empty if chance does."""
    scaled: frozenset[str]
    """The maps whose rows are scaled."""
    by_key: frozenset[str]
    """Those of them that count events that were chosen by a key."""
    missing: tuple[str, ...]
    """What may lack single events and cannot be scaled, in words for the user."""

    @property
    def by(self) -> str:
        """The unit that is chosen, in the plural: `events`, `threads` or the parts of the key."""
        keys = {key for key in self.probes.values() if key}
        if not keys:
            return "events"
        return _UNITS.get(next(iter(keys)), "keys") if len(keys) == 1 else "keys"


def sampling_of(script: Script) -> Sampling | str:
    """How the script can be thinned, or why it cannot: a clause without a period."""
    seen = survey(script)
    thinned = [index for index, probe in enumerate(script.probes) if context_of_probe(probe) != "none"]
    if why := _why_not(script, seen, thinned):
        return why
    state = [use for use in seen.maps.values() if _is_state(use)]
    keys = _keys(script, state, thinned)
    if isinstance(keys, str):
        return keys
    for use in seen.maps.values():
        filling = _filling(use)
        if filling & set(thinned) and filling - set(thinned):
            return f"{use.name} counts events of which not all are thinned"
        if any(_holds(use, keys[index]) for index in filling & set(thinned)):
            return f"each row of {use.name} is about one of the keys by which its events belong together"
    return Sampling(keys, *_marked(seen, keys), tuple(_missing(seen, thinned)))


def _why_not(script: Script, seen: ScriptSurvey, thinned: list[int]) -> str:
    if not thinned:
        return "it has no probe for events"
    if any(one.probes for one in script.imported):
        return "it imports probes, which run unedited"
    words = {token.text for index in thinned for token in code_of(script, script.probes[index]) if token.kind == "word"}
    acting = sorted(_ACTING & words) or sorted(_ACTING & seen.words - {"exit"})
    if acting:
        return f"it calls {acting[0]}() at events"
    for use in seen.maps.values():
        if "given" in use.uses:
            return f"{use.name} is used by code that bttop cannot read"
        if use.aggregation == "tseries":
            return f"{use.name} is a time series"
    return ""


def _is_state(use: MapUse) -> bool:
    """Whether events depend on what earlier events have stored in the map."""
    is_counted = use.uses <= _COUNTS and use.aggregation != "value"
    return not is_counted and not use.uses <= {"assign", "print", "clear", "zero"}


def _filling(use: MapUse) -> set[int]:
    """The probes that count into a map."""
    return {update.probe for update in (*use.updates, *use.hidden)}


def _holds(use: MapUse, key: Key) -> bool:
    """Whether the keys of a map contain the key by which events are chosen. A thread belongs to one process."""
    parts = {text_of(part) for update in (*use.updates, *use.hidden) for part in update.keys}
    return bool(key) and (parts | ({"pid"} if "tid" in parts else set())).issuperset(key)


def _marked(seen: ScriptSurvey, keys: Mapping[int, Key]) -> tuple[frozenset[str], frozenset[str]]:
    """The maps that are filled by thinned probes, and those of them whose events are chosen by a key."""
    found = {name: filling for name, use in seen.maps.items() if (filling := _filling(use)) and filling <= keys.keys()}
    return frozenset(found), frozenset(name for name, filling in found.items() if any(keys[index] for index in filling))


def _missing(seen: ScriptSurvey, thinned: list[int]) -> Iterator[str]:
    for word, text in (("min", "minima"), ("max", "maxima")):
        names = sorted(use.name for use in seen.maps.values() if use.aggregation == word)
        if names:
            yield f"{text} ({', '.join(names)})"
    if any("assign" in use.uses and not _is_state(use) for use in seen.maps.values()):
        yield "assigned values"
    if seen.writing_probes & set(thinned):
        yield "printed lines"


def _keys(script: Script, state: list[MapUse], thinned: list[int]) -> dict[int, Key] | str:
    """The key that chooses the events of each thinned probe."""
    names = {use.name for use in state}
    written = {name for index in thinned for name in _written(Code(code_of(script, script.probes[index])), names)}
    outside = [region for region in regions(script) if region.kind != "probe"]
    hidden = {token.text for region in outside for token in region.code.tokens if token.kind == "map"}
    if found := sorted(hidden & names):
        return f"{found[0]} keeps state in a macro"
    keys: dict[int, Key] = {}
    for index, probe in enumerate(script.probes):
        code = Code(code_of(script, probe))
        if index not in thinned:
            if _reads(code, written):
                return "a probe that is not thinned uses the state of single events"
            continue
        used = dict.fromkeys(_used(code, written))
        if len(used) > 1 or (used and not all(_HASHED.fullmatch(part) for part in next(iter(used)))):
            return "it connects events, such as start and end, and its keys do not tell which belong together"
        if used and not next(iter(used)):
            return "it keeps state that all events share"
        if used and all(_FEW.fullmatch(part) for part in next(iter(used))):
            return f"it keeps state under few keys ({', '.join(next(iter(used)))})"
        keys[index] = next(iter(used), ())
    return keys if len({len(key) for key in keys.values() if key}) < 2 else "its states have different keys"


def _used(code: Code, names: set[str]) -> Iterator[Key]:
    """The key of each use of one of the maps; empty for a use without a key."""
    for at, token in enumerate(code.tokens):
        if token.kind == "map" and token.text in names:
            yield tuple(text_of(part) for part in key_at(code, at))


def _reads(code: Code, names: set[str]) -> bool:
    """Whether the code uses rows of one of the maps, a loop over them or their number: all of them are needed."""
    return any(
        bool(key_at(code, at)) or code.text(at - 1) != "(" or code.text(at - 2) not in _WHOLE
        for at, token in enumerate(code.tokens)
        if token.kind == "map" and token.text in names
    )


def _written(code: Code, names: set[str]) -> Iterator[str]:
    """The maps that the code changes."""
    for at, token in enumerate(code.tokens):
        if token.kind == "map" and token.text in names:
            is_emptied = code.text(at - 1) == "(" and code.text(at - 2) in _EMPTYING
            is_assigned = code.text(behind_key(code, at)) in ASSIGNMENTS or code.text(at - 1) in ("++", "--")
            if is_emptied or is_assigned:
                yield token.text
