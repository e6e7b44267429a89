"""What a program was at one moment, and the pages of the past, so that a look back shows the state of then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from bttop.engine.attempts import Source
from bttop.engine.cost import Cost
from bttop.engine.status import Status
from bttop.model.plan import Plan
from bttop.script.pin import Pin
from bttop.script.reader import Script

KEPT = 400
"""Pages of the past: a program changes a handful of times an hour, one that is ill about once a minute."""
KEPT_BYTES = 16 << 20
"""Of the scripts that the pages of one program hold: more than two hundred versions of one kilobyte."""
_READ_BYTES = 70
"""Memory for each byte of a script that was read, with its tokens."""

NOTED_NS = 250_000_000
"""What a flush brings about (the state `live`, a new generation) is noted this much after its end at most: the page
that belongs to a flush is that of so much later."""


@dataclass(frozen=True, slots=True)
class Page:
    """A program at one moment, as a pane shows it beside the flush of then."""

    status: Status
    plan: Plan
    """Of the generation on show."""
    sources: tuple[Source, ...] = ()
    """The scripts that could answer it, the wanted one first."""
    pin: Pin | None = None
    cost: Cost | None = None
    """What it costs; of the past only a recording's ledger says so. None while nobody knows."""
    alarm: str = ""
    """Which limit it is above now, with the numbers; empty when all is well."""

    @property
    def source(self) -> Source | None:
        """The script on show: a fallback where one runs."""
        first = self.sources[0] if self.sources else None
        return next((one for one in self.sources if one.name == self.status.source), first)


class Chronicle:
    """The pages of one program, each with the moment from which it held. One thread notes, others may ask."""

    def __init__(self) -> None:
        # Replaced as a whole, so that whoever reads it needs no lock.
        self._pages: tuple[tuple[int, Page], ...] = ()

    def note(self, boot_ns: int, page: Page, oldest_ns: int = 0) -> None:
        """The program is like this from a moment on (CLOCK_BOOTTIME in ns). Nobody looks back before `oldest_ns`, so
        the pages that were over by then go, with the scripts that they hold."""
        pages = self._pages[1 - KEPT :]
        over = bisect_right(pages, oldest_ns, key=lambda one: one[0]) - 1
        self._pages = _light((*pages[max(0, over) :], (boot_ns, page)))

    def at(self, boot_ns: int) -> Page | None:
        """The page of a moment; before the first one that is kept, that one. None where nothing was noted."""
        found = None
        for since, page in self._pages:
            if found is not None and since > boot_ns:
                break
            found = page
        return found


def _light(pages: tuple[tuple[int, Page], ...]) -> tuple[tuple[int, Page], ...]:
    """The newest pages whose scripts weigh no more than is kept; at least the last one."""
    weight, seen = 0, set[int]()
    for count, (_, page) in enumerate(reversed(pages)):
        weight += sum(_weight(source) for source in _new(page.sources, seen))
        if count and weight > KEPT_BYTES:
            return pages[-count:]
    return pages


def _new(sources: Iterable[Source], seen: set[int]) -> list[Source]:
    """Those that no later page holds: pages between two edits share their scripts."""
    found = [source for source in sources if id(source) not in seen]
    seen.update(map(id, found))
    return found


def _weight(source: Source) -> int:
    return len(source.text) * (_READ_BYTES if isinstance(source.script, Script) else 1)
