"""The flushes of one program, from memory or from a file."""

from __future__ import annotations

from typing import Protocol

from bttop.model.flush.flush import Flush


class Timeline(Protocol):
    """The flushes of a program, oldest first. Indexes count from the oldest flush that is kept."""

    @property
    def appended(self) -> int:
        """How many flushes were ever added."""

    @property
    def dropped(self) -> int:
        """How many of the oldest flushes were dropped."""

    @property
    def latest(self) -> Flush | None:
        """The newest flush; None if there is none."""

    def __len__(self) -> int: ...

    def at(self, index: int) -> Flush | None:
        """The flush at `index`, 0 being the oldest and -1 the newest; None if it does not exist or was dropped."""

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """The `count` flushes before index `end` (by default the newest), or fewer if there are not as many; newest
        last."""

    def index_at(self, boot_ns: int) -> int | None:
        """Index of the last flush that ended at or before `boot_ns` (CLOCK_BOOTTIME in ns); None if there is none."""
