"""Which maps lose updates: `@x++`, `@x += n` and `@x = @x + n` read, add and write in separate steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bttop.script.flush_edits.occasions import occasion_of, other_uses
from bttop.script.language.columns import Expression
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Script
from bttop.script.language.survey import ASSIGNMENTS, ENDS, MapUse, ScriptSurvey
from bttop.script.process.regions import code_of

_APART: Final = frozenset({"tid", "cpu"})
"""Parts of a key that two CPUs never share at the same time."""


def loses_updates(script: Script, seen: ScriptSurvey, use: MapUse) -> bool:
    """Whether a map that the script shows is counted by hand in probes that run on several CPUs."""
    return _is_shown(script, seen, use) and any(_is_shared(keys) for keys in _hand_counts(script, use))


def _is_shown(script: Script, seen: ScriptSurvey, use: MapUse) -> bool:
    writing = [script.probes[index] for index in seen.writing_probes]
    return use.only_counted or any(probe in writing for probe, _, _ in other_uses(script, use))


def _hand_counts(script: Script, use: MapUse) -> Iterator[tuple[Expression, ...]]:
    """The keys of each statement that counts by hand at an event."""
    for update in (*use.updates, *use.hidden):
        if update.form in ("increment", "add") and _is_at_event(script, update.probe):
            yield update.keys
    for probe in script.probes:
        if occasion_of(script, probe) == "event":
            yield from _additions(code_of(script, probe), use.name)


def _is_at_event(script: Script, index: int) -> bool:
    """Whether a probe runs at traced events; those of imported files, which have higher indices, may."""
    return index >= len(script.probes) or occasion_of(script, script.probes[index]) == "event"


def _additions(tokens: list[Token], name: str) -> Iterator[tuple[Expression, ...]]:
    """The keys of each `@x[keys] = … @x … + …`, `@x[keys] -= …` and `@x[keys]--`."""
    texts = [token.text for token in tokens]
    for at, text in enumerate(texts):
        if text != name or not at or texts[at - 1] not in (*ENDS, "{"):
            continue
        end = next((index for index in range(at, len(texts)) if texts[index] in ENDS), len(texts))
        operator = next((index for index in range(at, end) if texts[index] in ASSIGNMENTS), end)
        added = texts[operator:end]
        if added and (added[0] != "=" or (name in added and not {"+", "-"}.isdisjoint(added))):
            yield (tuple(tokens[at + 1 : operator]),)


def _is_shared(keys: tuple[Expression, ...]) -> bool:
    """Whether two CPUs may count into the same key at the same time."""
    return all(token.text not in _APART for part in keys for token in part)
