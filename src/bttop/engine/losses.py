"""What no recording holds, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


def cut_text(who: str, why: str) -> str:
    """That a bpftrace ended before it printed what it had counted last."""
    return f"what {who} counted since its last flush is missing: {why}"


def given_up_text(flushes: int, path: Path) -> str:
    """That a recording was not written to its end."""
    return f"given up: the disk takes nothing, and {flushes:,} flushes were still to be written to {path}"


@dataclass(frozen=True, slots=True)
class Losses:
    """Numbers of what is missing."""

    flushes: int = 0
    """Left out as the disk was too slow."""
    lines: int = 0
    """The same, those of the flushes included."""
    others: int = 0
    """Entries of costs and of processes that were left out for the same reason."""
    ends: Mapping[str, int] = field(default_factory=dict)
    """Of each program, how many of its processes ended before they printed what they had counted last."""

    def __bool__(self) -> bool:
        return bool(self.lines or self.others or self.ends)

    @property
    def count(self) -> int:
        """How many flushes are missing; where none is, how many lines or entries."""
        return self.flushes + sum(self.ends.values()) or self.lines or self.others

    def since(self, before: Losses) -> Losses:
        """What was lost after an earlier moment."""
        ends = {name: count - before.ends.get(name, 0) for name, count in self.ends.items()}
        return Losses(
            self.flushes - before.flushes,
            self.lines - before.lines,
            self.others - before.others,
            {name: count for name, count in ends.items() if count},
        )

    @property
    def by_disk(self) -> str:
        """What the disk was too slow for; empty when it took everything."""
        if not (self.lines or self.others):
            return ""
        others = f" and {self.others:,} entries of costs and processes" if self.others else ""
        return f"{self.flushes:,} flushes ({self.lines:,} lines){others} were not recorded: the disk was too slow"

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it; none when nothing is missing."""
        ends = [
            f"{count:,} {'flush' if count == 1 else 'flushes'} of {name} never came: "
            "bpftrace ended before it printed what it had counted last"
            for name, count in self.ends.items()
        ]
        return (*([self.by_disk] if self.by_disk else []), *ends)
