"""From arguments to an engine whose programs have been started."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bttop.commands.arguments import trust_of
from bttop.engine.attempts import Settings
from bttop.engine.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.gate import Gate
from bttop.engine.host import BpftraceQuery, Host, check_can_trace
from bttop.engine.itself import own_processes
from bttop.engine.leap import Leaps
from bttop.engine.pinning import with_children
from bttop.engine.privilege import obtain, settings_rule
from bttop.engine.questions import Question, questions, wanted_files
from bttop.errors import UsageError
from bttop.model.history import HistoryBudget
from bttop.output import warn
from bttop.paths import overlay
from bttop.script.library import Library
from bttop.trust import Trust


def start_engine(options: argparse.Namespace, command: str) -> tuple[Engine, Settings]:
    """Check the host and start every program."""
    trust = trust_of(options)
    with BpftraceQuery(options.bpftrace, trust) as query:
        asked = _asked(options, trust)
        if options.unsafe != options.confirm_unsafe and (command != "bttop" or options.confirm_unsafe):
            why = "--unsafe lets programs change this system, so it is to be said twice"
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
            "sudo drops bpftrace's settings (size of maps, names of user frames); a line of sudoers",
            f"lets them pass: {settings_rule(bpftrace)}",
        )
    limits = Budget(options.budget)
    engine = Engine(
        host,
        bpftrace,
        # Only the screen looks back; without one, an hour of large flushes would fill 64 MiB for no reader.
        budget=None if command == "bttop" else HistoryBudget(0),
        privilege=privilege,
        limits=limits,
        statistics=options.stats,
        folder=_folder(trust),
    )
    # On the screen a key is the second word; nobody may say it beforehand for all that will ever be typed.
    engine.gate = _gate(engine, options, limits, confirmed=options.confirm_unsafe and command != "bttop")
    exclude = None if options.show_self else own_processes(engine.tracer_pid, engine.bpftrace)
    settings = Settings(round(options.interval * 1000), pin, exclude, trust)
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    return engine, settings


def _folder(trust: Trust) -> str:
    """Where bpftrace runs. It looks into the current folder for files of its own, whatever the script: headers and
    a resource folder of clang (0.17 to 0.27), its library (0.27). Where others may write it runs in /proc, in which
    nobody can make a file."""
    try:
        trust.check(Path())
    except OSError:
        return "/proc"
    return "."


def _asked(options: argparse.Namespace, trust: Trust) -> tuple[Question, ...]:
    """What the arguments ask. Only the files that they name are read: thirty would delay the first probe by 30 ms."""
    wanted = wanted_files(options.probe, options.programs)
    library = Library.load(overlay("probes", options.probes), wanted, trust)
    try:
        asked = questions(library, options.probe, options.programs, folder=options.probes)
    except UsageError:
        # Only now everything is read: the message names what there is.
        everything = Library.load(overlay("probes", options.probes), trust=trust)
        asked = questions(everything, options.probe, options.programs)
    _tell_refused(library)
    return asked


def _gate(engine: Engine, options: argparse.Namespace, limits: Budget, *, confirmed: bool) -> Gate:
    """What starts must pass. `--unsafe` is asked for twice: by a key on the screen, else by a second flag."""
    leaps = None if options.force else Leaps(limits, engine.host, engine.bpftrace, engine)
    return Gate(leaps, unsafe=options.unsafe, confirmed=confirmed)


def _tell_refused(library: Library) -> None:
    """Folders that are left out because others could have written them: a notice, not the end."""
    for failure in library.failures:
        if failure.mend and failure.path.suffix != ".bt":
            warn(str(failure))
