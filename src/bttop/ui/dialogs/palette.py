"""The command palette: commands, themes and probes, found by the words of their titles, help and tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from msgspec import Struct
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from bttop.script.library.word_search import rank


class PaletteEntry(Struct, frozen=True):
    """One line of the palette."""

    title: str
    help: str
    run: Callable[[], None]
    words: str = ""
    """Further words by which it is found."""
    is_listed: bool = True
    """Whether it is shown before anything is typed."""


class _HasEntries(Protocol):
    @property
    def palette_entries(self) -> Sequence[PaletteEntry]: ...


class PaletteFinder(Provider):
    """Finds entries by words. Textual's own search also finds titles that only have the letters in this order."""

    @property
    def _entries(self) -> Sequence[PaletteEntry]:
        return cast(_HasEntries, self.app).palette_entries

    async def discover(self) -> Hits:
        """All listed entries."""
        for one in self._entries:
            if one.is_listed:
                yield DiscoveryHit(Content(one.title), one.run, text=one.title, help=one.help)

    async def search(self, query: str) -> Hits:
        """The entries that a query fits, those with the words in the title first."""
        for one in self._entries:
            place = rank(query, (one.title,), f"{one.help} {one.words}")
            if place is not None:
                yield Hit(1 / (1 + place), Content(one.title), one.run, text=one.title, help=one.help)
