"""Who the processes of a recording were: a process as facts in a file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bttop.engine.cgroup import Container
from bttop.engine.process import Parent, Process
from bttop.store.happenings import Met

_WORDS = ("comm", "command", "executable", "user", "cgroup", "unit")
_NUMBERS = ("pid", "tid", "uid", "threads")


def process_facts(process: Process) -> dict[str, Any]:
    """A process as JSON has it: the fields of Process by their names; parents as [pid, comm], innermost first, a
    container as [id, runtime]."""
    return asdict(process)


def read_process(facts: Mapping[str, Any]) -> Process | None:
    """The process again; None where the facts are not as bttop writes them."""
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


class RecordedPeople:
    """The processes of a recording, each id as it was met last. Nothing is looked up on this machine."""

    def __init__(self, met: Iterable[Met]) -> None:
        found = ((one.pid, read_process(one.facts)) for one in met)
        self._known = {pid: process for pid, process in found if process is not None}

    def note(self, pids: Sequence[int]) -> None:
        """Nobody can be looked at any more."""

    def get(self, pid: int) -> Process | None:
        """Who had this id."""
        return self._known.get(pid)

    def look(self, pid: int) -> Process | None:
        """Who had this id."""
        return self._known.get(pid)

    def close(self) -> None:
        """Nothing runs."""
