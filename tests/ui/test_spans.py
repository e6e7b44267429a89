"""A rectangle in a heat map becomes the span that all panes show, by keys and by mouse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from bttop.model.history.span import BucketRange
from bttop.ui.app import BttopApp
from bttop.ui.board.pane import Pane
from bttop.ui.render.spans import plain
from tests.ui.scenes import SECOND, START, FakeEngine, calls, printed_name
from tests.ui.screens import app_of

Session = Callable[[BttopApp, Pilot[None]], Awaitable[None]]


@pytest.fixture
def fake() -> FakeEngine:
    """Counts, and a histogram whose events take 1 us in the first three seconds and 64 us in the next three."""
    fake = FakeEngine()
    fake.add("times", "kprobe:vfs_read { @us = hist(nsecs); }")
    fake.add("calls", "profile:hz:99 { @calls[pid, comm] = count(); }")
    times, counted = fake.engine.programs
    for program in (times, counted):
        fake.attach(program)
        fake._beat(program)
    for second in range(1, 7):
        fake.now += SECOND
        fake.say(times, histogram(times, 2 if second <= 3 else 8))
        fake.say(counted, calls(counted, {"1,java": 10, f"{second},new": second}))
        for program in (times, counted):
            fake._beat(program)
    return fake


def histogram(program: Any, number: int) -> dict[str, Any]:
    """Four events in one bucket."""
    name = printed_name(program, "@us")
    if program.plan.maps["@us"].numbered is not None:
        return {"type": "map", "data": {name: {str(number): 4}}}
    low = 1 << number - 2
    return {"type": "hist", "data": {name: [{"min": low, "max": 2 * low - 1, "count": 4}]}}


def play(fake: FakeEngine, session: Session) -> None:
    """Run the dashboard at 120x30."""
    app = app_of(fake)

    async def run() -> None:
        async with app.run_test(size=(120, 30)) as pilot:
            await pilot.pause()
            await session(app, pilot)

    asyncio.run(run())


def text(pane: Pane) -> str:
    return "\n".join(plain(line) for line in pane._lines)


async def show_heat_map(app: BttopApp, pilot: Pilot[None]) -> Pane:
    """The heat map of the first pane, which has the focus."""
    await pilot.press("1")
    pane = app.board.focused_pane
    for _ in range(4):
        if pane.drawing.plot is None:
            await pilot.press("v")
    assert pane.drawing.plot is not None
    return pane


def test_a_rectangle_by_keys_is_the_span_of_all_panes_until_escape(fake: FakeEngine) -> None:
    async def session(app: BttopApp, pilot: Pilot[None]) -> None:
        pane = await show_heat_map(app, pilot)
        await pilot.press("left", "shift+left", "shift+left", "shift+up", "enter")
        chosen = app.time.cursor.chosen
        assert chosen is not None
        assert (chosen.span.begin_ns - START, chosen.span.end_ns - START) == (3 * SECOND, 6 * SECOND)
        counted = app.board.panes[1]
        assert counted.model.data("@calls").rows == {"1,java": 30, "4,new": 4, "5,new": 5, "6,new": 6}
        assert "3 flushes, 3s" in text(counted) and "10" in text(counted).split("\n")[2]
        assert pane.choice.cell.at_ns is None
        await pilot.press("b", "o")
        await app.workers.wait_for_complete()
        await pilot.pause()
        baseline = app.baselines.current
        assert baseline is not None
        assert (baseline.begin.boot_ns, baseline.end.boot_ns) == (chosen.span.begin_ns, chosen.span.end_ns)
        pinned = [replace(one, counted=replace(one.counted, pin="pid == 1")) for one in baseline.programs]
        for programs, why in (baseline.programs, ""), (pinned, "it has other processes"), ([], "it lacks this program"):
            app.baselines.current = replace(baseline, programs=tuple(programs))
            app.repaint()
            assert counted.model.no_baseline == why
            assert ("no baseline" in text(counted).split("\n")[0]) == bool(why)
        await pilot.press("escape")
        assert (app.time.cursor.chosen, app.time.cursor.at) == (None, None)
        assert counted.model.data("@calls").rows == {"1,java": 10, "6,new": 6}

    play(fake, session)


def test_a_rectangle_by_mouse_limits_the_values_of_its_map(fake: FakeEngine) -> None:
    async def session(app: BttopApp, pilot: Pilot[None]) -> None:
        pane = await show_heat_map(app, pilot)
        plot = pane.drawing.plot
        assert plot is not None
        top = 1 + plot.top
        await pilot.mouse_down(pane, offset=(plot.left + 1 * plot.wide, top))
        await pilot.hover(pane, offset=(plot.left + 4 * plot.wide, top + 1))
        await pilot.mouse_up(pane, offset=(plot.left + 4 * plot.wide, top + 1))
        await pilot.press("enter")
        chosen = app.time.cursor.chosen
        assert chosen is not None
        assert (chosen.span.begin_ns - START, chosen.span.end_ns - START) == (0, 4 * SECOND)
        assert chosen.program is pane.program and chosen.buckets == BucketRange(32, 127)
        assert "only [32, 128)" in text(pane)
        assert sum(bucket.count for bucket in pane.model.data("@us").rows[""]) == 4  # type: ignore[union-attr, misc]

    play(fake, session)


def test_shift_arrows_choose_a_span_in_any_pane(fake: FakeEngine) -> None:
    async def session(app: BttopApp, pilot: Pilot[None]) -> None:
        await pilot.press("2", "shift+left", "shift+left")
        assert "3 flushes, 3s" in text(app.board.panes[0])
        await pilot.press("shift+right", "shift+right", "shift+right", "left_square_bracket")
        assert app.board.panes[1].model.data("@calls").rows == {"1,java": 10, "5,new": 5}
        await pilot.press("right_parenthesis")
        assert app.time.cursor.chosen is None

    play(fake, session)
