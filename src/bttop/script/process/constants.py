"""Replaces the constants that stand for parameters: `#define WANTED $1`.

bpftrace 0.27 ends with a segmentation fault if a script uses such a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from bttop.patterns import pattern
from bttop.script.language.edits import Edit, Wrapping, edited, replace
from bttop.script.language.reader import Script
from bttop.script.process.regions import Region, regions

_PARAMETER: Final = pattern(r"\$(?:[0-9]+|#)")
_LONGEST: Final = 4096
"""A constant with a longer value, in characters, is not replaced."""


def constant_edits(script: Script, wrappings: Sequence[Wrapping] = ()) -> Iterator[Edit]:
    """The edits that replace such constants by their values. `wrappings` are edits of the values."""
    if not any(token.kind == "preprocessor" and "$" in token.text for token in script.tokens):
        return
    found = regions(script)
    values = _values([region for region in found if region.kind == "constant"], wrappings, script.text)
    for region in found:
        for token in region.code.tokens if region.kind != "constant" and values else ():
            if token.kind == "word" and token.text in values:
                yield replace(token, values[token.text])


def _values(constants: Sequence[Region], wrappings: Sequence[Wrapping], text: str) -> Mapping[str, str]:
    """The values of the constants that contain a parameter, or another such constant."""
    known: dict[str, str] = {}
    remaining = [region for region in constants if region.code.tokens]
    for _ in constants:
        ready = [one for one in remaining if _has_parameter(one, known) and not _waits(one, remaining, known)]
        for region in ready:
            value = _value(region, wrappings, known, text)
            if len(value) <= _LONGEST:
                known[region.name] = value
            remaining.remove(region)
        if not ready:
            break
    return known


def _has_parameter(region: Region, known: Mapping[str, str]) -> bool:
    return any(_PARAMETER.fullmatch(token.text) or token.text in known for token in region.code.tokens)


def _waits(region: Region, remaining: Iterable[Region], known: Mapping[str, str]) -> bool:
    """Whether a constant uses another one that has to be replaced first."""
    names = {one.name for one in remaining if one is not region and _has_parameter(one, known)}
    return any(token.text in names for token in region.code.tokens)


def _value(region: Region, wrappings: Sequence[Wrapping], known: Mapping[str, str], text: str) -> str:
    tokens = region.code.tokens
    start, end = tokens[0].start, tokens[-1].end
    inner = [replace(token, known[token.text]) for token in tokens if token.kind == "word" and token.text in known]
    around = [one for one in wrappings if start <= one.opening.offset and one.closing.offset <= end]
    ordered = [*(one.closing for one in around), *(one.opening for one in around), *inner]
    moved = [edit._replace(offset=edit.offset - start) for edit in ordered]
    return edited(text[start:end], moved).text
