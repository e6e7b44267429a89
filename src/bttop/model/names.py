"""Key parts as people read them: decoders named in front matter turn a raw part into its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from system_calls import NoSuchArchitecture, NoSuchSystemCall, syscalls

Decoder: TypeAlias = Callable[["int | str"], str]

DECODERS = frozenset({"syscall"})
"""Every decoder that front matter may name."""

_MACHINES = {"aarch64": "arm64", "armv7l": "arm", "i686": "i386", "ppc64le": "powerpc64"}
_tables = lru_cache(maxsize=1)(syscalls)


@lru_cache(maxsize=4096)
def syscall_name(number: int, machine: str) -> str:
    """The system call's name on this architecture (`uname -m`), or `syscall_N` for a number without one.

    Numbers differ by architecture; a 32-bit program on a 64-bit kernel is named by the 64-bit table.
    """
    try:
        return str(_tables().get_name(number, _MACHINES.get(machine, machine)))
    except (NoSuchArchitecture, NoSuchSystemCall):
        return f"syscall_{number}"


def decoders(machine: str) -> Mapping[str, Decoder]:
    """The decoders by name, for records that come from a host of this architecture."""

    def syscall(part: int | str) -> str:
        return syscall_name(part, machine) if isinstance(part, int) else part

    return {"syscall": syscall}
