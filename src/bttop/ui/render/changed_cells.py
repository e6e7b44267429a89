"""Finds the cells in which two lines differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bttop.ui.render.spans import Line
from bttop.ui.render.text import width

GAP: Final = 12
"""Fewer unchanged cells than this between two changed ones are sent as well: moving there and choosing the colour again
takes up to 30 bytes."""


def changed_cells(before: Line, after: Line, cells: int) -> Sequence[tuple[int, int]]:
    """The runs [first, end) of cells in which `after` differs from `before`; both are `cells` wide. The whole line, if
    a character takes no cell or two."""
    old, new = "".join([span.text for span in before]), "".join([span.text for span in after])
    if not (_is_narrow(old, cells) and _is_narrow(new, cells)):
        return ((0, cells),)
    changed = [
        at
        for at, (one, other, role, other_role) in enumerate(zip(old, new, _roles(before), _roles(after), strict=True))
        if one != other or role != other_role
    ]
    return tuple(_runs(changed))


def _is_narrow(text: str, cells: int) -> bool:
    """Whether the text has `cells` characters, each of which takes one cell."""
    return len(text) == cells and (text.isascii() or all(width(one) == 1 for one in set(text)))


def _roles(line: Line) -> Iterator[str]:
    """The role of each character."""
    for span in line:
        yield from (span.role,) * len(span.text)


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
