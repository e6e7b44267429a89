"""What the user has chosen about the places of a page's panes, as values. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

P = TypeVar("P", bound=Hashable)


class PageSlot(Struct, Generic[P], frozen=True):
    """One place: a pane, or several as tabs."""

    panes: tuple[P, ...]
    shown: P
    """The tab on show."""
    is_placed: bool = False
    """Whether the user has placed it: then it keeps its height when nothing happens in it."""
    is_wide: bool = False
    """Whether it takes two columns."""
    share: float | None = None
    """Its share of the board's height; None is automatic."""

    @classmethod
    def of(cls, pane: P) -> PageSlot[P]:
        """The automatic place of a pane."""
        return cls((pane,), pane)


class PageLayout(Struct, Generic[P], frozen=True):
    """The places of a page in order. Without a choice of the user: one automatic place per pane."""

    slots: tuple[PageSlot[P], ...] = ()
    widths: Mapping[int, tuple[float, ...]] = {}
    """The shares of the columns by their number."""

    def index(self, pane: P) -> int:
        """The index of a pane's place. Raises StopIteration if it has none."""
        return next(index for index, slot in enumerate(self.slots) if pane in slot.panes)

    def following(self, panes: Sequence[P]) -> PageLayout[P]:
        """The same with places for new panes at the end, and without panes that are gone."""
        kept = [_without_gone(slot, panes) for slot in self.slots]
        slots = [slot for slot in kept if slot is not None]
        known = {pane for slot in slots for pane in slot.panes}
        return replace(self, slots=(*slots, *(PageSlot.of(pane) for pane in panes if pane not in known)))

    def showing(self, pane: P) -> PageLayout[P]:
        """The same with the pane's tab on show."""
        index = self.index(pane)
        slot = self.slots[index]
        return self if slot.shown == pane else self.changed({index: replace(slot, shown=pane)})

    def changed(self, slots: Mapping[int, PageSlot[P]]) -> PageLayout[P]:
        """The same with other places at these indexes."""
        return replace(self, slots=tuple(slots.get(index, slot) for index, slot in enumerate(self.slots)))

    def placed_after(self, pane: P, new: P) -> PageLayout[P]:
        """The same with a new pane in a place of its own after that of another pane."""
        at = self.index(pane) + 1
        return replace(self, slots=(*self.slots[:at], replace(PageSlot.of(new), is_placed=True), *self.slots[at:]))

    def exchanged(self, one: int, other: int) -> PageLayout[P]:
        """The same with two places exchanged. The heights stay where they are; the first one counts as placed."""
        first, second = self.slots[one], self.slots[other]
        return self.changed(
            {
                one: replace(second, share=first.share),
                other: replace(first, share=second.share, is_placed=True),
            }
        )

    def stacked(self, one: int, other: int) -> PageLayout[P]:
        """The same with the panes of the second place as tabs of the first."""
        first, second = self.slots[one], self.slots[other]
        whole = replace(first, panes=(*first.panes, *second.panes), is_placed=True)
        slots = self.changed({one: whole}).slots
        return replace(self, slots=(*slots[:other], *slots[other + 1 :]))

    def unstacked(self, pane: P) -> PageLayout[P]:
        """The same with a tab in a place of its own after its stack; it must not be alone."""
        index = self.index(pane)
        slot = self.slots[index]
        rest = tuple(one for one in slot.panes if one != pane)
        stack = replace(slot, panes=rest, shown=rest[0])
        return self.changed({index: stack}).placed_after(rest[0], pane)


def _without_gone(slot: PageSlot[P], panes: Sequence[P]) -> PageSlot[P] | None:
    left = tuple(pane for pane in slot.panes if pane in panes)
    if not left:
        return None
    return replace(slot, panes=left, shown=slot.shown if slot.shown in left else left[0])
