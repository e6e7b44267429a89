"""Facts about a recorded session, stored in a snapshot's table `meta`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from bttop.model.record.release import Release


@dataclass(frozen=True, slots=True)
class Facts:
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

    def as_text(self) -> dict[str, str]:
        """Return the facts as rows of the table."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

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
        )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0
