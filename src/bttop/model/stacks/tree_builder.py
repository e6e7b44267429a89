"""Builds a tree from the rows of maps."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Final

from bttop.model.flush.by_function import FrameNamer
from bttop.model.flush.contents import MapData
from bttop.model.plan import Column
from bttop.model.record.stacks import NO_FRAMES
from bttop.model.record.telling_frames import MOST_FRAMES
from bttop.model.stacks.flame_tree import FlameTree, StackFacts
from bttop.model.stacks.form import FlameForm
from bttop.model.stacks.frame import NO_POINTERS, Frame, cut_at, label
from bttop.model.stacks.frame_codes import FrameCodes, StackLines
from bttop.model.stacks.path_tree import PathTree
from bttop.model.stacks.row_parts import Heading, RowParts, is_kernel
from bttop.model.stacks.weight import weight_of

_AT_ONCE: Final = 256
"""Rows in a step."""


class TreeBuilder:
    """Adds the rows of maps to one tree."""

    def __init__(self, form: FlameForm, namer: FrameNamer | None = None, *, grain: int = 1) -> None:
        """`namer` names user addresses that bpftrace has printed without a name. The weights of the tree are counted in
        parts of which `grain` are one."""
        self._grain = grain
        self._form = form
        self._namer = namer
        self._codes = FrameCodes()
        self._codes.code(label("all"))
        self._readers: dict[int, StackLines] = {}
        self._weights: dict[str, int] = {}
        """The weight of each path: one character per frame, the outermost first."""
        self._keys: dict[str, str] = {}
        self._heaviest: dict[str, int] = {}
        """The weight of the heaviest row of each path that has several."""
        self._facts = dict.fromkeys(StackFacts.__struct_fields__, 0)

    def add(self, data: MapData) -> None:
        """Add the rows of a map."""
        for _ in self.add_in_steps(data):
            pass

    def add_in_steps(self, data: MapData) -> Iterator[None]:
        """Add the rows of a map. Yields after each step."""
        parts, facts = RowParts(data.plan, self._form.split), self._facts
        weights, heaviest, keys, grain = self._weights, self._heaviest, self._keys, self._grain
        for number, (key, value) in enumerate(data.rows.items(), 1):
            weight = weight_of(value, grain)
            if weight > 0:
                path = self._path(parts, key, weight)
                facts["stacks"] += 1
                known = weights.get(path)
                if known is None:
                    weights[path], keys[path] = weight, key
                else:
                    weights[path] = known + weight
                    if weight > heaviest.setdefault(path, known):
                        heaviest[path], keys[path] = weight, key
            else:
                facts["left_out"] += 1
            if not number % _AT_ONCE:
                yield

    def add_stack(self, frames: Iterable[Frame], weight: int) -> None:
        """Add a stack, the outermost frame first."""
        if weight <= 0:
            self._facts["left_out"] += 1
            return
        path = "".join(map(self._codes.code, frames))
        self._facts["stacks"] += 1
        self._weights[path] = self._weights.get(path, 0) + weight
        self._keys.setdefault(path, "")

    def tree(self) -> FlameTree:
        """The tree of all rows so far."""
        steps = self.tree_in_steps()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: FlameTree = end.value
                return found

    def tree_in_steps(self) -> Generator[None, None, FlameTree]:
        """The tree of all rows so far. Yields after each step."""
        nodes = PathTree()
        yield from nodes.add_all(self._weights, self._keys)
        return FlameTree(
            [*self._codes.frames],
            frozenset(self._codes.nameless),
            nodes.labels,
            nodes.parents,
            nodes.firsts,
            nodes.nexts,
            nodes.own,
            nodes.totals,
            nodes.keys,
            StackFacts(**{**self._facts, "too_many": nodes.too_many}),
        )

    def _path(self, parts: RowParts, key: str, weight: int) -> str:
        """The path of a row: its headings and its frames."""
        text, stacks = parts.split(key)
        heading = parts.heading(text)
        body = ""
        for column, stack in zip(parts.stacks, stacks, strict=True):
            if stack:
                body += self._frames(column, stack, heading.pid, weight)
        if self._codes.merging:
            body = self._codes.merged(body)
        if not body:
            self._facts["empty"] += weight
            body = self._codes.code(Frame(NO_FRAMES, "unknown"))
        return self._above(heading) + (body[::-1] if self._form.inverted else body)

    def _above(self, heading: Heading) -> str:
        """The frames of a heading."""
        return "".join(map(self._codes.code, heading.frames)) if heading.frames else ""

    def _frames(self, column: Column, text: str, pid: int, weight: int) -> str:
        """The frames of a stack, the outermost first, below the heading that says why the others are missing."""
        in_kernel = is_kernel(column)
        reader = self._reader(text, pid, in_kernel=in_kernel)
        frames = reader.path(text)
        depth = column.depth or MOST_FRAMES
        if not frames:
            return ""
        if len(frames) >= depth:
            self._facts["cut"] += weight
            missing = cut_at(depth)
        elif not in_kernel and reader.ends_early(text, frames):
            self._facts["broken"] += weight
            missing = Frame(NO_POINTERS, "unknown")
        else:
            return frames[::-1]
        return frames[::-1] if self._form.whole else self._codes.code(missing) + frames[::-1]

    def _reader(self, text: str, pid: int, *, in_kernel: bool) -> StackLines:
        """The reader of a stack. Only stacks with addresses that can be named differ by process."""
        of_process = self._namer is not None and pid and not in_kernel and "0x" in text
        about = pid if of_process else -1 if in_kernel else 0
        found = self._readers.get(about)
        if found is None:
            namer = self._namer if of_process else None
            found = self._readers[about] = StackLines(
                self._codes, self._form, is_kernel=about < 0, pid=pid, namer=namer
            )
        return found


def build(maps: Iterable[MapData], form: FlameForm, namer: FrameNamer | None = None, *, grain: int = 1) -> FlameTree:
    """The tree of all rows of some maps."""
    builder = TreeBuilder(form, namer, grain=grain)
    for data in maps:
        builder.add(data)
    return builder.tree()


def build_in_steps(
    data: MapData, form: FlameForm, namer: FrameNamer | None = None, *, grain: int = 1
) -> Generator[None, None, FlameTree]:
    """The tree of a map. Yields after each step, which takes some milliseconds."""
    builder = TreeBuilder(form, namer, grain=grain)
    yield from builder.add_in_steps(data)
    return (yield from builder.tree_in_steps())
