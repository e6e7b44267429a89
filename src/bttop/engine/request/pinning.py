"""Reads a pin from user input."""

from __future__ import annotations

from pathlib import Path

from bttop.engine.host.cgroup_tree import is_name_of_cgroup, pin_to_cgroup
from bttop.engine.host.processes import is_alive, threads_of
from bttop.script.process.pin import Pin


def with_children(pin: Pin) -> Pin:
    """The pin with the existing children of its processes; future children are included in the kernel."""
    found = list(pin.pids)
    for pid in found:
        found += [child for child in children_of(pid) if child not in found]
    return pin._replace(pids=tuple(found), children=True)


def children_of(pid: int, root: Path = Path("/proc")) -> list[int]:
    """The PIDs of the living children of a process; empty if the process has ended."""
    found: list[int] = []
    for tid in threads_of(pid, root):
        try:
            text = (root / str(pid) / "task" / str(tid) / "children").read_text()
        except OSError:
            continue
        found += [int(word) for word in text.split() if word.isdecimal()]
    return found


def pin_of(text: str) -> Pin | str:
    """Read a pin as typed: a PID (or several, with commas), a cgroup by its path, unit or container, else a process
    name. Return the pin, or why it is invalid."""
    text = text.strip()
    if not text:
        return "nothing to pin to"
    pids = [part.strip() for part in text.split(",")]
    if all(part.isdecimal() for part in pids):
        gone = [part for part in pids if not is_alive(int(part))]
        return f"there is no process {gone[0]}" if gone else Pin(pids=tuple(int(part) for part in pids))
    return pin_to_cgroup(text) if is_name_of_cgroup(text) else Pin(comm=text)
