"""What a script uses that a release of bpftrace does not have, and the releases that have it.

Asked only after bpftrace has refused the script: a distribution may have added something to an older release.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from bttop.model.record.release import Release
from bttop.model.record.releases import LANGUAGE, Trait
from bttop.patterns import pattern
from bttop.script.language.lexer import Token
from bttop.script.language.reader import Script, position
from bttop.script.language.words import WORDS
from bttop.script.messages.diagnostics import Diagnostic

_DURATION: Final = pattern(r"[0-9_]+(?:ns|us|ms|s|m|h|d)")
_DEFINED: Final = {"let": "let @"}
"""Definitions whose construct has another name than their keyword."""
_CALLED: Final[Mapping[str, Trait]] = {
    one.text.partition("(")[0]: Trait(f"`{one.text.partition('(')[0]}()`", one.since[:2], one.until)
    for one in WORDS
    if one.kind in ("function", "aggregation")
}
_BUILTINS: Final[Mapping[str, Trait]] = {
    one.text: Trait(f"`{one.text}`", one.since[:2], one.until) for one in WORDS if one.kind == "builtin"
}


class Requirement(Struct, frozen=True):
    """One thing that a release does not have."""

    what: str
    """Such as `macros`."""
    releases: str
    """The releases that have it, such as `bpftrace 0.24 or newer`."""
    line: int
    column: int
    """Its first place in the script: line and byte, from 1."""


def lacking(script: Script, release: Release) -> tuple[Requirement, ...]:
    """What the script uses and the release does not have, each once, in the order of the script."""
    found: dict[str, Requirement] = {}
    for trait, offset in sorted(_used(script), key=lambda one: one[1]):
        if not trait.has(release):
            found.setdefault(trait.text, Requirement(trait.text, _releases(trait), *position(script.text, offset)))
    return tuple(found.values())


def with_requirements(errors: Sequence[Diagnostic], script: Script, release: Release) -> list[Diagnostic]:
    """The errors of a refused script, those first that say which release has what it uses. They replace the errors on
    the same line, and those without a place, that bpftrace has reported instead."""
    lacks = lacking(script, release)
    lines = {0, *(one.line for one in lacks)} if lacks else set()
    own = [
        Diagnostic("ERROR", f"{one.what}: only in {one.releases}; this is {release}", "", one.line, one.column)
        for one in lacks
    ]
    return [*own, *(one for one in errors if one.line not in lines or one.is_in_header)]


def _releases(trait: Trait) -> str:
    since, until = (".".join(map(str, end[:2])) if end else "" for end in (trait.since, trait.until))
    return f"bpftrace older than {until}" if until else f"bpftrace {since} or newer"


def _used(script: Script) -> Iterator[tuple[Trait, int]]:
    """The constructs, functions and builtins of a script, with their offsets."""
    for one in script.definitions:
        construct = LANGUAGE.get(_DEFINED.get(one.keyword, one.keyword))
        if construct is not None:
            yield construct, script.tokens[one.start].start
    own = {name for one in script.definitions for name in _name_of(script, one.start, one.end)}
    for probe in script.probes:
        for point in probe.points:
            if point.provider in LANGUAGE:
                yield LANGUAGE[point.provider], script.tokens[probe.start].start
        start = probe.predicate[0] if probe.predicate else probe.block[0]
        yield from _used_by(list(script.significant(start, probe.block[1] + 1)), own)


def _name_of(script: Script, start: int, end: int) -> Sequence[str]:
    """The name that a macro or function defines: the word after its keyword."""
    return [token.text for token in list(script.significant(start, end))[1:2] if token.kind == "word"]


def _used_by(tokens: Sequence[Token], own: set[str]) -> Iterator[tuple[Trait, int]]:
    for before, token, behind in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
        follows = "" if behind is None else behind.text
        if token.kind == "number" and _DURATION.fullmatch(token.text):
            yield LANGUAGE["1s"], token.start
        elif token.text == ".." and token.kind == "punct":
            yield LANGUAGE[".."], token.start
        elif token.kind == "word" and not (before is not None and before.text in (".", "->")):
            trait = None if token.text in own else _trait_of(token.text, follows)
            if trait is not None:
                yield trait, token.start


def _trait_of(word: str, follows: str) -> Trait | None:
    """The trait of a word in code, by the token that follows it; None if every release has it."""
    if word == "args":
        return LANGUAGE["args."] if follows == "." else None
    if word in ("let", "for"):
        return LANGUAGE[word]
    return _CALLED.get(word) if follows == "(" else _BUILTINS.get(word)
