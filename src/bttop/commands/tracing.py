"""From arguments to an engine whose programs have been started."""

from __future__ import annotations

import argparse
import sys

from bttop.engine.attempts import Settings
from bttop.engine.budget import Budget
from bttop.engine.engine import Engine
from bttop.engine.gate import Gate
from bttop.engine.host import Host, check_can_trace, find_bpftrace
from bttop.engine.itself import own_processes
from bttop.engine.leap import Leaps
from bttop.engine.pinning import with_children
from bttop.engine.questions import questions
from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.script.library import Library


def start_engine(options: argparse.Namespace, command: str, library: Library) -> tuple[Engine, Settings]:
    """Check the host and start every program."""
    try:
        asked = questions(library, options.probe, options.programs, folder=options.probes)
    except UsageError:
        # Only now everything is read: the message names what there is.
        asked = questions(Library.load(overlay("probes", options.probes)), options.probe, options.programs)
    if options.unsafe != options.confirm_unsafe and (command != "bttop" or options.confirm_unsafe):
        why = "--unsafe lets programs change this system, so it is to be said twice"
        raise UsageError(why, hint=f"{command} --unsafe --confirm-unsafe")
    host = Host.read()
    check_can_trace(host, " ".join([command, *sys.argv[1:]][:6]) if command == "bttop" else command)
    if options.children and (options.pin is None or not options.pin.pids):
        raise UsageError("--children needs a process: -p PID", hint=f"{command} -p PID --children")
    pin = with_children(options.pin) if options.children else options.pin
    engine = Engine(host, find_bpftrace(options.bpftrace))
    # On the screen a key is the second word; nobody may say it beforehand for all that will ever be typed.
    engine.gate = _gate(engine, options, confirmed=options.confirm_unsafe and command != "bttop")
    exclude = None if options.show_self else own_processes(engine.tracer_pid, engine.bpftrace)
    settings = Settings(round(options.interval * 1000), pin, exclude)
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    return engine, settings


def _gate(engine: Engine, options: argparse.Namespace, *, confirmed: bool) -> Gate:
    """What starts must pass. `--unsafe` is asked for twice: by a key on the screen, else by a second flag."""
    leaps = None if options.force else Leaps(Budget(), engine.host, engine.bpftrace, engine)
    return Gate(leaps, unsafe=options.unsafe, confirmed=confirmed)
