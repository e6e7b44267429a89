"""Facts about a recorded session, as they stand in a snapshot's table `meta`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from bttop.model.release import Release


@dataclass(frozen=True, slots=True)
class Facts:
    """Where and by what a recording was made."""

    host: str
    kernel: str
    machine: str
    """The architecture, as in `uname -m`."""
    cpus: int
    release: Release
    """Of bpftrace."""
    bttop: str
    """Version of bttop."""
    key_limit: int
    """Entries that a map could hold (bpftrace's max_map_keys)."""
    command: str = ""
    """What was typed, as far as it is known."""

    def as_text(self) -> dict[str, str]:
        """As the table has them."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def read(cls, meta: Mapping[str, str]) -> Facts:
        """From the table. Raises ValueError where something that lines cannot be read without is missing."""
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
