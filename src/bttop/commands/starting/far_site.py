"""Another host on which programs run: its tracer is sent to it over ssh."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from bttop.commands.options.host_names import destinations
from bttop.commands.starting.site import Site
from bttop.engine.host.host import find_program
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.remote.far_host import FarConnection
from bttop.engine.remote.ssh import words_of
from bttop.engine.request.questions import ProgramRequest
from bttop.engine.tracer.channel import TracerChannel, far_hook_timer
from bttop.engine.tracer.privilege import Privilege
from bttop.errors import CannotTrace, UsageError
from bttop.script.language.reader import Script
from bttop.trust import Trust, Untrusted


def far_site(connection: FarConnection, asked: Iterable[ProgramRequest]) -> Site:
    """Another host, once its connection is made. Raises CannotTrace."""
    far = connection.finish(_tracepoints(asked))
    first = [far.channel]

    def spawn() -> TracerChannel:
        return first.pop() if first else connection.spawn()

    numbers = PidNumbers.read(far.bpftrace.release, far.host.proc)
    privilege = Privilege(tracer=("ssh",), far_timer=far_hook_timer())
    return Site(far.host, far.bpftrace, privilege, numbers, "/proc", spawn, far)


def connect(options: argparse.Namespace, trust: Trust) -> FarConnection:
    """Begin the connection to the host of `-H`. Raises UsageError and CannotTrace."""
    ssh = ssh_words(options.ssh, trust)
    found = destinations(options.hosts, sudo=options.sudo, many=True)
    if len(found) > 1:
        why = f"programs run on one host at a time, and -H names {len(found)}: {found[0].name}, {found[1].name} …"
        raise UsageError(f"{why} (bttop stream and bttop doctor take several)", title="hosts")
    connection = FarConnection(ssh, found[0], options.bpftrace)
    connection.begin()
    return connection


def ssh_words(given: Sequence[str] | None, trust: Trust) -> list[str]:
    """The ssh command: the given one, else $BTTOP_SSH, else ssh. Raises CannotTrace if there is none, or another user
    could have written it, and UsageError if the variable is not a command."""
    words = given or _from_environment()
    path = find_program(words[0])
    if path is None:
        raise CannotTrace(f"{words[0]} is not installed here: -H needs the ssh of OpenSSH", title="no ssh")
    try:
        trust.check(Path(path))
    except Untrusted as doubt:
        raise CannotTrace(str(doubt), title="no ssh", hint=doubt.fix) from doubt
    return [path, *words[1:]]


def _from_environment() -> list[str]:
    text = os.environ.get("BTTOP_SSH", "")
    try:
        return words_of(text) or ["ssh"]
    except ValueError as problem:
        raise UsageError(f"$BTTOP_SSH is {text!r}: {problem}", title="no ssh") from None


def _tracepoints(asked: Iterable[ProgramRequest]) -> list[str]:
    """The tracepoints of programs, as `CATEGORY/EVENT`: their formats are read from the host beforehand."""
    scripts = [source.script for one in asked for source in one.sources]
    points = [point for script in scripts if isinstance(script, Script) for point in script.points]
    names = (point.rest for point in points if point.provider == "tracepoint" and "*" not in point.rest)
    return list(dict.fromkeys(name.replace(":", "/", 1) for name in names))
