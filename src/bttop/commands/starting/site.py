"""Where programs run: on this host, or on another one to which its tracer is sent over ssh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from bttop.commands.options.typed import typed
from bttop.engine.host.host import Bpftrace, Host, ReleaseQuery, check_can_trace
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.tracer.channel import TracerChannel
from bttop.engine.tracer.privilege import Privilege, obtain
from bttop.trust import Trust

if TYPE_CHECKING:
    from bttop.engine.remote.far_host import FarHost


class Site(Struct, frozen=True):
    """One host, ready for an engine."""

    host: Host
    bpftrace: Bpftrace
    privilege: Privilege
    numbers: PidNumbers
    folder: str
    """The folder in which bpftrace runs."""
    spawn: Callable[[], TracerChannel] | None = None
    """Returns the next tracer; None: the tracer runs on this host."""
    far: FarHost | None = None
    """None: this host."""


def local_site(query: ReleaseQuery, trust: Trust) -> Site:
    """This host. Raises CannotTrace."""
    host = Host.read()
    check_can_trace(host)
    bpftrace = query.answer()
    numbers = PidNumbers.read(bpftrace.release)
    return Site(host, bpftrace, obtain(bpftrace, typed(), trust), numbers, working_folder(trust))


def working_folder(trust: Trust) -> str:
    """Return the working folder for bpftrace. It reads files from the current folder for every script: headers and a
    resource folder of clang (0.17 to 0.27), its library (0.27). If others may write the current folder, use /proc,
    where no user can create files."""
    try:
        trust.check(Path())
    except OSError:
        return "/proc"
    return "."
