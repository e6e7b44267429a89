"""Builds a tree from the rows of maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.contents import MapData
from bttop.model.plan import Column
from bttop.model.record.stacks import NO_FRAMES
from bttop.model.record.telling_frames import MOST_FRAMES
from bttop.model.stacks.flame_tree import ROOT, FlameTree, StackFacts
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import NO_POINTERS, Frame, cut_at, label
from bttop.model.stacks.lines import FrameNumbers, StackLines, count_frames, from_innermost, from_outermost
from bttop.model.stacks.row_parts import Heading, RowParts, is_kernel
from bttop.model.stacks.weight import weight_of

MOST_NODES: Final = 600_000
"""Maximum nodes of a tree: about 200 bytes each while it is built. 4,096 stacks of 127 frames fit even if they have
nothing in common."""
_PIECE: Final = 160
"""Characters of a stack that are looked up at once: nearly all stacks share their outer frames with others."""
_SHIFT: Final = 32
_NUMBER: Final = (1 << _SHIFT) - 1


class TreeBuilder:
    """Adds the rows of maps to one tree."""

    def __init__(self, form: FlameForm, namer: FrameNamer | None = None, *, grain: int = 1) -> None:
        """`namer` names user addresses that bpftrace has printed without a name. The weights of the tree are counted in
        parts of which `grain` are one."""
        self._grain = grain
        self._form = form
        self._namer = namer
        self._numbers = FrameNumbers()
        self._readers: dict[int, StackLines] = {}
        self._nodes: dict[int, int] = {}
        """Node by the number of its parent and of its frame, in the order of the nodes. Nothing else is kept of a node,
        because a large tree is mostly a matter of how much is."""
        self._root = self._numbers.number(label("all"))
        self._merged: dict[int, int] = {}
        """The frames of the nodes that take several of the same frame in a row."""
        self._own: dict[int, int] = {}
        self._keys: dict[int, str] = {}
        self._heaviest: dict[int, int] = {}
        self._facts = dict.fromkeys(StackFacts.__struct_fields__, 0)

    def add(self, data: MapData) -> None:
        """Add the rows of a map."""
        parts, facts = RowParts(data.plan, self._form.split), self._facts
        for key, value in data.rows.items():
            weight = weight_of(value, self._grain)
            if weight <= 0:
                facts["left_out"] += 1
                continue
            node = self._add_row(parts, key, weight)
            facts["stacks"] += 1
            self._own[node] = self._own.get(node, 0) + weight
            if weight > self._heaviest.get(node, 0):
                self._heaviest[node], self._keys[node] = weight, key

    def tree(self) -> FlameTree:
        """The tree of all rows so far."""
        places = self._nodes
        parents = [ROOT, *[place >> _SHIFT for place in places]]
        labels = [self._root, *[place & _NUMBER for place in places]]
        firsts, nexts, own = [0] * len(parents), [0] * len(parents), [0] * len(parents)
        for node, weight in self._own.items():
            own[node] = weight
        totals = own.copy()
        for node in range(len(parents) - 1, 0, -1):
            parent = parents[node]
            totals[parent] += totals[node]
            nexts[node] = firsts[parent]
            firsts[parent] = node
        facts, nameless = StackFacts(**self._facts), frozenset(self._numbers.nameless)
        return FlameTree(self._numbers.frames, nameless, labels, parents, firsts, nexts, own, totals, self._keys, facts)

    def _add_row(self, parts: RowParts, key: str, weight: int) -> int:
        """Add the frames of a row; return the node at which its stack ends."""
        text, stacks = parts.split(key)
        heading = parts.heading(text)
        node = ROOT
        for frame in heading.frames:
            node = self._below(node, frame)
        start = node
        columns: Iterable[tuple[Column, str]] = zip(parts.stacks, stacks, strict=True)
        for column, stack in reversed([*columns]) if self._form.inverted else columns:
            node = self._add_stack(node, column, stack, heading, weight)
        if node != start:
            return node
        self._facts["empty"] += weight
        return self._below(node, Frame(NO_FRAMES, "unknown"))

    def _add_stack(self, node: int, column: Column, text: str, heading: Heading, weight: int) -> int:
        reader = self._reader(column, text, heading.pid)
        count = count_frames(text)
        if not count:
            return node
        missing = self._missing(reader, column, text, count, weight)
        if self._form.inverted:
            node = self._walk(node, reader, from_innermost(text, _PIECE), 1)
            return node if missing is None else self._below(node, missing)
        node = node if missing is None else self._below(node, missing)
        return self._walk(node, reader, from_outermost(text, _PIECE), -1)

    def _missing(self, reader: StackLines, column: Column, text: str, count: int, weight: int) -> Frame | None:
        """The heading that says why the outermost frames of a stack are missing; None if they are not, or if such
        stacks are not set apart."""
        depth = column.depth or MOST_FRAMES
        if count >= depth:
            self._facts["cut"] += weight
            return cut_at(depth) if not self._form.whole else None
        if is_kernel(column) or not reader.ends_early(text, count):
            return None
        self._facts["broken"] += weight
        return Frame(NO_POINTERS, "unknown") if not self._form.whole else None

    def _reader(self, column: Column, text: str, pid: int) -> StackLines:
        """The reader of a stack. Only stacks with addresses that can be named differ by process."""
        of_process = self._namer is not None and pid and not is_kernel(column) and "0x" in text
        about = pid if of_process else -1 if is_kernel(column) else 0
        found = self._readers.get(about)
        if found is None:
            namer = self._namer if of_process else None
            found = self._readers[about] = StackLines(
                self._numbers, self._form, is_kernel=about < 0, pid=pid, namer=namer
            )
        return found

    def _walk(self, node: int, reader: StackLines, pieces: Sequence[str], step: int) -> int:
        """The node at the end of a stack in pieces, from a node on; nodes that are missing are added."""
        ends, known, nodes, merging = reader.ends, reader.known.get, self._nodes, self._numbers.merging
        for piece in pieces:
            # Text as a key, because the garbage collector does not look at it as it would at a tuple.
            begin = f"{node}{piece}"
            end = ends.get(begin)
            if end is None:
                lines = piece.split("\n")[::step]
                numbers = [*map(known, lines)]
                for number in numbers if None not in numbers else map(reader.number, lines):
                    # Inlined, because this runs for every frame of every stack that differs from the others.
                    if number >= 0:  # type: ignore[operator]  # None was handled
                        place = node << _SHIFT | number  # type: ignore[operator]
                        end = nodes.get(place)
                        if end is None:
                            end = len(nodes) + 1
                            if end < MOST_NODES and number not in merging:
                                nodes[place] = end
                            else:
                                end = self._add_child(node, number)  # type: ignore[arg-type]
                        node = end
                ends[begin] = node
            else:
                node = end
        return node

    def _below(self, node: int, frame: Frame) -> int:
        """The child of a node for a frame; it is added if it is missing."""
        number = self._numbers.number(frame)
        return self._nodes.get(node << _SHIFT | number) or self._add_child(node, number)

    def _add_child(self, node: int, number: int) -> int:
        """Add a child to a node and return it; the node itself if it takes the frame too."""
        if number in self._numbers.merging and self._merged.get(node) == number:
            return node
        found = len(self._nodes) + 1
        if found >= MOST_NODES:
            self._facts["too_many"] += 1
            return node
        self._nodes[node << _SHIFT | number] = found
        if number in self._numbers.merging:
            self._merged[found] = number
        return found


def build(maps: Iterable[MapData], form: FlameForm, namer: FrameNamer | None = None, *, grain: int = 1) -> FlameTree:
    """The tree of all rows of some maps."""
    builder = TreeBuilder(form, namer, grain=grain)
    for data in maps:
        builder.add(data)
    return builder.tree()
