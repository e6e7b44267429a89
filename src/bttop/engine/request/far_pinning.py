"""Reads a pin to a process or a cgroup of another host, by its tracer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bttop.engine.host.cgroup_tree import is_name_of_cgroup, mount_of, pin_to_cgroup
from bttop.engine.host.folder import FarFiles
from bttop.engine.host.host import Host
from bttop.engine.host.process.processes import is_alive
from bttop.engine.remote.link import Link
from bttop.engine.request.pinning import pids_in
from bttop.script.process.pin import Pin

DEPTH: Final = 8
"""Levels of cgroups that are searched; containers of pods are four or five below the mount."""


class FarCgroups:
    """The cgroups of another host."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._folders = tuple(sorted(Path(path) for path in paths))

    def has(self, path: Path) -> bool:
        """Whether there is such a cgroup."""
        return path in self._folders

    def below(self, top: Path) -> Iterator[Path]:
        """All cgroups below one, outer before inner."""
        return (folder for folder in self._folders if top in folder.parents)


def far_pin_of(text: str, host: Host, link: Link) -> Pin | str:
    """As `pinning.pin_of`, for processes and cgroups of another host; waits for its answers."""
    text = text.strip()
    if not text:
        return "nothing to pin to"
    try:
        pids = pids_in(text)
        if pids is not None:
            return _to_processes(pids, link)
        return _to_cgroup(text, host, link) if is_name_of_cgroup(text) else Pin(comm=text)
    except OSError as problem:
        return f"{link.name}: {problem.strerror or 'no answer'}"


def _to_processes(pids: tuple[int, ...], link: Link) -> Pin | str:
    files, found = FarFiles(), link.processes(pids)
    files.add(found.files, found.links, found.paths)
    gone = [pid for pid in pids if not is_alive(pid, files.root() / "proc")]
    return f"there is no process {gone[0]} on {link.name}" if gone else Pin(pids=pids)


def _to_cgroup(text: str, host: Host, link: Link) -> Pin | str:
    table = host.proc / "self/mounts"
    mount = mount_of(table)
    if mount is None:
        return f"cgroup v2 is not mounted on {link.name}, and bpftrace supports no other version"
    found = link.read(patterns=[f"{mount}{'/*' * depth}/" for depth in range(DEPTH + 1)])
    if found.cut:
        return f"{link.name} has too many cgroups to be listed: pin to a process"
    return pin_to_cgroup(text, table, FarCgroups(found.paths))
