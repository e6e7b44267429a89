"""Names of user addresses that bttop found while it recorded. They are facts of processes: `frames`, by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bttop.store.snapshot.recording_events import ProcessSeen

_FRAMES = "frames"
_LONGEST_ADDRESS = 16
_LONGEST_NAME = 1024


def frame_facts(names: Mapping[int, str]) -> dict[str, object]:
    """The names of addresses of one process, for JSON."""
    return {_FRAMES: {f"{address:x}": name for address, name in names.items()}}


class RecordedFrameNames:
    """The names of a recording. Nothing is looked up on this machine."""

    version = 0
    """Names do not change."""

    def __init__(self, met: Iterable[ProcessSeen]) -> None:
        self._names = {(one.pid, address): name for one in met for address, name in _named(one.facts)}

    def name(self, pid: int, address: int) -> str:
        """The name of an address of a process; empty if it was not recorded."""
        return self._names.get((pid, address), "")

    def want(self, addresses: Iterable[tuple[int, int]]) -> None:
        """Does nothing: a recording has no live processes to look up."""

    def close(self) -> None:
        """Does nothing: there is no thread to end."""


def _named(facts: Mapping[str, object]) -> Iterable[tuple[int, str]]:
    """The addresses and names in the facts of a process; what bttop could not have written is left out."""
    found = facts.get(_FRAMES)
    for text, name in found.items() if isinstance(found, dict) else ():
        if isinstance(name, str) and len(name) <= _LONGEST_NAME and _is_address(text):
            yield int(text, 16), name


def _is_address(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _LONGEST_ADDRESS and set(text) <= set("0123456789abcdef")
