"""Checks many hosts at once: whether each can be reached and can trace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from bttop.engine.remote.far_host import FarConnection, FarHost, Progress
from bttop.engine.remote.ssh import Destination
from bttop.errors import BttopError, CannotTrace

AT_ONCE: Final = 32
"""Connections that are made at the same time."""
_MEASURED: Final = 3
"""Round trips that are measured; the shortest one counts for the clock."""
_ANSWER_SECONDS: Final = 3.0


class HostFinding(Struct, frozen=True):
    """One row of the table."""

    name: str
    why_not: str = ""
    """Why programs cannot run there; empty if they can. The fields below are then known."""
    fix: str = ""
    """A command; empty if there is none."""
    kernel: str = ""
    bpftrace: str = ""
    cpus: int = 0
    round_trip: float | None = None
    """Seconds; None if the host did not answer in time."""
    clock: float = 0.0
    """How far its wall clock is ahead of this one, in seconds."""
    clock_error: float = 0.0
    """How wrong that can be, in seconds."""


def examine_hosts(ssh: Sequence[str], hosts: Sequence[Destination], bpftrace: str | None = None) -> list[HostFinding]:
    """Connect to every host, and say what is there; in the order of `hosts`. `bpftrace`: its path on each of them."""
    from concurrent.futures import ThreadPoolExecutor  # only for several hosts

    with ThreadPoolExecutor(max(1, min(AT_ONCE, len(hosts)))) as pool:
        return list(pool.map(partial(_examine, ssh, bpftrace, Progress()), hosts))


def _examine(ssh: Sequence[str], bpftrace: str | None, progress: Progress, host: Destination) -> HostFinding:
    connection = FarConnection(ssh, host, bpftrace, progress)
    try:
        connection.begin()
        far = connection.finish()
        return _found(far)
    except CannotTrace as problem:
        return HostFinding(host.name, problem.cause, problem.hint)
    except BttopError as problem:
        return HostFinding(host.name, problem.cause)
    finally:
        connection.close()


def _found(far: FarHost) -> HostFinding:
    clock = far.link.clock
    for _ in range(_MEASURED):
        far.channel.measure(_ANSWER_SECONDS)
    trip = clock.round_trip_ns
    return HostFinding(
        far.host.name,
        kernel=far.host.kernel,
        bpftrace=str(far.bpftrace.release),
        cpus=far.host.cpus,
        round_trip=None if trip is None else trip / 1e9,
        clock=clock.wall_offset_ns / 1e9,
        clock_error=clock.error_ns / 1e9,
    )
