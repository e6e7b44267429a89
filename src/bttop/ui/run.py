"""Runs the dashboard in a terminal: signals, the shutdown watchdog and the exit code."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.engine.generation.source import Settings
from bttop.engine.headless.run_length import Finish
from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.engine.host.process.processes import Process
from bttop.engine.host.process.recorded_processes import process_facts
from bttop.engine.recording.recorder import Recorder
from bttop.engine.session import AnyEngine, ProcessSource, Session
from bttop.engine.symbols.frame_lookup import FrameLookup
from bttop.errors import UsageError
from bttop.model.history.span import TimeSpan
from bttop.paths import overlay
from bttop.store.snapshot.frame_names import frame_facts
from bttop.store.snapshot.recording_events import FIRST_HOST
from bttop.trust import Trust
from bttop.ui.app import BttopApp
from bttop.ui.app_config import AppConfig
from bttop.ui.opening import check_theme, follows_background, usual_glyphs, usual_theme
from bttop.ui.render.spans import ASCII
from bttop.ui.terminal.background import WITHOUT_QUERY
from bttop.ui.terminal.driver import driver_on
from bttop.ui.terminal.opening_screen import OpeningScreen
from bttop.ui.terminal.shutdown_watchdog import ShutdownWatchdog
from bttop.ui.themes import BadTheme, Theme, load_themes

if TYPE_CHECKING:
    from bttop.engine.recording.host_watch import HostWatch
    from bttop.engine.recording.replay import ReplaySession
    from bttop.store.compare.period import PeriodReading


def run_dashboard(
    session: Session,
    settings: Settings,
    folders: tuple[Path, ...],
    theme: str | None,
    trust: Trust,
    recorder: Recorder,
    opening: OpeningScreen,
    notices: Sequence[str] = (),
    seconds: float | None = None,
    watch: HostWatch | None = None,
) -> int:
    """Show the dashboard of running programs until the user quits or `seconds` have passed, on the terminal that
    `opening` has taken. Returns the exit code.

    `folders` hold the probe files; they are watched, like the folders of the themes. The caller closes the engine
    and the recorder. `watch`: records what changes about the connections to several hosts.
    """

    def met(host: str, process: Process) -> None:
        number = FIRST_HOST if watch is None else watch.numbers[host]
        recorder.met(process.pid, process_facts(process), number)

    def named(pid: int, names: Mapping[int, str]) -> None:
        recorder.met(pid, frame_facts(names))

    engine = session.tracing
    assert engine is not None, "a recording is shown by run_review"
    around = _app_config(folders, theme, trust)
    around = replace(
        around,
        notices=[*notices, *around.notices],
        processes=_processes(engine, met),
        # The programs of another host cannot be read: its addresses stay without names.
        frame_names=None if engine.links else FrameLookup(numbers=engine.engine_of().numbers, named=named),
        recorder=recorder,
        watch=watch,
        seconds=seconds,
    )
    return _show(session, settings, around, opening)


def _processes(engine: AnyEngine, met: Callable[[str, Process], None]) -> ProcessSource:
    if not engine.links:
        return ProcessLookup(numbers=engine.engine_of().numbers, met=partial(met, ""))
    from bttop.engine.remote.far_processes import FarProcesses  # only for other hosts

    links = {link.name: link for link in engine.links}

    def far(host: str) -> FarProcesses | None:
        one = engine.engine_of(host)
        if one.host.name != host:
            return None  # it is missing, or no host
        return FarProcesses(links[host], one.host.proc.parent / "etc/passwd", one.numbers, partial(met, host))

    if len(links) == 1 and (only := far(next(iter(links)))) is not None:
        return only
    from bttop.engine.hosts.host_processes import HostProcesses  # only for several hosts

    return HostProcesses(far)


def run_review(
    replay: ReplaySession,
    moment: int | TimeSpan | None,
    theme: str | None,
    trust: Trust,
    opening: OpeningScreen,
    *,
    plays: bool,
    baseline: PeriodReading | None = None,
) -> int:
    """Show a recording from `moment` (CLOCK_BOOTTIME in ns), by default from its beginning, or a span of it, until the
    user quits. Returns the exit code."""
    around = replace(
        _app_config((), theme, trust),
        processes=replay.processes(),
        frame_names=replay.frame_names(),
        marks=replay.marks,
        moment=moment,
        plays=plays,
        baseline=baseline,
    )
    return _show(replay, Settings(), around, opening)


def _show(session: Session, settings: Settings, around: AppConfig, opening: OpeningScreen) -> int:
    driver = driver_on(opening, ascii_only=around.glyphs is ASCII)
    return asyncio.run(_run(BttopApp(session, settings, around, driver), opening.watchdog))


def _app_config(folders: tuple[Path, ...], theme: str | None, trust: Trust) -> AppConfig:
    themes, bad = load_themes(overlay("themes"), trust)
    return AppConfig(
        folders,
        overlay("themes"),
        themes,
        _choose_theme(themes, bad, theme),
        usual_glyphs(),
        theme is None and _asks_background(),
        [f"theme {one.path.name}: {one.reason}" for one in bad],
        trust=trust,
    )


async def _run(app: BttopApp, last_resort: ShutdownWatchdog) -> int:
    loop = asyncio.get_running_loop()

    def ask_exit(code: int) -> None:
        loop.call_soon_threadsafe(lambda: app.exit(return_code=code))

    def stop_programs() -> None:
        engine = app.session.tracing
        if engine is not None and app.recordings.is_recording:
            _await_last_flushes(engine, last_resort)
        last_resort.allow(3.0)
        app.session.close()

    last_resort.stop_children, last_resort.ask_exit = app.session.kill, ask_exit
    app.last_resort = last_resort
    app.on_end = stop_programs
    try:
        await app.run_async()
        if app.tracing is not None:
            app.tracing.close()
        app.processes.close()
        if app.frame_names is not None:
            app.frame_names.close()
    finally:
        last_resort.disarm()
    return app.return_code or 0


def _await_last_flushes(engine: AnyEngine, last_resort: ShutdownWatchdog) -> None:
    """Wait for the last flush of each program, so that the recording has it; the recording notes those that do not
    come. The screen is closed already."""
    finish = Finish(engine.run)
    last_resort.allow(finish.remaining + 3.0)
    while not finish.is_over:
        time.sleep(0.02)
    engine.run.give_up()


def _choose_theme(themes: dict[str, Theme], bad: Sequence[BadTheme], wanted: str | None) -> str:
    if not themes:
        raise UsageError("no theme was found: reinstall bttop", title="broken installation")
    if wanted is not None:
        faulty = next((one for one in bad if one.path.stem == wanted and wanted not in themes), None)
        if faulty is not None:
            raise UsageError(f"{faulty.path}: {faulty.reason}", title=f"theme {wanted}")
        check_theme(wanted, themes)
        return wanted
    usual = usual_theme()
    return usual if usual in themes else next(iter(themes))


def _asks_background() -> bool:
    """Whether to ask the terminal for its background: that chooses the theme, and it knows the query or ignores it."""
    return follows_background() and not os.environ.get("TERM", "").startswith(WITHOUT_QUERY)
