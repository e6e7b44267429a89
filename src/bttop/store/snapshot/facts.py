"""Facts about a recorded session, stored in a snapshot's table `meta`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from bttop.model.format.names import Decoder, decoders
from bttop.model.record.release import Release
from bttop.patterns import pattern

_DEVICE: Final = pattern(r"(?<!\S)([0-9]{1,4}:[0-9]{1,7})=([\w!.:-]{1,64})(?!\S)", re.ASCII)


class Facts(Struct, frozen=True):
    """The host and the software that made a recording."""

    host: str
    kernel: str
    machine: str
    """The architecture, as in `uname -m`."""
    cpus: int
    release: Release
    """Release of bpftrace."""
    bttop: str
    """Version of bttop."""
    key_limit: int
    """Entries that a map could hold (bpftrace's max_map_keys)."""
    command: str = ""
    """The command line; empty if unknown."""
    devices: Mapping[str, str] = field(default_factory=dict)
    """Names of the host's block devices by `major:minor`, at the start of the session."""

    def as_text(self) -> dict[str, str]:
        """Return the facts as rows of the table."""
        facts = {name: str(getattr(self, name)) for name in self.__struct_fields__}
        return facts | {"devices": " ".join(f"{number}={name}" for number, name in self.devices.items())}

    @property
    def decoders(self) -> Mapping[str, Decoder]:
        """The decoders of key parts for this host."""
        return decoders(self.machine, self.devices)

    @classmethod
    def read(cls, meta: Mapping[str, str]) -> Facts:
        """Read the facts from the table. Raises ValueError if the release is missing: lines cannot be read without."""
        release = Release.parse(meta.get("release", ""))
        if release is None:
            raise ValueError("it does not say which bpftrace it was made with")
        return cls(
            host=meta.get("host", "unknown"),
            kernel=meta.get("kernel", "unknown"),
            machine=meta.get("machine", "unknown"),
            cpus=_number(meta.get("cpus", "")),
            release=release,
            bttop=meta.get("bttop", "unknown"),
            key_limit=_number(meta.get("key_limit", "")),
            command=meta.get("command", ""),
            devices=dict(_DEVICE.findall(meta.get("devices", ""))),
        )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
