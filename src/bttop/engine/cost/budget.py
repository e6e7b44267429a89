"""The limits above which bttop automatically detaches programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits on what programs may cost."""

    percent: float = 3.0
    """Run time of the BPF programs of all programs, in percent of all CPUs."""
    detach_seconds: float = 1.0
    """Seconds that detaching one program may take: hundreds of probes take 18 s (releases 0.17 to 0.27)."""
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
