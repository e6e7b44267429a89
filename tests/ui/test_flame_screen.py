"""A flame graph on the running screen: its footer, and its colours against a baseline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from xml.dom import minidom

import pytest
from rich.style import Style
from textual.geometry import Region
from textual.pilot import Pilot

from bttop.ui.app import BttopApp
from bttop.ui.render.spans import plain
from bttop.ui.themes import load_themes
from tests.ui.scenes import SHIPPED_THEMES, FakeEngine, calls
from tests.ui.screens import app_of

SCRIPT = "profile:hz:99 { @stacks[kstack] = count(); }"
READ, WRITE, IDLE = (f"\n{name}+4\nstart_kernel+1\n" for name in ("vfs_read", "vfs_write", "do_idle"))


def segments(app: BttopApp, row: int) -> Sequence[tuple[str, Style | None]]:
    """The texts of a line of the focused pane with their styles, without blank ones."""
    pane = app.board.focused_pane
    (strip,) = pane.render_lines(Region(0, row, pane.size.width, 1))
    return [(one.text.rstrip(" ·"), one.style) for one in strip if one.text.strip()]


def line(app: BttopApp, starts: str) -> int:
    """The number of the line of the focused pane that begins so."""
    rows = range(app.board.focused_pane.size.height)
    return next(row for row in rows if segments(app, row) and segments(app, row)[0][0].startswith(starts))


def test_frames_that_are_more_and_less_than_the_baseline_have_the_colours_of_the_theme() -> None:
    fake = FakeEngine()
    program = fake.add("stacks", SCRIPT)
    fake.attach(program)
    for _ in range(3):
        fake.flush(program, calls(program, {READ: 40, WRITE: 40, IDLE: 20}, "@stacks"))

    async def session(app: BttopApp, pilot: Pilot[None]) -> None:
        await pilot.press("1", "b", "b")
        await app.workers.wait_for_complete()
        fake.flush(program, calls(program, {READ: 70, WRITE: 10, IDLE: 15}, "@stacks"))
        app.repaint()
        await pilot.press("1")  # ends the notice
        assert "Enter row  / search  i invert" in app._footer_bar.render_lines(Region(0, 0, 80, 1))[0].text
        themes, _ = load_themes([SHIPPED_THEMES])
        for theme in themes.values():
            app.set_theme(theme)
            found = dict(segments(app, line(app, "+vfs_read")))
            assert found == {
                "+vfs_read": theme.style("flame-more"),
                "▏do_idle": theme.style("flame-same"),
                "-vfs_write": theme.style("flame-less"),
            }
            assert len({str(style) for style in found.values()}) == 3, theme.name

    run(fake, session)


def test_the_flame_graph_on_show_is_written_as_svg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    fake = FakeEngine()
    program = fake.add("stacks", SCRIPT)
    fake.attach(program)

    async def session(app: BttopApp, pilot: Pilot[None]) -> None:
        await pilot.press("E")
        assert "no flame graph" in plain(app._footer_bar.line(100))
        fake.flush(program, calls(program, {READ: 40, WRITE: 40}, "@stacks"))
        app.repaint()
        while not app.board.shows_flame:
            await pilot.pause()
        await pilot.press("E")
        (file,) = tmp_path.rglob("*.svg")
        assert str(file) in plain(app._footer_bar.line(200))
        assert file.stat().st_mode & 0o777 == 0o600
        page = file.read_text()
        assert "stacks:@stacks" in page
        assert "vfs_read" in page
        assert minidom.parseString(page).getElementsByTagName("svg")

    run(fake, session)


def run(fake: FakeEngine, session: Callable[[BttopApp, Pilot[None]], Awaitable[None]]) -> None:
    app = app_of(fake)

    async def play() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            await session(app, pilot)

    asyncio.run(play())
