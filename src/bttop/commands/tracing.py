"""From arguments to an engine whose programs have been started."""

from __future__ import annotations

import argparse
import sys

from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.engine.host import Host, check_can_trace, find_bpftrace
from bttop.engine.pinning import with_children
from bttop.engine.privilege import obtain
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
    host = Host.read()
    check_can_trace(host)
    bpftrace = find_bpftrace(options.bpftrace)
    if options.children and (options.pin is None or not options.pin.pids):
        raise UsageError("--children needs a process: -p PID", hint=f"{command} -p PID --children")
    pin = with_children(options.pin) if options.children else options.pin
    settings = Settings(round(options.interval * 1000), pin)
    privilege = obtain(bpftrace, " ".join([command, *sys.argv[1:]][:6]) if command == "bttop" else command)
    engine = Engine(host, bpftrace, privilege=privilege)
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    return engine, settings
