"""Reads a pin from user input."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bttop.engine.host.cgroup_tree import is_name_of_cgroup, pin_to_cgroup
from bttop.engine.host.folder import Folder
from bttop.engine.host.process.pid_numbers import PidNumbers, Unnumbered
from bttop.engine.host.process.processes import COMM_BYTES, PROC, is_alive, pids_named, thread_names, threads_of
from bttop.model.format.text import counted, visible
from bttop.script.process.pin import Pin

_MOST_NAMED: Final = 16
"""Processes of one name whose threads are looked up."""
_MOST_NAMES: Final = 3
"""Names of threads that are listed."""


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


def left_out_by_name(pin: Pin, root: Folder = PROC) -> str:
    """What a pin to a process name leaves out, and the pin that does not; empty if it leaves out nothing. bpftrace's
    `comm` is the name of a thread, and the threads of a process may have names of their own."""
    if not pin.comm:
        return ""
    named = pids_named(pin.comm, root)
    if not named:
        return f"no process has the name {visible(pin.comm)} now; what starts with this name will count"
    kept = pin.comm.encode(errors="surrogateescape")[:COMM_BYTES].decode(errors="replace")
    others = {pid: [one for one in thread_names(pid, root) if one != kept] for pid in named[:_MOST_NAMED]}
    names = sorted({visible(name) for found in others.values() for name in found})
    if not names:
        return ""
    some = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    pids = ",".join(str(pid) for pid, found in others.items() if found)
    count = counted(sum(map(len, others.values())), "thread")
    return f"not counted: {count} of {visible(pin.comm)} with other names ({some}); a pin to {pids} counts them"


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
