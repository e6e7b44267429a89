"""What is missing from recordings, and why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field


def cut_text(who: str, why: str) -> str:
    """The message that a bpftrace ended before it printed its last counts."""
    return f"what {who} counted since its last flush is missing: {why}"


def given_up_text(flushes: int, path: Path) -> str:
    """The message that a recording was not written completely."""
    return f"gave up: the disk accepts no data, and {flushes:,} flushes were not yet written to {path}"


class Losses(Struct, frozen=True):
    """Counts of what is missing."""

    flushes: int = 0
    """Flushes left out because the disk was too slow."""
    lines: int = 0
    """Lines left out for the same reason, including those of the flushes."""
    others: int = 0
    """Entries of costs and of processes left out for the same reason."""
    ends: Mapping[str, int] = field(default_factory=dict)
    """For each program, how many of its bpftrace processes ended before they printed their last counts."""

    def __bool__(self) -> bool:
        return bool(self.lines or self.others or self.ends)

    @property
    def count(self) -> int:
        """Number of missing flushes; if 0, of missing lines; if 0, of missing entries."""
        return self.flushes + sum(self.ends.values()) or self.lines or self.others

    def since(self, before: Losses) -> Losses:
        """The losses since `before`."""
        ends = {name: count - before.ends.get(name, 0) for name, count in self.ends.items()}
        return Losses(
            self.flushes - before.flushes,
            self.lines - before.lines,
            self.others - before.others,
            {name: count for name, count in ends.items() if count},
        )

    @property
    def by_disk(self) -> str:
        """One sentence about what was left out because the disk was too slow; empty if nothing was."""
        if not (self.lines or self.others):
            return ""
        others = f" and {self.others:,} entries of costs and processes" if self.others else ""
        return f"{self.flushes:,} flushes ({self.lines:,} lines){others} were not recorded: the disk was too slow"

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind of loss; empty if nothing is missing."""
        ends = [
            f"{count:,} {'flush' if count == 1 else 'flushes'} of {name} never came: "
            "bpftrace ended before it printed its last counts"
            for name, count in self.ends.items()
        ]
        return (*([self.by_disk] if self.by_disk else []), *ends)
