"""Split a printed key into its parts.

bpftrace joins the parts of a key with commas and escapes nothing, so a split uses what the script declares about each
part. If several splits are possible, the result is marked as ambiguous.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from bttop.model.plan import Column
from bttop.patterns import pattern

_INTEGER_PART = pattern(r"-?[0-9]+|0x[0-9a-f]+")
_ARRAY = pattern(r"\[[^\]\n]*\](?=,|$)")
_CANONICAL = pattern(r"0|-?[1-9][0-9]{0,19}")
# Limit of tokens read while trying splits of one key, so that a hostile key costs no more than a long one.
_TRIAL_WORK = 4096
_LONGEST_KEPT = 256

Part = int | str


class SplitKey(NamedTuple):
    """The parts of one key, as many as the map has columns."""

    parts: tuple[Part, ...]
    ambiguous: bool
    """Another split would also fit, or none fits."""


def split_key(key: str, columns: tuple[Column, ...]) -> SplitKey:
    """Split `key` into one part per column; with one column or none, the whole key is the only part.

    A part that contains commas is found by the number and kinds of the columns: an `int` takes one number, a `stack`
    begins and ends with a newline, and the remaining text belongs to the last `text` column that can take it.
    """
    if len(columns) < 2:
        kind = columns[0].kind if columns else "text"
        return SplitKey((_part(key, kind),), ambiguous=False)
    tokens = _tokens(key, columns)
    if len(tokens) == len(columns):
        return SplitKey(_parts(tokens, columns), ambiguous=False)
    if len(tokens) < len(columns):
        tokens += [""] * (len(columns) - len(tokens))
        return SplitKey(_parts(tokens, columns), ambiguous=True)
    return _fit(tokens, columns)


def split_before_stacks(key: str, columns: tuple[Column, ...]) -> tuple[str, list[str]] | None:
    """The text of a key up to its stacks, with the comma, and the stacks; None if stacks are not at its end, or if it
    must be read part by part. This takes a third of the time of `split_key`."""
    stacks, at = _stacks_at_the_end(columns), key.find("\n")
    if not stacks or at < 0 or (at > 0) != (stacks < len(columns)) or (at and key[at - 1] != ","):
        return None
    if stacks == 1 and (key.find(",", at) < 0 or "\n," not in key):  # most stacks have no comma, which is found faster
        return key[:at], [key[at:]]
    found = key[at:].split("\n,")
    if len(found) != stacks or not all(not one or one.startswith("\n") for one in found):
        return None
    return key[:at], [*[f"{one}\n" for one in found[:-1]], found[-1]]


def key_order(key: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key for printed keys: integers by their value and before text, part by part; a stack is one part."""
    head, newline, stack = key.partition("\n")
    order = _head_order(head) if len(head) <= _LONGEST_KEPT else _order(head)
    return (*order, (1, 0, stack)) if newline else order


def _order(key: str) -> tuple[tuple[int, int, str], ...]:
    return tuple([(0, int(part), "") if _CANONICAL.fullmatch(part) else (1, 0, part) for part in key.split(",")])


# Each flush has mostly the same keys, and the rows of one event are all sorted by key.
_head_order = lru_cache(maxsize=16_384)(_order)


def can_be_ambiguous(columns: tuple[Column, ...]) -> bool:
    """Whether a key of these columns could have several splits, or none."""
    if len(columns) < 2:
        return False
    kinds = [column.kind for column in columns if not _is_address(column)]
    return (kinds.count("text") or kinds.count("any")) != 1


def _tokens(key: str, columns: tuple[Column, ...]) -> list[str]:
    """The key split at its commas; a stack is one token, whatever its frames contain, and so is the array of an
    address."""
    stacks = "\n" in key and any(column.kind == "stack" for column in columns)
    arrays = "[" in key and any(_is_address(column) for column in columns)
    if not (stacks or arrays):
        return key.split(",")
    if not arrays and (usual := split_before_stacks(key, columns)) is not None:
        head, found = usual
        return [*head[:-1].split(","), *found] if head else found
    tokens = []
    start = 0
    while start <= len(key):
        end = _token_end(key, start, stacks=stacks, arrays=arrays)
        tokens.append(key[start:end])
        start = end + 1
    return tokens


@lru_cache(maxsize=256)
def _stacks_at_the_end(columns: tuple[Column, ...]) -> int:
    """The number of stacks after all other columns; 0 if one is before another column."""
    kinds = [column.kind == "stack" for column in columns]
    return sum(kinds) if kinds == sorted(kinds) else 0


def _token_end(key: str, start: int, *, stacks: bool, arrays: bool) -> int:
    if stacks and key.startswith("\n", start):
        end = key.find("\n,", start) + 1
        return end or len(key)
    if arrays and (found := _ARRAY.match(key, start)) is not None:
        return found.end()
    end = key.find(",", start)
    return end if end >= 0 else len(key)


def _fit(tokens: list[str], columns: tuple[Column, ...]) -> SplitKey:
    """Give the surplus tokens to the columns that can contain a comma."""
    surplus = len(tokens) - len(columns)
    elastic = _elastic(columns)
    extras = itertools.islice(_extras(surplus, elastic), 2 + _TRIAL_WORK // len(tokens))
    trials = (_spread(tokens, len(columns), extra) for extra in extras)
    fitting = list(itertools.islice((trial for trial in trials if _fits(trial, columns)), 2))
    if not fitting:
        fallback = _spread(tokens, len(columns), {(elastic or [len(columns) - 1])[-1]: surplus})
        return SplitKey(_parts(fallback, columns), ambiguous=True)
    return SplitKey(_parts(fitting[0], columns), ambiguous=len(fitting) > 1)


def _elastic(columns: tuple[Column, ...]) -> list[int]:
    """Indexes of the columns that can contain a comma: the `text` columns or, if there are none, the unknown ones."""
    for kind in ("text", "any"):
        found = [index for index, one in enumerate(columns) if one.kind == kind and not _is_address(one)]
        if found:
            return found
    return []


def _is_address(column: Column) -> bool:
    return column.decoder == "address"


def _extras(surplus: int, elastic: list[int]) -> Iterator[dict[int, int]]:
    """Every way to distribute `surplus` tokens over the elastic columns, the last column first."""
    if not elastic:
        return
    if len(elastic) == 1:
        yield {elastic[0]: surplus}
        return
    *rest, last = elastic
    for taken in range(surplus, -1, -1):
        for others in _extras(surplus - taken, rest):
            yield {**others, last: taken}


def _spread(tokens: list[str], width: int, extra: dict[int, int]) -> list[str]:
    parts = []
    at = 0
    for index in range(width):
        end = at + 1 + extra.get(index, 0)
        parts.append(",".join(tokens[at:end]))
        at = end
    return parts


def _fits(parts: Sequence[str], columns: tuple[Column, ...]) -> bool:
    has_stack = any(column.kind == "stack" for column in columns)
    return all(_fits_kind(part, column.kind, has_stack) for part, column in zip(parts, columns, strict=True))


def _fits_kind(part: str, kind: str, has_stack: bool) -> bool:
    if kind == "int":
        return _INTEGER_PART.fullmatch(part) is not None
    is_stack = part.startswith("\n") and part.endswith("\n")
    return is_stack if kind == "stack" else not (has_stack and is_stack)


def _parts(texts: Sequence[str], columns: tuple[Column, ...]) -> tuple[Part, ...]:
    return tuple(_part(text, column.kind) for text, column in zip(texts, columns, strict=True))


def _part(text: str, kind: str) -> Part:
    if kind in {"int", "any"} and _CANONICAL.fullmatch(text):
        return int(text)
    return text
