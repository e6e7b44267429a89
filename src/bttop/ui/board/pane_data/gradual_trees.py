"""The trees of a pane's flame graphs, made in steps: a tree of thousands of stacks takes longer than a key may wait."""

from __future__ import annotations

from collections.abc import Generator
from time import perf_counter
from typing import Final

from msgspec import Struct

from bttop.model.stacks.flame_tree import FlameTree
from bttop.model.stacks.form import FlameForm
from bttop.ui.views.flame_trees import FoundTree, WantedTree

AT_ONCE: Final = 0.008
"""Seconds of making trees in a drawing; keys are handled in between."""
SMALL: Final = 128
"""Rows of a map up to which a tree is always made in one drawing."""

_Place = tuple[str, FlameForm, int]


class _Work(Struct):
    """A tree that is being made."""

    wanted: WantedTree
    steps: Generator[None, None, FlameTree]


class _Made(Struct, frozen=True):
    wanted: WantedTree
    tree: FlameTree


class GradualTrees:
    """Implements `FlameTrees`. A tree that was begun is completed even if the next flush has come: a map whose tree
    takes longer than an interval is shown late, but it is shown."""

    def __init__(self, seconds: float = AT_ONCE) -> None:
        self._seconds = seconds
        self._made: dict[_Place, _Made] = {}
        self._works: dict[_Place, _Work] = {}
        self._asked: set[_Place] = set()

    def begin_drawing(self) -> None:
        """Forget what the drawing before has not asked for. Call this before each drawing."""
        self._made = {place: one for place, one in self._made.items() if place in self._asked}
        self._works = {place: one for place, one in self._works.items() if place in self._asked}
        self._asked.clear()

    @property
    def unfinished(self) -> bool:
        """Whether a tree of the last drawing is being made; then draw again."""
        return bool(self._works)

    def find(self, wanted: WantedTree) -> FoundTree:
        """See `FlameTrees.find`. Works on the tree for some milliseconds."""
        place = (wanted.shown.plan.name, wanted.form, wanted.grain)
        self._asked.add(place)
        made = self._made.get(place)
        if made is None or made.wanted != wanted:
            made = self._go_on(place, wanted)
        return FoundTree(None) if made is None else FoundTree(made.tree, is_older=made.wanted != wanted)

    def work(self) -> None:
        """Go on with the trees of the last drawing, each for some milliseconds."""
        for place, work in [*self._works.items()]:
            self._go_on(place, work.wanted)

    def _go_on(self, place: _Place, wanted: WantedTree) -> _Made | None:
        """Work on the tree of a place, and return its last one that is complete."""
        stop = perf_counter() + self._seconds
        work = self._works.get(place) or _Work(wanted, wanted.steps())
        self._works[place] = work
        while True:
            try:
                next(work.steps)
            except StopIteration as end:
                self._made[place] = _Made(work.wanted, end.value)
                del self._works[place]
                if work.wanted == wanted:
                    break
                work = self._works[place] = _Work(wanted, wanted.steps())
            if perf_counter() >= stop and len(work.wanted.data.rows) > SMALL:
                break
        return self._made.get(place)
