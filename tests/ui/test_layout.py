"""The layout of the running screen: by the keys of the layout mode, by the mouse, and by the palette."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from bttop.ui.app import BttopApp
from bttop.ui.board.pane import Pane
from bttop.ui.render.spans import plain
from tests.ui.scenes import FakeEngine, calls, printed_name
from tests.ui.screens import app_of

CALLS = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"
TWO = "kprobe:vfs_read { @size = hist(arg2); @reads[pid, comm] = count(); }"


class Screen:
    """Four programs on the screen; the second has two maps."""

    def __init__(self, pilot: Pilot[None], fake: FakeEngine) -> None:
        assert isinstance(pilot.app, BttopApp)
        self.pilot, self.app, self.board = pilot, pilot.app, pilot.app.board
        self.fake = fake

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def places(self) -> dict[str, tuple[int, ...]]:
        """The place of each visible pane on the board, by its number."""
        origin = self.board.region.offset
        return {
            str(pane.frame.number): tuple(pane.region.translate(-origin))
            for pane in self.board.shown
            if pane.frame.width
        }

    def rule(self, number: int) -> str:
        pane: Pane = self.board.shown[number - 1]
        return plain(pane._lines[0])

    @property
    def footer(self) -> str:
        return "\n".join(plain(line) for line in self.app._footer_bar.lines(80))

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag the mouse between two cells of the board."""
        x, y = self.board.region.offset
        await self.pilot.mouse_down(offset=(start[0] + x, start[1] + y))
        await self.pilot.hover(offset=(end[0] + x, end[1] + y))
        await self.pilot.mouse_up(offset=(end[0] + x, end[1] + y))
        await self.pilot.pause()


