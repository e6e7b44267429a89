"""Finds the cells in which two lines differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.ui.render.spans import Line
from bttop.ui.render.text import is_narrow

GAP: Final = 12
"""Fewer unchanged cells than this between two changed ones are sent as well: moving there and choosing the colour again
takes up to 30 bytes."""


def changed_cells(before: Line, after: Line, cells: int) -> Sequence[tuple[int, int]]:
    """The runs [first, end) of cells in which `after` differs from `before`; both are `cells` wide. The whole line, if
    a character takes no cell or two."""
    old, new = "".join([span.text for span in before]), "".join([span.text for span in after])
    if not (is_narrow(old, cells) and is_narrow(new, cells)):
        return ((0, cells),)
    same_spans = [len(span.text) for span in before] == [len(span.text) for span in after]
    return tuple(_runs(_in_spans(before, after) if same_spans else _in_texts(old, new, _roles(before, after))))


def _in_texts(old: str, new: str, roles: tuple[str, str]) -> Sequence[int]:
    """The positions of the characters that differ in text or role, ascending."""
    all_four = zip(range(len(new)), old, new, *roles, strict=True)
    return [at for at, one, other, role, other_role in all_four if one != other or role != other_role]


def _in_spans(before: Line, after: Line) -> Sequence[int]:
    """The same for lines with spans of the same lengths: other values in the same columns. Most spans are equal."""
    found: list[int] = []
    start = 0
    for one, other in zip(before, after, strict=True):
        end = start + len(other.text)
        if one.role != other.role:
            found += range(start, end)
        elif one.text != other.text:
            found += [at for at, x, y in zip(range(start, end), one.text, other.text, strict=True) if x != y]
        start = end
    return found


def _roles(before: Line, after: Line) -> tuple[str, str]:
    """For each line a character for the role of each of its characters."""
    codes: dict[str, str] = {}
    one, other = (
        "".join([codes.setdefault(span.role, chr(len(codes))) * len(span.text) for span in line])
        for line in (before, after)
    )
    return one, other


def _runs(changed: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending positions as runs; small gaps are part of a run."""
    if not changed:
        return
    first = last = changed[0]
    for at in changed:
        if at - last > GAP:
            yield first, last + 1
            first = at
        last = at
    yield first, last + 1
