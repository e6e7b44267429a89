"""What a snapshot says about the host and the programs that made it."""

from __future__ import annotations

from bttop import __version__
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer import launch
from bttop.store.snapshot.facts import Facts


def facts_of(host: Host, bpftrace: Bpftrace, command: str = "") -> Facts:
    """The facts of this session."""
    return Facts(
        host=host.name,
        kernel=host.kernel,
        machine=host.machine,
        cpus=host.cpus,
        release=bpftrace.release,
        bttop=__version__,
        key_limit=launch.map_keys(host.cpus),
        command=command,
        devices=host.devices,
    )