def on_screen(test: Callable[[Screen], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Run a test on the screen of four programs."""
    fake = FakeEngine()
    for name in ("one", "two", "three", "four"):
        fake.attach(fake.add(name, TWO if name == "two" else CALLS))
    for program in fake.engine.programs:
        if program.name == "two":
            rows = {"type": "map", "data": {printed_name(program, "@reads"): {"77,tar": 5}}}
            buckets = [{"min": 4, "max": 7, "count": 9}]
            fake.flush(program, rows, {"type": "hist", "data": {printed_name(program, "@size"): buckets}})
        else:
            fake.flush(program, calls(program, {"18421,java": 900}))

    async def run() -> None:
        async with app_of(fake).run_test(size=size) as pilot:
            await pilot.press("1")  # ends the notice of the start
            await pilot.pause()
            await test(Screen(pilot, fake))

    asyncio.run(run())


def test_the_footer_of_the_layout_mode_names_its_keys_and_esc_ends_it() -> None:
    async def test(screen: Screen) -> None:
        before = screen.footer
        await screen.press("W")
        for word in ("←→↑↓ move", "Shift size", "t u tabs", "d double", "v x view", "0 automatic", "Esc end"):
            assert word in screen.footer
        await screen.press("escape")
        assert screen.footer == before

    on_screen(test)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
def test_keys_move_resize_stack_and_widen_and_0_is_automatic(size: tuple[int, int]) -> None:
    async def test(screen: Screen) -> None:
        automatic = screen.places()
        await screen.press("W", "right")
        assert screen.places()["1"] == automatic["2"]
        assert screen.places()["2"] == automatic["1"]
        before = screen.places()["1"][2]
        await screen.press("shift+left")
        assert screen.places()["1"][2] == before - 2
        await screen.press("t")
        assert len(screen.places()) == 3
        await screen.press("u", "d")
        assert screen.places()["1"][2] >= size[0] // 2
        await screen.press("0", "enter")
        assert screen.places() == automatic
        assert not screen.board.is_arranged

    on_screen(test, size)


def test_other_keys_keep_their_meaning_in_the_mode() -> None:
    async def test(screen: Screen) -> None:
        await screen.press("W", "3")
        assert screen.board.focused_pane.program.name == "three"
        await screen.press("tab", "left")
        assert screen.board.focused_pane.program.name == "four"
        assert screen.places()["4"][0] == 0

    on_screen(test)


def test_what_cannot_be_done_is_said() -> None:
    async def test(screen: Screen) -> None:
        await screen.press("W", "left")
        assert "there is no pane to the left of this one" in screen.footer
        await screen.press("v")
        assert "one has nothing else to show" in screen.footer
        await screen.press("x")
        assert "the only pane of its program" in screen.footer

    on_screen(test)


def test_numbers_stay_when_panes_move_and_tabs_show_them() -> None:
    async def test(screen: Screen) -> None:
        await screen.press("W", "right", "t", "escape")
        assert "1 one │ 3 three" in screen.rule(1)
        await screen.press("3")
        assert "1 one │ 3 three" in screen.rule(3)
        assert "1" not in screen.places()
        await screen.press("z")
        assert "│" not in screen.rule(3)

    on_screen(test)


def test_a_second_view_is_of_the_same_program_and_closes_alone() -> None:
    async def test(screen: Screen) -> None:
        started = tuple(screen.app.session.programs)
        await screen.press("2", "W", "v", "escape")
        assert screen.board.focused_pane.frame.number == 5
        assert [pane.program.name for pane in screen.board.panes].count("two") == 2
        first, second = screen.board.panes[1], screen.board.panes[4]
        assert first.subject != second.subject
        assert tuple(screen.app.session.programs) == started
        await screen.press("X")
        assert "its other pane stays" in screen.footer
        assert screen.board.focused_pane is first
        assert [pane.program.name for pane in screen.board.panes] == ["one", "two", "three", "four"]

    on_screen(test)


def test_the_mouse_drags_rules_and_dividers() -> None:
    async def test(screen: Screen) -> None:
        _, y, width, _ = screen.places()["3"]
        await screen.drag((30, y), (30, 4))
        assert screen.places()["3"][1] == 4
        x = screen.places()["2"][0]
        await screen.drag((x, 2), (50, 2))
        assert screen.places()["2"][0] == screen.places()["4"][0] == 50
        assert screen.places()["3"][2] != width

    on_screen(test)


def test_the_mouse_moves_titles_and_clicks_tabs() -> None:
    async def test(screen: Screen) -> None:
        before = screen.places()
        await screen.drag((3, 0), (60, 5))
        assert screen.places()["2"] == before["1"]
        x, y, *_ = screen.places()["3"]
        await screen.drag((x + 3, y), (before["1"][0] + 3, 0))
        assert "2 two │ 3 three" in screen.rule(3)
        await screen.drag((3, 0), (3, 0))
        assert screen.board.focused_pane.program.name == "two"

    on_screen(test)


def test_the_palette_has_every_change() -> None:
    async def test(screen: Screen) -> None:
        entries = {entry.title: entry for entry in screen.app.palette_entries if entry.help.startswith("Layout")}
        assert len(entries) == len(screen.app.layout_mode._actions) == 14
        entries["Move the pane right"].run()
        await screen.pilot.pause()
        assert screen.places()["1"][0] > 0

    on_screen(test)


@pytest.mark.parametrize("key", ["left", "shift+down", "t", "u", "d", "v"])
def test_a_terminal_too_small_for_panes_keeps_their_places(key: str) -> None:
    async def test(screen: Screen) -> None:
        await screen.press("W", key)
        assert "too small to place panes" in screen.footer

    on_screen(test, (59, 10))


def test_quick_changes_and_changes_of_a_zoomed_pane_start_from_the_places_of_all() -> None:
    async def test(screen: Screen) -> None:
        await screen.press("z", "4", "W")
        for key in "tdutud":
            screen.app.layout_mode.press(key)
        await screen.pilot.pause()
        assert len(screen.places()) == 4

    on_screen(test)


@pytest.mark.parametrize("start", [(40, 5), (41, 0)])
def test_a_pane_that_is_closed_while_the_mouse_holds_it_is_let_go(start: tuple[int, int]) -> None:
    async def test(screen: Screen) -> None:
        x, y = screen.board.region.offset
        await screen.pilot.mouse_down(offset=(start[0] + x, start[1] + y))
        grip = screen.board._grip
        assert grip is not None
        programs = screen.fake.engine.programs
        screen.fake.engine.programs = tuple(one for one in programs if one is not grip.pane.program)
        screen.board.follow(screen.fake.engine.programs)
        await screen.pilot.hover(offset=(20 + x, 3 + y))
        await screen.pilot.mouse_up(offset=(20 + x, 3 + y))
        await screen.pilot.pause()
        assert len(screen.places()) == 3

    on_screen(test)
