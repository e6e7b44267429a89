"""The processes of several hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bttop.engine.host.process.processes import Process
from bttop.engine.session import ProcessSource


class HostProcesses:
    """Implements `ProcessSource`: a process id without a host is known on none; `on` is for those of one host."""

    why_unknown = "a process id is one of a single host"

    def __init__(self, hosts: Mapping[str, ProcessSource]) -> None:
        self._hosts = hosts

    def on(self, host: str) -> ProcessSource:
        """The processes of one host; those of no host for an unknown or empty name."""
        return self._hosts.get(host, self)

    def note(self, _pids: Sequence[int]) -> None:
        """Nothing: see `on`."""

    def get(self, _pid: int) -> Process | None:
        """None: see `on`."""
        return None

    def look(self, _pid: int) -> Process | None:
        """None: see `on`."""
        return None

    def open_file(self, _pid: int, _descriptor: int) -> str:
        """Empty: see `on`."""
        return ""

    def has_ended(self, _pid: int) -> bool:
        """False: see `on`."""
        return False

    def close(self) -> None:
        """End the background lookups of all hosts."""
        for one in self._hosts.values():
            one.close()
