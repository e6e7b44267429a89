"""What a snapshot says about its making: the session in the table `meta`, each traced host in the table `host`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct, field

from bttop.model.format.names import Decoder, decoders
from bttop.model.record.records import Stamp
from bttop.model.record.release import Release
from bttop.patterns import pattern

HOST_COLUMNS: Final = (
    "id", "name", "kernel", "machine", "cpus", "release", "key_limit", "devices", "boot_ahead_ns", "wall_ahead_ns",
    "clock_error_ns",
)  # fmt: skip
_DEVICE: Final = pattern(r"(?<!\S)([0-9]{1,4}:[0-9]{1,7})=([\w!.:-]{1,64})(?!\S)", re.ASCII)


class SessionFacts(Struct, frozen=True):
    """The bttop that made a recording."""

    bttop: str = "unknown"
    """Its version."""
    command: str = ""
    """The command line; empty if unknown."""
    missing_hosts: tuple[str, ...] = ()
    """The hosts that could not be reached at the start; some may have come later. Their names have no blanks."""

    def as_text(self) -> dict[str, str]:
        """Return the facts as rows of the table `meta`."""
        return {"bttop": self.bttop, "command": self.command, "missing_hosts": " ".join(self.missing_hosts)}

    @classmethod
    def read(cls, meta: Mapping[str, str]) -> SessionFacts:
        """Read the facts from the table."""
        missing = tuple(meta.get("missing_hosts", "").split())
        return cls(meta.get("bttop", "unknown"), meta.get("command", ""), missing)


class HostFacts(Struct, frozen=True):
    """A host and its bpftrace."""

    name: str
    """As the user has named it; the recording's own host: as it names itself."""
    kernel: str
    machine: str
    """The architecture, as in `uname -m`."""
    cpus: int
    release: Release
    """Release of bpftrace: lines cannot be decoded without it."""
    key_limit: int
    """Entries that a map could hold (bpftrace's max_map_keys)."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Names of the host's block devices by `major:minor`, at the start of the session."""

    @property
    def decoders(self) -> Mapping[str, Decoder]:
        """The decoders of key parts for this host."""
        return decoders(self.machine, self.devices)


class HostClock(Struct, frozen=True):
    """How far the clocks of a host are ahead of those of the recording, in ns. All are 0 in a recording of one host,
    whose times are those of the host."""

    boot_ns: int = 0
    wall_ns: int = 0
    error_ns: int = 0
    """How wrong both can be."""

    def aligned(self, stamp: Stamp) -> Stamp:
        """A moment of the host on the clocks of the recording."""
        return Stamp(stamp.boot_ns - self.boot_ns, stamp.wall_ns - self.wall_ns)


class RecordedHost(Struct, frozen=True):
    """A traced host: one row of the table `host`."""

    id: int
    """Its number in the recording, from 1."""
    facts: HostFacts
    clock: HostClock = HostClock()

    @property
    def name(self) -> str:
        return self.facts.name

    def as_row(self) -> tuple[int | str, ...]:
        """Return the values of `HOST_COLUMNS`."""
        facts, clock = self.facts, self.clock
        devices = " ".join(f"{number}={name}" for number, name in facts.devices.items())
        told = (facts.name, facts.kernel, facts.machine, facts.cpus, str(facts.release), facts.key_limit, devices)
        return (self.id, *told, clock.boot_ns, clock.wall_ns, clock.error_ns)


def read_host(row: Sequence[Any]) -> RecordedHost | None:
    """Return the host of a checked row of `HOST_COLUMNS`; None without a release, as lines cannot be decoded then."""
    id_, name, kernel, machine, cpus, release_text, key_limit, devices, *ahead = row
    release = Release.parse(release_text)
    if release is None:
        return None
    named = dict(_DEVICE.findall(devices))
    return RecordedHost(id_, HostFacts(name, kernel, machine, cpus, release, key_limit, named), HostClock(*ahead))
