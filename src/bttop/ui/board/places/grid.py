"""The grid of the board: a pure function of its size and of what each place needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

LEAST_WIDTH, LEAST_HEIGHT = 60, 15
"""Minimum size of the terminal in cells; below it the screen shows only that it is too small."""
LARGE = 3
"""The share of the largest pane, where others have 1."""
LEAST_LINES = 2
"""Lines of the smallest pane that is more than its rule."""


def is_too_small(width: int, height: int) -> bool:
    """Whether a terminal of this size in cells has no room for panes."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def smallness(width: int, height: int) -> list[str]:
    """The message in a terminal that is too small."""
    return [
        " terminal too small",
        f" {width}x{height} here, {LEAST_WIDTH}x{LEAST_HEIGHT} needed",
        " collection continues; q quits",
    ]


Widths: TypeAlias = Mapping[int, Sequence[float]]
"""The shares of the columns that the user has chosen, by the number of columns in a row."""
EVEN: Final[Widths] = MappingProxyType({})


class PanePlace(NamedTuple):
    """A pane's place on the board in cells, including its rule and the divider to its left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first cell to its right."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first line below it."""
        return self.y + self.height


class Need(Struct, frozen=True):
    """What a place needs."""

    weight: int = 1
    """Its share of the lines; 0 is a single line."""
    is_wide: bool = False
    """Whether it takes two columns."""
    lines: int | None = None
    """The lines that the user has given it; None is an automatic height."""


class Spot(NamedTuple):
    """A place, and where it is in the grid."""

    place: PanePlace
    block: int
    """Index of its block: consecutive rows with the same columns."""
    column: int
    """Index of its column in the block."""
    columns: int
    """Number of columns that its rows have."""
    first: int
    """The first of these columns that it takes."""
    end: int
    """The column after the last that it takes."""


class _Column(Struct, frozen=True):
    first: int
    end: int
    share: float
    members: list[int]


class _Block(Struct, frozen=True):
    columns: int
    parts: list[_Column]


class _Want(Struct, frozen=True):
    """Lines that a pane, a column or a block wants: `base`, and a share of the rest by `weight`; or `lines`, but at
    least `least`."""

    weight: int
    base: int
    lines: int | None
    least: int


def columns_for(panes: int, width: int) -> int:
    """Number of columns of panes: each has at least 38 cells, and more on wide screens, for wide tables."""
    most = 1 if width < 76 else 2 if width < 190 else 3
    return max(1, min(most, panes))


def needs_of(panes: int, folded: Collection[int] = (), largest: int | None = None) -> list[Need]:
    """What panes need that the user has not placed: the `folded` ones a line, the `largest` one more than others."""
    return [Need(0 if index in folded else LARGE if index == largest else 1) for index in range(panes)]


def arrange(needs: Sequence[Need], width: int, height: int, widths: Widths = EVEN) -> list[Spot]:
    """One spot per need. They fill the rows in reading order; a gap beside a place of double width gets the next one
    that fits. The places of an incomplete row share the full width. Consecutive rows with the same columns are a
    block, in which each column has its own heights; a column of single lines is joined with the one before it."""
    if not any(need.weight for need in needs):
        needs = [replace(need, weight=1) for need in needs]
    blocks = list(_blocks(needs, width, widths))
    heights = share_out(height, [_want_of_block(block, needs) for block in blocks])
    spots: dict[int, Spot] = {}
    y = 0
    for number, (block, lines) in enumerate(zip(blocks, heights, strict=True)):
        x = 0
        cells_of = _split(width, [one.share for one in block.parts])
        for index, (part, cells) in enumerate(zip(block.parts, cells_of, strict=True)):
            for member, place in _stack(part.members, needs, PanePlace(x, y, cells, lines)):
                spots[member] = Spot(place, number, index, block.columns, part.first, part.end)
            x += cells
        y += lines
    return [spots[index] for index in range(len(needs))]


def arrange_fitting(
    needs: Sequence[Need], keep: int, width: int, height: int, widths: Widths = EVEN
) -> dict[int, Spot]:
    """The spots by index. If there are too many, the last ones but `keep` have none, and the last line is free."""
    shown = list(range(len(needs)))
    spots = arrange(needs, width, height, widths)
    while len(shown) > 1 and any(spot.place.height < 1 for spot in spots):
        shown.remove(max(index for index in shown if index != keep))
        spots = arrange([needs[index] for index in shown], width, height - 1, widths)
    return dict(zip(shown, spots, strict=True))


def column_cells(columns: int, width: int, widths: Widths = EVEN) -> list[int]:
    """Cells of each column of a row."""
    return _split(width, widths.get(columns, (1.0,) * columns))


# Columns.


def _rows(needs: Sequence[Need], most: int) -> list[list[tuple[int, int]]]:
    """Index and number of columns of the places in each row."""
    rows: list[list[tuple[int, int]]] = []
    for index, need in enumerate(needs):
        span = min(most, _span(need))
        row = next((row for row in rows if sum(one for _, one in row) + span <= most), None)
        if row is None:
            rows.append([(index, span)])
        else:
            row.append((index, span))
    return rows


