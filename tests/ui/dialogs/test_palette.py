"""The palette: what a query finds, in which order."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from textual.app import App
from textual.command import DiscoveryHit, Hit
from textual.screen import Screen

from bttop.engine.generation.source import Settings
from bttop.paths import shipped
from bttop.ui.app import BttopApp
from bttop.ui.app_config import AppConfig
from bttop.ui.dialogs.palette import PaletteFinder
from bttop.ui.render.spans import UNICODE
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine


class Finder(PaletteFinder):
    """A finder of an application with the shipped probes, without a screen."""

    def __init__(self) -> None:
        super().__init__(cast(Screen[None], None))
        themes, _ = load_themes([SHIPPED_THEMES])
        around = AppConfig((shipped("probes"),), (), themes, "night", UNICODE)
        self._app = BttopApp(FakeEngine().engine, Settings(), around)

    @property
    def app(self) -> App[object]:
        return cast(App[object], self._app)


async def hits(query: str) -> list[str]:
    """The titles that a query finds, the best first; all listed ones for an empty query."""
    finder = Finder()
    found: list[DiscoveryHit | Hit] = [one async for one in (finder.search(query) if query else finder.discover())]
    return [one.text or "" for one in sorted(found, key=lambda one: -one.score)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("unpin", "Unpin the pane"),
        ("unpin every", "Unpin every pane"),
        ("container", "Pin the pane to the row's unit or container"),
        ("theme", "Next theme"),
        ("quit", "Quit; every probe is detached"),
    ],
)
def test_a_title_with_the_word_is_among_the_first(query: str, found: str) -> None:
    assert found in asyncio.run(hits(query))[:5]


def test_letters_in_order_are_not_enough() -> None:
    assert asyncio.run(hits("npn")) == []


def test_the_palette_does_not_list_itself_and_lists_commands_before_anything_is_typed() -> None:
    found = asyncio.run(hits(""))
    assert "Zoom the pane, or show all again" in found
    assert "All commands by name" not in found
    assert not any(title.startswith("Run ") and ":" in title for title in found)


@pytest.mark.parametrize(("word", "probe"), [("disk", "biolatency"), ("mutex", "futex"), ("memory", "mmap_stacks")])
def test_a_word_finds_probes_of_the_library_without_their_fallbacks(word: str, probe: str) -> None:
    found = asyncio.run(hits(word))
    assert any(title.startswith(f"Run {probe}: ") for title in found)
    assert not any("_tracepoint: " in title for title in found)
