"""Runs the dashboard in a terminal: the signals, the last resort, and the exit code."""

from __future__ import annotations

import asyncio
import codecs
import locale
import os
import time
from dataclasses import replace
from pathlib import Path

from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.engine.identities import Identities
from bttop.engine.process import Process
from bttop.engine.recorder import Recorder
from bttop.engine.replay import Replay
from bttop.engine.runlength import Finish
from bttop.engine.whowas import process_facts
from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.trust import Trust
from bttop.ui.app import BttopApp
from bttop.ui.lastresort import LastResort
from bttop.ui.spans import ASCII, UNICODE, Glyphs
from bttop.ui.surroundings import Surroundings
from bttop.ui.themes import Theme, load_themes


def run_dashboard(
    engine: Engine,
    settings: Settings,
    folders: tuple[Path, ...],
    theme: str | None,
    trust: Trust,
    recorder: Recorder,
    seconds: float | None = None,
) -> int:
    """Show the dashboard until it is left, or for so many seconds; the exit code. The caller closes the engine and the
    recorder.

    `folders` are those of the probe files, which are watched together with those of the themes.
    """

    def met(process: Process) -> None:
        recorder.met(process.pid, process_facts(process))

    around = replace(
        _surroundings(folders, theme, trust), people=Identities(met=met), recorder=recorder, seconds=seconds
    )
    return asyncio.run(_run(BttopApp(engine, settings, around)))


def run_review(replay: Replay, moment: int | None, theme: str | None, trust: Trust) -> int:
    """Show a recording until it is left, standing at a moment or playing from the beginning; the exit code."""
    around = replace(_surroundings((), theme, trust), people=replay.people(), marks=replay.marks, moment=moment)
    return asyncio.run(_run(BttopApp(replay, Settings(), around)))


def _surroundings(folders: tuple[Path, ...], theme: str | None, trust: Trust) -> Surroundings:
    themes, bad = load_themes(overlay("themes"), trust)
    return Surroundings(
        folders,
        overlay("themes"),
        themes,
        _choose_theme(themes, theme),
        _glyphs(),
        [f"theme {one.path.name}: {one.reason}" for one in bad],
        trust=trust,
    )


async def _run(app: BttopApp) -> int:
    loop = asyncio.get_running_loop()

    def ask_exit(code: int) -> None:
        loop.call_soon_threadsafe(lambda: app.exit(return_code=code))

    def stop_programs() -> None:
        if isinstance(app.session, Engine) and app.recordings.is_recording:
            _await_last_flushes(app.session, last_resort)
        last_resort.allow(3.0)
        app.session.close()

    last_resort = LastResort(app.session.kill, ask_exit)
    app.last_resort = last_resort
    app.on_end = stop_programs
    last_resort.arm()
    try:
        await app.run_async()
        app.reloads.stop()
        app.finder.close()
        app.explorer.close()
    finally:
        last_resort.disarm()
    return app.return_code or 0


def _await_last_flushes(engine: Engine, last_resort: LastResort) -> None:
    """A recording gets what was counted since the last flush of each program, or says that it is missing; the screen is
    gone already."""
    finish = Finish(engine)
    last_resort.allow(finish.remaining + 3.0)
    while not finish.is_over:
        time.sleep(0.02)
    engine.give_up()


def _choose_theme(themes: dict[str, Theme], wanted: str | None) -> str:
    if not themes:
        raise UsageError("there is no theme to be found", title="broken installation", hint="reinstall bttop")
    if wanted is not None and wanted not in themes:
        raise UsageError(f"there is no theme {wanted!r}; there are: {', '.join(sorted(themes))}")
    usual = "mono" if os.environ.get("NO_COLOR") else "night"
    return wanted or (usual if usual in themes else next(iter(themes)))


def _glyphs() -> Glyphs:
    """Blocks and lines where the locale is UTF-8, plain ASCII elsewhere."""
    try:
        return UNICODE if codecs.lookup(locale.getpreferredencoding(False)).name == "utf-8" else ASCII
    except LookupError:
        return ASCII
