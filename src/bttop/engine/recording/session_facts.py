"""What a snapshot says about the bttop and the hosts that it was made with."""

from __future__ import annotations

from bttop import __version__
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer import launch
from bttop.store.snapshot.facts import HostFacts, SessionFacts


def session_facts(command: str = "") -> SessionFacts:
    """The facts of this session."""
    return SessionFacts(__version__, command)


def facts_of(host: Host, bpftrace: Bpftrace) -> HostFacts:
    """The facts of a host."""
    return HostFacts(
        name=host.name,
        kernel=host.kernel,
        machine=host.machine,
        cpus=host.cpus,
        release=bpftrace.release,
        key_limit=launch.map_keys(host.cpus),
        devices=host.devices,
    )
