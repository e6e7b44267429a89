"""The running programs as the screen uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.ui.services.programs.probe_library import ProbeLibrary
from bttop.ui.services.programs.reloads import Reloads
from bttop.ui.services.programs.running_programs import RunningPrograms
from bttop.ui.services.screen_access import ScreenAccess


class FakeEngine:
    """Notes the intervals that it is given."""

    def __init__(self) -> None:
        self.intervals: list[int] = []
        self.given = asyncio.Event()

    def set_interval(self, interval_ms: int) -> None:
        self.intervals.append(interval_ms)
        self.given.set()


class FakeScreen:
    """Runs the newest coroutine of each name, as the screen does."""

    def __init__(self) -> None:
        self.running: dict[str, asyncio.Task[None]] = {}
        self.told: list[str] = []

    def in_background(self, job: Coroutine[Any, Any, None], *, only_one: str = "") -> None:
        if only_one in self.running:
            self.running[only_one].cancel()
        self.running[only_one] = asyncio.get_running_loop().create_task(job)

    def restart_ticker(self) -> None:
        """Nothing ticks."""

    def tell(self, text: str, _role: str = "hint") -> None:
        self.told.append(text)


def test_several_keys_for_the_interval_restart_the_programs_once() -> None:
    async def press(*steps: int) -> tuple[list[int], list[str]]:
        engine, screen = FakeEngine(), FakeScreen()
        programs = RunningPrograms(
            cast(Engine, engine),
            Settings(interval_ms=1000),
            cast(ProbeLibrary, None),
            cast(Reloads, None),
            cast(ScreenAccess, screen),
        )
        for step in steps:
            programs.step_interval(step)
            await asyncio.sleep(0)
        await asyncio.wait_for(engine.given.wait(), 60)
        await asyncio.gather(*screen.running.values())
        return engine.intervals, screen.told

    intervals, told = asyncio.run(press(1, 1, -1))
    assert intervals == [2000]
    assert [text.partition(":")[0] for text in told] == ["interval 2 s", "interval 5 s", "interval 2 s"]
