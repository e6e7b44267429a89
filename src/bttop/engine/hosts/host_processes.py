"""The processes of several hosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bttop.engine.host.process.processes import Process
from bttop.engine.session import ProcessSource


class HostProcesses:
    """Implements `ProcessSource`: a process id without a host is known on none; `on` is for those of one host."""

    why_unknown = "a process id is one of a single host"

    def __init__(self, source: Callable[[str], ProcessSource | None]) -> None:
        """`source` makes the source of a host when it is first needed; None while the host is unknown or missing."""
        self._source = source
        self._known: dict[str, ProcessSource] = {}

    def on(self, host: str) -> ProcessSource:
        """The processes of one host; those of no host for an unknown or empty name."""
        if host not in self._known and (found := self._source(host)) is not None:
            self._known[host] = found
        return self._known.get(host, self)

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
        for one in self._known.values():
            one.close()
