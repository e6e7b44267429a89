"""Makes an engine from the arguments and starts its programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bttop.commands.arguments import trust_of
from bttop.engine.cost.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings
from bttop.engine.host.host import Host, ReleaseQuery, check_can_trace
from bttop.engine.request.pinning import with_children
from bttop.engine.request.questions import ProgramRequest, questions, wanted_files
from bttop.engine.safety.admission import Admission
from bttop.engine.safety.own_processes import own_processes
from bttop.engine.safety.trial_run import TrialRuns
from bttop.engine.tracer.privilege import obtain, settings_rule
from bttop.errors import UsageError
from bttop.model.history.history import HistoryBudget
from bttop.output import warn
from bttop.paths import overlay
from bttop.script.library.probe_files import Library
from bttop.trust import Trust


def start_engine(options: argparse.Namespace, command: str) -> tuple[Engine, Settings]:
    """Check the host and start every program. Return the engine and the settings. Raises BttopError."""
    trust = trust_of(options)
    with ReleaseQuery(options.bpftrace, trust) as query:
        asked = _asked(options, trust)
        if options.unsafe != options.confirm_unsafe and (command != "bttop" or options.confirm_unsafe):
            why = "--unsafe lets programs change this system, so it needs a confirmation"
            raise UsageError(why, hint=f"{command} --unsafe --confirm-unsafe")
        host = Host.read()
        check_can_trace(host)
        bpftrace = query.answer()
    if options.children and (options.pin is None or not options.pin.pids):
        raise UsageError("--children needs a process: -p PID", hint=f"{command} -p PID --children")
    pin = with_children(options.pin) if options.children else options.pin
    typed = " ".join([command, *sys.argv[1:]][:6]) if command == "bttop" else command
    privilege = obtain(bpftrace, typed, trust)
    if not privilege.settings:
        warn(
            "sudo drops bpftrace's settings (size of maps, names of user frames); this line in sudoers",
            f"keeps them: {settings_rule(bpftrace)}",
        )
    limits = Budget(options.budget)
    engine = Engine(
        host,
        bpftrace,
        # Only the screen shows past flushes; without one, an hour of large flushes would fill 64 MiB for nothing.
        budget=None if command == "bttop" else HistoryBudget(0),
        privilege=privilege,
        limits=limits,
        statistics=options.stats,
        folder=_folder(trust),
    )
    # On the screen a key confirms each program; a flag must not confirm all programs in advance.
    confirmed = options.confirm_unsafe and command != "bttop"
    engine.runner.admission = _admission(engine, options, limits, confirmed=confirmed)
    exclude = None if options.show_self else own_processes(engine.tracer_pid, engine.bpftrace)
    settings = Settings(round(options.interval * 1000), pin, exclude, trust)
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    return engine, settings


def _folder(trust: Trust) -> str:
    """Return the working folder for bpftrace. It reads files from the current folder for every script: headers and a
    resource folder of clang (0.17 to 0.27), its library (0.27). If others may write the current folder, use /proc,
    where no user can create files."""
    try:
        trust.check(Path())
    except OSError:
        return "/proc"
    return "."


def _asked(options: argparse.Namespace, trust: Trust) -> tuple[ProgramRequest, ...]:
    """Return the requested programs. Reads only the files that the arguments name: thirty files would delay the first
    probe by 30 ms."""
    wanted = wanted_files(options.probe, options.programs)
    library = Library.load(overlay("probes", options.probes), wanted, trust)
    try:
        asked = questions(library, options.probe, options.programs, folder=options.probes)
    except UsageError:
        # Read everything now: the message lists what exists.
        everything = Library.load(overlay("probes", options.probes), trust=trust)
        asked = questions(everything, options.probe, options.programs)
    _tell_refused(library)
    return asked


def _admission(engine: Engine, options: argparse.Namespace, limits: Budget, *, confirmed: bool) -> Admission:
    """Return the admission check. `--unsafe` needs a confirmation: a key on the screen, else a second flag."""
    trial_runs = None if options.force else TrialRuns(limits, engine.host, engine.bpftrace, engine.runner)
    return Admission(trial_runs, unsafe=options.unsafe, confirmed=confirmed)


def _tell_refused(library: Library) -> None:
    """Warn about folders that are left out because others could have written them; bttop continues."""
    for failure in library.failures:
        if failure.fix and failure.path.suffix != ".bt":
            warn(str(failure))
