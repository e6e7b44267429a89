"""Runs the dashboard: the first picture, the programs, the screen and the recorder."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bttop.commands.options.arguments import trust_of
from bttop.errors import bttop_command
from bttop.output import confirmed, warn
from bttop.paths import overlay
from bttop.script.library.ladder import LADDER
from bttop.ui.board.frame.starting import COMPILING, STARTING
from bttop.ui.opening import FirstPicture, picture, styles_for
from bttop.ui.terminal.opening_screen import OpeningScreen

if TYPE_CHECKING:
    from bttop.engine.engine import Engine
    from bttop.engine.generation.source import Settings
    from bttop.engine.hosts.host_group import HostGroup
    from bttop.engine.recording.recorder import Recorder

PATIENCE = 5.0
"""Seconds without disk progress after which bttop, when it ends, gives up writing a recording."""


def show_dashboard(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Run the dashboard until the user leaves it. `arguments` is the command, for the recording."""
    trust = trust_of(options)
    styles = styles_for(options.theme, trust)
    with contextlib.ExitStack() as stack:
        notices = stack.enter_context(_notices())
        opening = stack.enter_context(OpeningScreen())

        def show(programs: Sequence[str]) -> None:
            opening.show(lambda: picture(_first_picture(options, programs), styles, *opening.size))

        def tell(*lines: str) -> None:
            if opening.is_shown:
                notices.append(lines)
            else:
                warn(*lines)

        if os.geteuid() == 0 and not options.probe and not options.programs and not options.hosts:
            # Before the engine is imported. Otherwise the first picture waits for the checks of `start_engine`, so that
            # their errors do not follow a picture.
            show(LADDER)
        if group := _group(options, tell):
            opening.watchdog.stop_children = group.kill
            try:
                show([program.name for program in group.programs])
                return _run_group(group, options, arguments, opening, notices)
            finally:
                opening.restore()
                group.close()
        from bttop.commands.starting.tracing import start_engine

        engine, settings = start_engine(options, "bttop", tell)
        opening.watchdog.stop_children = engine.kill
        try:
            show([program.name for program in engine.programs])
            return _run(engine, settings, options, arguments, opening, notices)
        finally:
            opening.restore()
            engine.close()


def _group(options: argparse.Namespace, tell: Callable[..., None]) -> HostGroup | None:
    """The hosts of -H with their programs, if there are several."""
    if not options.hosts:
        return None
    from bttop.commands.options.host_names import destinations

    hosts = destinations(options.hosts, sudo=options.sudo, many=options.many, ask=confirmed)
    if len(hosts) == 1:
        options.hosts = [hosts[0].name]
        options.sudo = hosts[0].sudo
        return None
    from bttop.commands.starting.group import start_group

    return start_group(options, hosts, tell)


def _run_group(
    group: HostGroup,
    options: argparse.Namespace,
    arguments: Sequence[str],
    opening: OpeningScreen,
    notices: Sequence[tuple[str, ...]],
) -> int:
    from bttop.commands.starting.record_hosts import watched_hosts
    from bttop.engine.recording.recorder import Recorder
    from bttop.engine.recording.session_facts import session_facts
    from bttop.engine.safety.idle_monitor import IdleMonitor

    session = replace(session_facts(shlex.join(["bttop", *arguments])), missing_hosts=tuple(group.run.missing))
    recorder = Recorder(session, group.file_name, at_once=False)
    watch = watched_hosts(group.run, recorder, options.save_when)

    def watch_idle(engine: Engine) -> None:
        engine.idle_monitor = IdleMonitor(options.idle, engine.seconds_run)

    for engine in group.run.engines:
        watch_idle(engine)
    group.run.on_new.append(watch_idle)
    group.run.start()
    from bttop.ui.run import run_dashboard

    folders, trust = overlay("probes", options.probes), trust_of(options)
    told = [" ".join(lines) for lines in notices]
    code = run_dashboard(
        group, group.settings, folders, options.theme, trust, recorder, opening, told, options.duration, watch
    )
    return int(_tell_recordings(recorder)) or code


@contextlib.contextmanager
def _notices() -> Iterator[list[tuple[str, ...]]]:
    """Warnings for the screen, each with its lines. They are also printed, once the screen is closed."""
    found: list[tuple[str, ...]] = []
    try:
        yield found
    finally:
        for lines in found:
            warn(*lines)


def _first_picture(options: argparse.Namespace, programs: Sequence[str]) -> FirstPicture:
    pin = ""
    if options.pin is not None:
        from bttop.ui.board.frame.pin_text import pin_text

        pin = pin_text(options.pin)
    elif options.pin_text is not None:
        pin = options.pin_text
    name, kernel = _host_of(options)
    return FirstPicture(name, kernel, programs, STARTING, COMPILING, options.interval, pin)


def _host_of(options: argparse.Namespace) -> tuple[str, str]:
    """The name of the host, and its kernel if it is this one."""
    host = os.uname()
    return (", ".join(options.hosts), "") if options.hosts else (host.nodename, host.release)


def _run(
    engine: Engine,
    settings: Settings,
    options: argparse.Namespace,
    arguments: Sequence[str],
    opening: OpeningScreen,
    notices: Sequence[tuple[str, ...]],
) -> int:
    # Imported while the programs compile and attach: the recorder's libraries take 20 ms, the screen's 200 ms.
    from bttop.engine.recording.automatic_saving import AutomaticSaver, read_triggers
    from bttop.engine.recording.host_recorder import HostRecorder
    from bttop.engine.recording.recorder import Recorder
    from bttop.engine.recording.session_facts import facts_of, session_facts
    from bttop.engine.safety.idle_monitor import IdleMonitor

    engine.idle_monitor = IdleMonitor(options.idle, engine.seconds_run)
    triggers = read_triggers(options.save_when, engine.programs)
    session = session_facts(shlex.join(["bttop", *arguments]))
    recorder = Recorder(session, engine.host.name, at_once=False, clock=engine.now)
    host = HostRecorder(recorder, facts_of(engine.host, engine.bpftrace))
    engine.observe(host)
    engine.observe(AutomaticSaver(host, triggers))
    engine.start()
    from bttop.ui.run import run_dashboard

    folders, trust = overlay("probes", options.probes), trust_of(options)
    told = [" ".join(lines) for lines in notices]
    code = run_dashboard(engine, settings, folders, options.theme, trust, recorder, opening, told, options.duration)
    return int(_tell_recordings(recorder)) or code


def _tell_recordings(recorder: Recorder) -> bool:
    """End the recording, report each file and its losses, and return whether anything is missing."""
    from bttop.engine.recording.losses import given_up_text

    is_written = recorder.close(PATIENCE)
    unfinished = [] if is_written else recorder.files[-1:]
    for path in recorder.files:
        if path not in recorder.failed and path not in unfinished:
            warn(f"bttop: recorded: {path}", f"  {bttop_command('review', path)}")
    for cause in recorder.failed.values():
        warn(f"bttop: recording stopped: {cause}")
    lost = recorder.losses.sentences if recorder.files else ()
    for sentence in lost:
        warn(f"bttop: recording: {sentence}")
    for path in unfinished:
        warn(f"bttop: recording: {given_up_text(recorder.queue.waiting_flushes, path)}")
    return bool(recorder.failed or lost or unfinished)
