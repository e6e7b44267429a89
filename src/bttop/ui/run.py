"""Runs the dashboard in a terminal: signals, the shutdown watchdog and the exit code."""

from __future__ import annotations

import asyncio
import codecs
import locale
import os
import time
from dataclasses import replace
from pathlib import Path

from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings
from bttop.engine.headless.run_length import Finish
from bttop.engine.host.process_lookup import ProcessLookup
from bttop.engine.host.processes import Process
from bttop.engine.host.recorded_processes import process_facts
from bttop.engine.recording.recorder import Recorder
from bttop.engine.recording.replay import ReplaySession
from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.trust import Trust
from bttop.ui.app import BttopApp
from bttop.ui.app_config import AppConfig
from bttop.ui.render.spans import ASCII, UNICODE, Glyphs
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog
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
    """Show the dashboard until the user quits or `seconds` have passed. Returns the exit code.

    `folders` hold the probe files; they are watched, like the folders of the themes. The caller closes the engine
    and the recorder.
    """

    def met(process: Process) -> None:
        recorder.met(process.pid, process_facts(process))

    around = replace(
        _app_config(folders, theme, trust), processes=ProcessLookup(met=met), recorder=recorder, seconds=seconds
    )
    return asyncio.run(_run(BttopApp(engine, settings, around)))


def run_review(replay: ReplaySession, moment: int | None, theme: str | None, trust: Trust) -> int:
    """Show a recording until the user quits. Returns the exit code.

    The recording is paused at `moment` (CLOCK_BOOTTIME in ns); without one it plays from its beginning.
    """
    around = replace(_app_config((), theme, trust), processes=replay.processes(), marks=replay.marks, moment=moment)
    return asyncio.run(_run(BttopApp(replay, Settings(), around)))


def _app_config(folders: tuple[Path, ...], theme: str | None, trust: Trust) -> AppConfig:
    themes, bad = load_themes(overlay("themes"), trust)
    return AppConfig(
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
        engine = app.session.tracing
        if engine is not None and app.recordings.is_recording:
            _await_last_flushes(engine, last_resort)
        last_resort.allow(3.0)
        app.session.close()

    last_resort = ShutdownWatchdog(app.session.kill, ask_exit)
    app.last_resort = last_resort
    app.on_end = stop_programs
    last_resort.arm()
    try:
        await app.run_async()
        if app.tracing is not None:
            app.tracing.close()
        app.processes.close()
    finally:
        last_resort.disarm()
    return app.return_code or 0


def _await_last_flushes(engine: Engine, last_resort: ShutdownWatchdog) -> None:
    """Wait for the last flush of each program, so that the recording has it; the recording notes those that do not
    come. The screen is closed already."""
    finish = Finish(engine)
    last_resort.allow(finish.remaining + 3.0)
    while not finish.is_over:
        time.sleep(0.02)
    engine.give_up()


def _choose_theme(themes: dict[str, Theme], wanted: str | None) -> str:
    if not themes:
        raise UsageError("no theme was found", title="broken installation", hint="reinstall bttop")
    if wanted is not None and wanted not in themes:
        raise UsageError(f"there is no theme {wanted!r}; the themes are: {', '.join(sorted(themes))}")
    usual = "mono" if os.environ.get("NO_COLOR") else "night"
    return wanted or (usual if usual in themes else next(iter(themes)))


def _glyphs() -> Glyphs:
    """Block and line characters if the locale is UTF-8, else ASCII."""
    try:
        return UNICODE if codecs.lookup(locale.getpreferredencoding(False)).name == "utf-8" else ASCII
    except LookupError:
        return ASCII
