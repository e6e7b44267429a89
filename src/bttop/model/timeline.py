"""The flushes of one program, wherever they come from: memory or a file."""

from __future__ import annotations

from typing import Protocol

from bttop.model.flush import Flush


class Timeline(Protocol):
    """What a program has shown, oldest first. Indexes count from the oldest flush that is kept."""

    @property
    def appended(self) -> int:
        """How many flushes there ever were."""

    @property
    def dropped(self) -> int:
        """How many of the oldest are gone."""

    @property
    def latest(self) -> Flush | None:
        """The newest flush."""

    def __len__(self) -> int: ...

    def at(self, index: int) -> Flush | None:
        """The flush at `index`, 0 being the oldest and -1 the newest; None where there is none (any more)."""

    def window(self, count: int, end: int | None = None) -> tuple[Flush, ...]:
        """The `count` flushes before index `end` (the newest without one), newest last."""

    def index_at(self, boot_ns: int) -> int | None:
        """Index of the last flush that ended at or before a moment (CLOCK_BOOTTIME in ns)."""
