"""The parts of a map's key that a tree is made from: its stacks and what names its process."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from bttop.model.format.text import visible_name
from bttop.model.plan import Column, MapPlan
from bttop.model.record.keys import split_key
from bttop.model.stacks.form import Split
from bttop.model.stacks.frame import Frame, label


def is_kernel(column: Column) -> bool:
    """Whether a column of stacks has those of the kernel."""
    return column.title.startswith("k")


class Heading(Struct, frozen=True):
    """What the parts of a key that are not stacks say."""

    frames: tuple[Frame, ...]
    """The headings above the row's stacks."""
    pid: int
    """The process id; 0 if the key has none."""


class RowParts:
    """Splits the keys of a map."""

    def __init__(self, plan: MapPlan, split: Split) -> None:
        self._plan = plan
        self._split = split
        columns = plan.columns
        self.stacks = sorted((one for one in columns if one.kind == "stack"), key=is_kernel)
        """The columns of stacks, in the order of their frames: what calls the kernel is before it."""
        self._at = [columns.index(one) for one in self.stacks]
        self._rest = tuple([one for one in columns if one.kind != "stack"])
        self._count = len(self.stacks)
        self._order = [at - len(self._rest) for at in self._at]
        self._trailing = all(at >= len(self._rest) for at in self._at)
        self._headings: dict[str, Heading] = {}

    def split(self, key: str) -> tuple[str, Sequence[str]]:
        """The text of the other parts, and the stacks in the order of `stacks`."""
        at = key.find("\n") if self._trailing else -1
        if at >= 0 and (not self._rest or (at and key[at - 1] == ",")):
            if self._count == 1:  # the usual case
                return key[: at - 1] if at else "", (key[at:],)
            pieces = key[at:].split("\n,")
            if len(pieces) == self._count:
                return key[: max(0, at - 1)], [pieces[at] for at in self._order]
        parts = split_key(key, self._plan.columns).parts
        found = [str(parts[at]) if at < len(parts) else "" for at in self._at]
        others = [str(part) for at, part in enumerate(parts) if at not in self._at]
        return ",".join(others), found

    def heading(self, text: str) -> Heading:
        """What the text of the other parts says."""
        found = self._headings.get(text)
        if found is None:
            found = self._headings[text] = self._read(text)
        return found

    def _read(self, text: str) -> Heading:
        parts = split_key(text, self._rest).parts if self._rest else ()
        named = {one.title: part for one, part in zip(self._rest, parts, strict=False)}
        pid = named.get(self._plan.pid or "pid")
        return Heading(self._frames(named, parts), pid if isinstance(pid, int) and pid > 0 else 0)

    def _frames(self, named: dict[str, int | str], parts: Sequence[int | str]) -> tuple[Frame, ...]:
        if self._split == "all":
            return ()
        if self._split == "text":
            pairs = zip(self._rest, parts, strict=False)
            return tuple([label(visible_name(str(part))) for one, part in pairs if one.kind == "text"])
        id_title = self._plan.tid or "tid" if self._split == "thread" else self._plan.pid or "pid"
        words = [str(named[title]) for title in ("comm", id_title) if title in named]
        return (label(visible_name(" ".join(words) or "[process unknown]")),)


def splits_of(plan: MapPlan) -> tuple[Split, ...]:
    """The ways in which the stacks of a map can be split, all stacks together first."""
    titles = {one.title for one in plan.columns if one.kind != "stack"}
    found: list[Split] = ["all"]
    if titles & {plan.pid or "pid", "comm"}:
        found.append("process")
    if (plan.tid or "tid") in titles:
        found.append("thread")
    return tuple(found)
