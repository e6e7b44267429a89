"""Several hosts as one, for the header and for names of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bttop.engine.host.host import Host

_MOST_NAMED: Final = 3


def as_one(names: Sequence[str], hosts: Sequence[Host]) -> Host:
    """The facts about all hosts as those of one: what differs is left out. `names`: those of all hosts, also of such
    that nothing is known of."""
    first = hosts[0]
    kernels = {one.kernel for one in hosts}
    is_same_disks = all(one.devices == first.devices for one in hosts)
    devices: Mapping[str, str] = first.devices if is_same_disks else {}
    return replace(
        first,
        name=", ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} hosts",
        kernel=first.kernel if len(kernels) == 1 else f"{len(kernels)} kernels",
        machine=first.machine if all(one.machine == first.machine for one in hosts) else "",
        cpus=sum(one.cpus for one in hosts),
        devices=devices,
    )
