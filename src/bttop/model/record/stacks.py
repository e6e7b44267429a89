"""Parse stacks from the text of a key part or value, and fold many stacks into one tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bttop.model.plan import Column

# `sym+off`; bpftrace prints the offset in decimal. The symbol may contain a plus ("operator+").
_OFFSET = re.compile(r"(.+)\+([0-9]+|0x[0-9a-fA-F]+)")
# The perf mode prints the address before the symbol.
_ADDRESSED = re.compile(r"([0-9a-fA-F]{6,16})\s+(\S.*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
# bpftrace 0.23 and newer print this below the last frame of a user stack.
_STACK_END = "0"


class Site(NamedTuple):
    """One frame of one stack."""

    name: str
    """The symbol, or the hexadecimal address if there is none."""
    offset: int | None
    """Bytes from the start of the symbol; None if there is no offset."""


def parse_stack(text: str) -> tuple[Site, ...]:
    """The frames of a printed stack, innermost first, as bpftrace prints it. Never raises.

    Reads `sym+off`, plain addresses and the perf mode (`address sym+off`).
    """
    lines = [line.strip() for line in text.split("\n")]
    frames = [line for line in lines if line]
    while frames and frames[-1] == _STACK_END:
        frames.pop()
    return tuple([_site(frame) for frame in frames])


def _site(text: str) -> Site:
    if _HEXADECIMAL.fullmatch(text):
        return Site(text, None)
    addressed = _ADDRESSED.fullmatch(text)
    symbol = addressed[2] if addressed else text
    found = _OFFSET.fullmatch(symbol)
    return Site(found[1], int(found[2], 0 if found[2].startswith("0x") else 10)) if found else Site(symbol, None)


def names(text: str) -> tuple[str, ...]:
    """The names of the frames without offsets, innermost first."""
    return tuple([site.name for site in parse_stack(text)])


def stacks_of(columns: Sequence[Column], parts: Sequence[int | str]) -> list[tuple[str, tuple[str, ...]]]:
    """The stacks among the parts of a key, with the titles of their columns: kernel stacks first, innermost frames
    first."""
    stacks = [
        (column.title, names(str(part))) for column, part in zip(columns, parts, strict=False) if column.kind == "stack"
    ]
    return sorted(stacks, key=lambda pair: not pair[0].startswith("k"))


@dataclass(frozen=True, slots=True)
class StackFrame:
    """A function in a tree of stacks, with everything that it called."""

    name: str
    own: int
    """Weight of the stacks that end here."""
    total: int
    """`own` plus the weight of all children."""
    children: tuple[StackFrame, ...]
    """Heaviest first."""


def fold(stacks: Iterable[tuple[Sequence[str], int]], root: str = "all") -> StackFrame:
    """Fold stacks of names (innermost first) with their weights into one tree, with the outermost calls at its root."""
    tree = _Node(root)
    for frames, weight in stacks:
        node = tree
        for name in reversed(frames):
            node = node.children.get(name) or node.child(name)
        node.own += weight
    return _frozen(tree)


@dataclass(slots=True)
class _Node:
    name: str
    own: int = 0
    children: dict[str, _Node] = field(default_factory=dict)

    def child(self, name: str) -> _Node:
        """Add and return a child of this name."""
        made = self.children[name] = _Node(name)
        return made


def _frozen(root: _Node) -> StackFrame:
    """The tree as frames, built from children to parents: stacks may be deeper than Python's recursion limit."""
    order = [root]
    for node in order:
        order.extend(node.children.values())
    done: dict[int, StackFrame] = {}
    for node in reversed(order):
        children = sorted([done[id(child)] for child in node.children.values()], key=_heaviest)
        total = node.own + sum([child.total for child in children])
        done[id(node)] = StackFrame(node.name, node.own, total, tuple(children))
    return done[id(root)]


def _heaviest(frame: StackFrame) -> tuple[int, str]:
    return -frame.total, frame.name
