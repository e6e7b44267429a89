"""The limits above which bttop automatically detaches programs."""

from __future__ import annotations

from msgspec import Struct


class Budget(Struct, frozen=True):
    """The limits on what programs may cost."""

    percent: float = 3.0
    """Run time of the BPF programs of all programs, in percent of all CPUs."""
    map_bytes: int = 512 << 20
    """Bytes of kernel memory for the maps of all programs; one map with the limits of launch.py stays below about
    8 MiB."""
    output_rate: float = 32 << 20
    """Bytes a second that one program may print; a map of 4,096 stacks is 2 MiB a flush."""
    fault_rate: float = 10_000.0
    """Helper errors, or lost events, a second of one program: above this its numbers are useless, and each costs."""

    def cpu_seconds(self, cpus: int) -> float:
        """CPU seconds a second that all programs may take on a host with `cpus` CPUs."""
        return self.percent / 100 * cpus
