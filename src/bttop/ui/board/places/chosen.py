"""The places of panes: those that the user has chosen, and automatic ones for the other panes. Pure, but for the
choices, which it keeps for each page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Generic, Literal, TypeAlias

from msgspec.structs import replace

from bttop.ui.board.places.grid import LARGE, LEAST_LINES, Need, PanePlace, Spot, arrange_fitting, column_cells
from bttop.ui.board.places.page_layout import P, PageLayout, PageSlot

LEAST_CELLS: Final = 24
"""Cells of the narrowest column."""
Direction: TypeAlias = Literal["left", "right", "up", "down"]


class ChosenPlaces(Generic[P]):
    """Places the panes of a page. A change returns why it cannot be made; an empty text if it is made."""

    def __init__(self) -> None:
        self._pages: dict[str, PageLayout[P]] = {}
        self._page = ""
        self._width, self._height = 0, 0
        self._spots: Mapping[int, Spot] = {}

    @property
    def _layout(self) -> PageLayout[P]:
        return self._pages.get(self._page, PageLayout())

    @_layout.setter
    def _layout(self, layout: PageLayout[P]) -> None:
        self._pages[self._page] = layout

    def place(
        self,
        page: str,
        panes: Sequence[P],
        focused: P,
        folded: Collection[P],
        largest: P | None,
        size: tuple[int, int],
    ) -> dict[P, PanePlace]:
        """The places of the panes on show, on a board of this size in cells. The focused pane is always among them.
        `folded` get a single line and `largest` more than the others, unless the user has placed them."""
        self._page, (self._width, self._height) = page, size
        self._layout = self._layout.following(panes).showing(focused)
        needs = [self._need(slot, folded, largest) for slot in self._layout.slots]
        self._spots = arrange_fitting(needs, self._layout.index(focused), *size, self._layout.widths)
        return {self._layout.slots[index].shown: spot.place for index, spot in self._spots.items()}

    def _need(self, slot: PageSlot[P], folded: Collection[P], largest: P | None) -> Need:
        if not slot.is_placed and slot.shown in folded:
            return Need(0, slot.is_wide)
        lines = None if slot.share is None else max(LEAST_LINES, round(slot.share * self._height))
        return Need(LARGE if slot.shown == largest and not slot.is_placed else 1, slot.is_wide, lines)

    @property
    def hidden(self) -> list[P]:
        """The panes for which there is no room."""
        missing = (slot for index, slot in enumerate(self._layout.slots) if index not in self._spots)
        return [pane for slot in missing for pane in slot.panes]

    def tabs_of(self, pane: P) -> tuple[P, ...]:
        """All panes of a pane's place."""
        return next((slot.panes for slot in self._layout.slots if pane in slot.panes), (pane,))

    def put_after(self, pane: P, new: P) -> None:
        """Place a new pane after another one."""
        self._layout = self._layout.placed_after(pane, new)

    def reset(self) -> None:
        """Forget what the user has chosen for the page."""
        self._layout = PageLayout()

    # Moving and stacking.

    def move(self, pane: P, direction: Direction) -> str:
        """Exchange a pane with its neighbour."""
        index = self._layout.index(pane)
        other = self._neighbour(index, direction)
        if other is None:
            return f"there is no pane {_WHERE[direction]} this one"
        self._layout = self._layout.exchanged(index, other)
        return ""

    def exchange(self, pane: P, other: P) -> str:
        """Exchange the places of two panes."""
        first, second = self._layout.index(pane), self._layout.index(other)
        if first == second:
            return "both panes are tabs of one place"
        self._layout = self._layout.exchanged(first, second)
        return ""

    def stack(self, pane: P, other: P | None = None) -> str:
        """Make the panes of another place, by default the next one, tabs of the pane's place."""
        index = self._layout.index(pane)
        count = len(self._layout.slots)
        at = (index + 1) % count if other is None else self._layout.index(other)
        if at == index:
            return "there is no other place whose panes could be tabs here"
        self._layout = self._layout.stacked(index, at)
        return ""

    def unstack(self, pane: P) -> str:
        """Give a tab a place of its own."""
        if len(self.tabs_of(pane)) == 1:
            return "this pane is not a tab"
        self._layout = self._layout.unstacked(pane)
        return ""

    def toggle_wide(self, pane: P) -> str:
        """Let a pane take two columns, or one again."""
        index = self._layout.index(pane)
        slot = self._layout.slots[index]
        if not slot.is_wide and self._spots[index].columns == 1 and column_count(self._spots) == 1:
            return f"this pane has the whole width: a terminal of {self._width} columns has one column of panes"
        self._layout = self._layout.changed({index: replace(slot, is_wide=not slot.is_wide, is_placed=True)})
        return ""

    def _neighbour(self, index: int, direction: Direction) -> int | None:
        """The place that touches this one on a side, with the longest common edge."""
        here = self._spots[index].place
        touching = [
            (_common_edge(here, spot.place, direction), -other)
            for other, spot in self._spots.items()
            if other != index and _touches(here, spot.place, direction)
        ]
        return -max(touching)[1] if touching else None

    # Sizes.

    def resize(self, pane: P, direction: Direction) -> str:
        """Make a pane wider (right) or narrower (left), higher (down) or lower (up) by one step."""
        index = self._layout.index(pane)
        spot = self._spots[index]
        if direction in ("left", "right"):
            step = 2 if direction == "right" else -2
            if spot.place.right < self._width:
                return self._move_divider(spot, spot.end, step)
            return self._move_divider(spot, spot.first, -step)
        step = 1 if direction == "down" else -1
        below = self._neighbour(index, "down")
        return self._move_rule(below, step) if below is not None else self._move_rule(index, -step)

    def drag_rule(self, pane: P, y: int) -> str:
        """Move the rule of a pane to another line of the board."""
        index = self._layout.index(pane)
        return self._move_rule(index, y - self._spots[index].place.y)

    def drag_divider(self, pane: P, x: int) -> str:
        """Move the divider to the left of a pane to another column of the board."""
        spot = self._spots[self._layout.index(pane)]
        return self._move_divider(spot, spot.first, x - spot.place.x)

    def _move_divider(self, spot: Spot, at: int, step: int) -> str:
        """Move the divider before the column `at` of a spot's row by `step` cells, as far as the columns allow."""
        if not 0 < at < spot.columns:
            return "this pane has the whole width"
        widths = self._layout.widths
        cells = column_cells(spot.columns, self._width, widths)
        step = _within(step, LEAST_CELLS - cells[at - 1], cells[at] - LEAST_CELLS)
        if not step:
            return f"a column has at least {LEAST_CELLS} cells"
        cells[at - 1] += step
        cells[at] -= step
        shares = tuple(one / self._width for one in cells)
        self._layout = replace(self._layout, widths={**widths, spot.columns: shares})
        return ""

    def _move_rule(self, index: int, step: int) -> str:
        """Move the upper edge of a place by `step` lines, as far as the others allow."""
        spot = self._spots[index]
        if not spot.place.y:
            return "this pane has the whole height"
        above, below = self._edges(index)
        lines = {one: self._spots[one].place.height for one in (*above, *below)}
        if not above or not below:
            return "a pane in which nothing happens has one line"
        step = _within(
            step, LEAST_LINES - min(lines[one] for one in above), min(lines[one] for one in below) - LEAST_LINES
        )
        if not step:
            return f"a pane has at least {LEAST_LINES} lines"
        if spot.block != self._spots[above[0]].block:
            lines |= self._lines_of_blocks(spot.block)
        lines |= {one: lines[one] + step for one in above} | {one: lines[one] - step for one in below}
        self._give(lines, {index, *above})
        return ""

    def _edges(self, index: int) -> tuple[list[int], list[int]]:
        """The places above and below the upper edge of a place, that change with it. Within a block these are two; the
        edge of a block is that of all its columns, in each of which the place next to it that has a height changes."""
        spot = self._spots[index]
        column = [one for one, other in self._spots.items() if other[1:3] == spot[1:3]]
        higher = [one for one in column if self._spots[one].place.y < spot.place.y]
        if higher:
            return [max(higher, key=lambda one: self._spots[one].place.y)], [index]
        return list(self._ends(spot.block - 1, last=True)), list(self._ends(spot.block, last=False))

    def _ends(self, block: int, *, last: bool) -> Iterator[int]:
        """The first or last place with a height of each column of a block."""
        inside = [one for one, spot in self._spots.items() if spot.block == block and spot.place.height >= LEAST_LINES]
        for column in sorted({self._spots[one].column for one in inside}):
            members = [one for one in inside if self._spots[one].column == column]
            members.sort(key=lambda one: self._spots[one].place.y)
            yield members[-1 if last else 0]

    def _lines_of_blocks(self, block: int) -> dict[int, int]:
        """The lines of the places of a block and of the block above it, except single lines."""
        return {
            one: spot.place.height
            for one, spot in self._spots.items()
            if spot.block in (block - 1, block) and spot.place.height >= LEAST_LINES
        }

    def _give(self, lines: Mapping[int, int], placed: Collection[int]) -> None:
        slots = self._layout.slots
        self._layout = self._layout.changed(
            {
                index: replace(
                    slots[index], share=count / self._height, is_placed=slots[index].is_placed or index in placed
                )
                for index, count in lines.items()
            }
        )


_WHERE: Final[Mapping[Direction, str]] = {
    "left": "to the left of",
    "right": "to the right of",
    "up": "above",
    "down": "below",
}


def column_count(spots: Mapping[int, Spot]) -> int:
    """The largest number of columns of a row."""
    return max((spot.columns for spot in spots.values()), default=1)


def _within(step: int, least: int, most: int) -> int:
    """A step between `least` and `most`, in its own direction or 0."""
    return min(max(0, most), step) if step > 0 else max(min(0, least), step)


def _touches(here: PanePlace, there: PanePlace, direction: Direction) -> bool:
    """Whether a place begins where another one ends, on this side, and they have an edge in common."""
    meets = {
        "left": there.right == here.x,
        "right": there.x == here.right,
        "up": there.bottom == here.y,
        "down": there.y == here.bottom,
    }[direction]
    return meets and _common_edge(here, there, direction) > 0


def _common_edge(here: PanePlace, there: PanePlace, direction: Direction) -> int:
    if direction in ("left", "right"):
        return min(here.bottom, there.bottom) - max(here.y, there.y)
    return min(here.right, there.right) - max(here.x, there.x)
