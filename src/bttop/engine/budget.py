"""What tracing may cost this host before bttop stops it by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits that hold for all programs together."""

    percent: float = 3.0
    """Of all CPUs: run time of the BPF programs."""
    detach_seconds: float = 1.0
    """Time that detaching may take: hundreds of probes take 18 s (releases 0.17 to 0.27)."""
    map_bytes: int = 512 << 20
    """Kernel memory for the maps of all programs; one map with the limits of launch.py stays below about 8 MiB."""
    output_rate: float = 32 << 20
    """Bytes a second that one program may print; a map of 4,096 stacks is 2 MiB a flush."""
    fault_rate: float = 10_000.0
    """Helper errors, or lost events, a second of one program: what it shows is worth nothing, and each costs."""

    def cpu_seconds(self, cpus: int) -> float:
        """CPU seconds a second that the programs may take on a host of so many CPUs."""
        return self.percent / 100 * cpus