def _span(need: Need) -> int:
    return 2 if need.is_wide else 1


def _blocks(needs: Sequence[Need], width: int, widths: Widths) -> Iterator[_Block]:
    rows = _rows(needs, columns_for(sum(map(_span, needs)), width))
    for spans, group in groupby(rows, lambda row: [span for _, span in row]):
        members = [[index for index, _ in row] for row in group]
        columns = sum(spans)
        shares = widths.get(columns, (1.0,) * columns)
        parts: list[_Column] = []
        first = 0
        for at, span in enumerate(spans):
            share = sum(shares[first : first + span])
            parts.append(_Column(first, first + span, share, [row[at] for row in members]))
            first += span
        yield _Block(columns, _joined(parts, needs))


def _joined(parts: Iterable[_Column], needs: Sequence[Need]) -> list[_Column]:
    """The columns of a block; one that has only single lines is joined with its neighbour."""
    joined: list[_Column] = []
    for one in parts:
        if joined and not (_weight(one, needs) and _weight(joined[-1], needs)):
            before = joined[-1]
            members = sorted([*before.members, *one.members])
            joined[-1] = _Column(before.first, one.end, max(before.share, one.share), members)
        else:
            joined.append(one)
    return joined


def _weight(part: _Column, needs: Sequence[Need]) -> int:
    return sum(needs[index].weight for index in part.members)


def _split(whole: int, shares: Sequence[float]) -> list[int]:
    """Cells for each share; what even shares leave over is for the first ones."""
    if len(set(shares)) == 1:
        return _divide(whole, len(shares))
    ends = [round(whole * sum(shares[: index + 1]) / sum(shares)) for index in range(len(shares))]
    return [end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


# Lines.


def _want_of_block(block: _Block, needs: Sequence[Need]) -> _Want:
    """What its highest column wants. Columns whose places all have lines decide the height of the block."""
    wants = [_want_of_column(part, needs) for part in block.parts]
    given = [want.lines for want in wants if want.lines is not None]
    weight, base = max(want.weight for want in wants), max(want.base for want in wants)
    least = max(want.least for want in wants)
    return _Want(weight, base, max(least, *given) if given else None, least)


def _want_of_column(part: _Column, needs: Sequence[Need]) -> _Want:
    single = sum(not needs[index].weight for index in part.members)
    given = [needs[index].lines for index in part.members if needs[index].weight]
    known = [lines for lines in given if lines is not None]
    lines = sum(known) + single if known and len(known) == len(given) else None
    return _Want(_weight(part, needs), single, lines, single + LEAST_LINES * len(given))


def _stack(members: Sequence[int], needs: Sequence[Need], place: PanePlace) -> Iterator[tuple[int, PanePlace]]:
    """The places of one column, from the top."""
    wants = [
        _Want(needs[index].weight, 0, needs[index].lines, LEAST_LINES) if needs[index].weight else _Want(0, 1, None, 1)
        for index in members
    ]
    y = place.y
    for index, lines in zip(members, share_out(place.height, wants), strict=True):
        yield index, PanePlace(place.x, y, place.width, lines)
        y += lines


def share_out(total: int, wants: Sequence[_Want]) -> list[int]:
    """Divide `total` lines. The lines that the user has given are scaled if they leave too little to the others, or if
    there are no others for the rest."""
    given = [want for want in wants if want.lines is not None]
    free = [want for want in wants if want.lines is None]
    room, weight = total - sum(want.base for want in free), sum(want.weight for want in free)
    scaled = _scaled(given, _room_of_given(given, free, weight, room))
    fixed, shares = iter(scaled), iter(_divide(room - sum(scaled), max(1, weight)))
    return [
        next(fixed) if want.lines is not None else want.base + sum(next(shares) for _ in range(want.weight))
        for want in wants
    ]


def _room_of_given(given: Sequence[_Want], free: Sequence[_Want], weight: int, room: int) -> int:
    """Lines for those whose lines the user has given: what they want, if the others have enough then."""
    if not weight:
        return room
    wanted = sum(want.lines or 0 for want in given)
    needed = sum(want.least - want.base for want in free)
    share = max(sum(want.least for want in given), room * len(given) // (len(given) + weight))
    return wanted if wanted + needed <= room else min(share, room - needed)


def _scaled(given: Sequence[_Want], total: int) -> list[int]:
    """Lines for each, in sum `total`: the least that each needs, and the rest by what the user has given."""
    spare = total - sum(want.least for want in given)
    if not given or spare < 0:
        return _divide(total, len(given)) if given else []
    more = [max(0, (want.lines or 0) - want.least) for want in given]
    return [want.least + lines for want, lines in zip(given, _split(spare, more), strict=True)]


def _divide(whole: int, parts: int) -> list[int]:
    share, rest = divmod(whole, parts)
    return [share + (1 if index < rest else 0) for index in range(parts)]
