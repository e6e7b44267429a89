"""The processes of a recording: converts a Process to facts for the file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict

from bttop.engine.host.cgroup import Container
from bttop.engine.host.process.processes import Parent, Process
from bttop.store.snapshot.recording_events import ProcessSeen

_WORDS = ("comm", "command", "executable", "user", "cgroup", "unit")
_NUMBERS = ("pid", "tid", "uid", "threads")


def process_facts(process: Process) -> dict[str, Any]:
    """A process for JSON: the fields of Process by name; each parent as [pid, comm], innermost first; the container as
    [id, runtime]."""
    return asdict(process)


def read_process(facts: Mapping[str, Any]) -> Process | None:
    """Convert facts back to a process; None if bttop could not have written them."""
    try:
        plain: dict[str, Any] = {name: str(facts[name]) for name in _WORDS}
        plain |= {name: int(facts[name]) for name in _NUMBERS}
        return Process(
            **plain,
            parents=tuple([Parent(int(pid), str(comm)) for pid, comm in facts["parents"]]),
            started=float(facts["started"]),
            container=Container(*map(str, facts["container"])) if facts["container"] else None,
            kernel=bool(facts["kernel"]),
        )
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


class RecordedProcesses:
    """The processes of a recording; for each id the last one recorded. Nothing is looked up on this machine."""

    def __init__(self, met: Iterable[ProcessSeen]) -> None:
        found = ((one.pid, read_process(one.facts)) for one in met)
        self._known = {pid: process for pid, process in found if process is not None}

    def on(self, _host: str) -> RecordedProcesses:
        """The same source: it has one host."""
        return self

    def note(self, pids: Sequence[int]) -> None:
        """Does nothing: a recording has no live processes to look up."""

    def get(self, pid: int) -> Process | None:
        """The process that had this id, or None."""
        return self._known.get(pid)

    def look(self, pid: int) -> Process | None:
        """The process that had this id, or None."""
        return self._known.get(pid)

    def open_file(self, _pid: int, _descriptor: int) -> str:
        """Empty: a recording has no open files."""
        return ""

    def has_ended(self, _pid: int) -> bool:
        """False: a recording does not know."""
        return False

    @property
    def why_unknown(self) -> str:
        """Empty: a process that is not known was not recorded."""
        return ""

    def close(self) -> None:
        """Does nothing: there is no thread to end."""
