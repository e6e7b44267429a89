"""Watches the connections to the recorded hosts: measured clocks and losses belong to the recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from bttop.engine.recording.host_recorder import HostRecorder
from bttop.engine.remote.clock import FarClock
from bttop.engine.remote.link import Link
from bttop.store.snapshot.facts import HostClock
from bttop.store.snapshot.recording_events import REACHED

_FINEST_NS: Final = 100_000
"""Smaller changes of a clock are not told: they are far below the length of a flush."""


class WatchedHost(Struct):
    """A recorded host and the connection to it."""

    recorder: HostRecorder
    link: Link
    told: HostClock
    """The clock that the recording has."""
    is_lost: bool = False


class HostWatch:
    """Tells the recording what changes about its hosts. One thread calls `look` several times a second."""

    def __init__(self, hosts: Iterable[WatchedHost]) -> None:
        self._hosts = tuple(hosts)

    def add(self, host: WatchedHost) -> None:
        """A further host has come and is recorded. From any thread."""
        host.recorder.mark("it answers", REACHED)
        self._hosts = (*self._hosts, host)

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each host in the recording, by its name."""
        return {host.link.name: host.recorder.host for host in self._hosts}

    def look(self) -> None:
        """Tell the clocks that are known better now, and the connections that were lost."""
        for host in self._hosts:
            self._look_at_clock(host)
            self._look_at_link(host)

    def _look_at_clock(self, host: WatchedHost) -> None:
        now = clock_of(host.link.clock)
        moved = max(abs(now.boot_ns - host.told.boot_ns), abs(now.wall_ns - host.told.wall_ns))
        is_finer = now.error_ns * 2 < host.told.error_ns
        if moved > _FINEST_NS or is_finer:
            host.told = now
            host.recorder.set_clock(now)

    def _look_at_link(self, host: WatchedHost) -> None:
        lost = host.link.state.lost
        if lost and not host.is_lost:
            host.recorder.mark_lost(f"the connection was lost: {lost}")
        if host.is_lost and not lost:
            host.recorder.mark("it answers again", REACHED)
        host.is_lost = bool(lost)


def clock_of(clock: FarClock) -> HostClock:
    """How far the clocks of a host are ahead, as far as it is known now."""
    return HostClock(clock.boot_offset_ns, clock.wall_offset_ns, clock.error_ns)
