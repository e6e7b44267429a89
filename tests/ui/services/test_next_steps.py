"""What Esc and Enter do next, as the footer shows it, and that they do it."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from bttop.ui.app import BttopApp
from bttop.ui.render.spans import plain
from bttop.ui.services.next_steps import NextSteps
from tests.ui.scenes import FakeEngine, calls
from tests.ui.screens import app_of
from tests.ui.test_spans import histogram


def two_panes() -> FakeEngine:
    """A table and a histogram, with one flush each."""
    fake = FakeEngine()
    fake.add("calls", "profile:hz:99 { @calls[pid, comm] = count(); }")
    fake.add("times", "kprobe:vfs_read { @us = hist(nsecs); }")
    counted, times = fake.engine.programs
    for program in (counted, times):
        fake.attach(program)
    fake.flush(counted, calls(counted, {"1,java": 10, "2,java": 5, "3,perl": 1}))
    fake.flush(times, histogram(times, 4))
    return fake


def keys_of(app: BttopApp) -> str:
    return plain(app._footer_bar._keys(80))


def test_esc_goes_back_by_the_step_that_the_footer_shows() -> None:
    app = app_of(two_panes())

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert "Esc" not in keys_of(app)
            pane = app.board.focused_pane
            pane.choice = replace(pane.choice, needle="java")
            for key in ("z", "G", "G"):
                await pilot.press(key)
            assert "Enter open" in keys_of(app)
            await pilot.press("enter")
            for words in ("no filter", "close group", "no groups", "all panes"):
                assert f" Esc {words}  Enter" in keys_of(app)
                await pilot.press("escape")
            assert "Esc" not in keys_of(app)

    asyncio.run(run())


def test_a_pane_that_joins_a_page_is_focused_and_of_a_new_page_the_first() -> None:
    fake = two_panes()
    app = app_of(fake)

    def open_panes(page: str, *names: str) -> str:
        for name in names:
            app.board.put_on_page(name, page)
            fake.add(name, "profile:hz:99 { @calls[pid, comm] = count(); }")
        app.board.follow(fake.engine.programs)
        return app.board.focused_pane.program.name

    async def run() -> None:
        async with app.run_test(size=(80, 24)):
            assert open_panes("", "asked") == "asked"
            assert open_panes("ladder 7", "first", "second") == "first"
            assert open_panes("ladder 7", "asked there") == "asked there"
            assert NextSteps(app.board, app.time, is_tracing=True).back() is None

    asyncio.run(run())
