"""Reads a pin from user input."""

from __future__ import annotations

from pathlib import Path

from bttop.engine.host.cgroup_tree import is_name_of_cgroup, pin_to_cgroup
from bttop.engine.host.folder import Folder
from bttop.engine.host.process.pid_numbers import PidNumbers, Unnumbered
from bttop.engine.host.process.processes import is_alive, threads_of
from bttop.script.process.pin import Pin


def with_children(pin: Pin) -> Pin:
    """The pin with the existing children of its processes; future children are included in the kernel."""
    found = list(pin.pids)
    for pid in found:
        found += [child for child in children_of(pid) if child not in found]
    return pin._replace(pids=tuple(found), children=True)


def children_of(pid: int, root: Folder = Path("/proc")) -> list[int]:
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
    pids = pids_in(text)
    if pids is not None:
        gone = [pid for pid in pids if not is_alive(pid)]
        return f"there is no process {gone[0]}" if gone else Pin(pids=pids)
    return pin_to_cgroup(text) if is_name_of_cgroup(text) else Pin(comm=text)


def pids_in(text: str) -> tuple[int, ...] | None:
    """The process ids in a text such as `7` or `7,8`; None if it is something else."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else None


def numbered(pin: Pin, numbers: PidNumbers) -> Pin | str:
    """A pin by ids of /proc as a pin by bpftrace's ids; or why that is not possible."""
    if numbers.namespace is None:
        return pin
    found = [numbers.of_bpftrace(pid) for pid in pin.pids]
    why = next((one for one in found if isinstance(one, Unnumbered)), None)
    if why is not None:
        return f"{why}: pin by its name or its cgroup"
    if pin.children:
        return "new children are known by their numbers on the host only: pin by the cgroup instead"
    return pin._replace(pids=tuple(one for one in found if isinstance(one, int)))
