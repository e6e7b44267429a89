"""Stacks: from the text of a key part or value to frames, and many stacks folded into one tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bttop.model.plan import Column

# `sym+off`, the offset decimal as bpftrace prints it; the symbol may hold a plus of its own ("operator+").
_OFFSET = re.compile(r"(.+)\+([0-9]+|0x[0-9a-fA-F]+)")
# The perf mode prints the address before the symbol.
_ADDRESSED = re.compile(r"([0-9a-fA-F]{6,16})\s+(\S.*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
# What bpftrace from 0.23 on prints below the last frame of a user stack.
_STACK_END = "0"


class Site(NamedTuple):
    """One frame of one stack."""

    name: str
    """The symbol, or the address in hexadecimal where there is none."""
    offset: int | None
    """Bytes from the start of the symbol; None without one."""


def parse_stack(text: str) -> tuple[Site, ...]:
    """The frames of a printed stack, innermost first, as bpftrace prints it. Total.

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
    """The frames' names without offsets, innermost first."""
    return tuple([site.name for site in parse_stack(text)])


def stacks_of(columns: Sequence[Column], parts: Sequence[int | str]) -> list[tuple[str, tuple[str, ...]]]:
    """The stacks among the parts of a key, with their columns' titles: kernel stacks first, innermost frames first."""
    stacks = [
        (column.title, names(str(part))) for column, part in zip(columns, parts, strict=False) if column.kind == "stack"
    ]
    return sorted(stacks, key=lambda pair: not pair[0].startswith("k"))


@dataclass(frozen=True, slots=True)
class Frame:
    """A function in a tree of stacks, with everything that it called."""

    name: str
    own: int
    """Weight of the stacks that end here."""
    total: int
    """`own` and the weight of all children."""
    children: tuple[Frame, ...]
    """Heaviest first."""


def fold(stacks: Iterable[tuple[Sequence[str], int]], root: str = "all") -> Frame:
    """Fold stacks of names (innermost first) with their weights into one tree, outermost calls at its root."""
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
        """A new child of that name."""
        made = self.children[name] = _Node(name)
        return made


def _frozen(root: _Node) -> Frame:
    """The tree as frames, children before parents: stacks may be deeper than Python's own."""
    order = [root]
    for node in order:
        order.extend(node.children.values())
    done: dict[int, Frame] = {}
    for node in reversed(order):
        children = sorted([done[id(child)] for child in node.children.values()], key=_heaviest)
        total = node.own + sum([child.total for child in children])
        done[id(node)] = Frame(node.name, node.own, total, tuple(children))
    return done[id(root)]


def _heaviest(frame: Frame) -> tuple[int, str]:
    return -frame.total, frame.name
