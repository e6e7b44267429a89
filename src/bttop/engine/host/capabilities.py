"""The capabilities of a process, and which of them root needs for tracing. Containers remove some."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bttop.engine.host.folder import Folder

STATUS: Final = Path("/proc/self/status")
BITS: Final = {"dac_override": 1, "dac_read_search": 2, "sys_admin": 21, "sys_resource": 24, "perfmon": 38, "bpf": 39}
"""Bits of linux/capability.h."""


def read_set(name: str, status: Folder = STATUS) -> int | None:
    """A set of capabilities, such as `CapEff`, as bits; None if it cannot be read."""
    try:
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1], 16) for line in lines if line.startswith(f"{name}:\t")), None)


def has(bits: int, name: str) -> bool:
    """Whether a set contains a capability."""
    return bool(bits >> BITS[name] & 1)


def missing_for_root(bits: int) -> tuple[str, ...]:
    """The capabilities without which root cannot trace, such as `CAP_BPF`. CAP_SYS_ADMIN includes them (tried with
    0.17, 0.23 and 0.27; before Linux 5.8 it is the only one)."""
    if has(bits, "sys_admin"):
        return ()
    return tuple(f"CAP_{name.upper()}" for name in ("bpf", "perfmon") if not has(bits, name))


def grant(names: Iterable[str]) -> str:
    """How to start a container with these capabilities."""
    return f"start the container with {' '.join(f'--cap-add {name}' for name in names)}"
