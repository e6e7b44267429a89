"""Finds the folders of a cgroup, given as a path, a systemd unit or a container id. bpftrace's `cgroupid` takes these
folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from bttop.engine.host.cgroup import container_of
from bttop.engine.host.folder import Folder
from bttop.engine.host.mounts import TABLE, mounted
from bttop.patterns import pattern
from bttop.script.process.pin import Pin

MOST_FOLDERS: Final = 64
"""Folders in one pin. Each adds one comparison to every event; a container has only a few."""
_UNIT: Final = pattern(r"[^/\s]+\.(?:service|scope|slice)")
_CONTAINER: Final = pattern(r"(?:[a-z-]+ )?(?P<id>[0-9a-f]{12,64})")


def is_name_of_cgroup(text: str) -> bool:
    """Whether the text names a cgroup: a path, a unit name, or a container id with or without its runtime."""
    return text.startswith("/") or _UNIT.fullmatch(text) is not None or _CONTAINER.fullmatch(text) is not None


def mount_of(table: Folder = TABLE) -> Path | None:
    """The mount point of cgroup v2, or None. bpftrace's `cgroup` supports only v2."""
    return next((one.place for one in mounted(table) or () if one.kind == "cgroup2"), None)


class Cgroups(Protocol):
    """The cgroups of a host."""

    def has(self, path: Path, /) -> bool:
        """Whether there is such a cgroup."""

    def below(self, top: Path, /) -> Iterator[Path]:
        """All cgroups below one, outer before inner."""


class OwnCgroups:
    """The cgroups of this host. Those that disappear during a walk are left out."""

    def has(self, path: Path) -> bool:
        """Whether there is such a cgroup."""
        return path.is_dir()

    def below(self, top: Path) -> Iterator[Path]:
        """All cgroups below one, outer before inner."""
        for folder, names, _ in os.walk(top):
            names.sort()
            yield from (Path(folder, name) for name in names)


def pin_to_cgroup(text: str, table: Folder = TABLE, cgroups: Cgroups | None = None) -> Pin | str:
    """The pin to a cgroup and all cgroups that are below it now; or the reason why there is none. `cgroups`: those of
    the host; None: of this one."""
    cgroups = cgroups or OwnCgroups()
    mount = mount_of(table)
    if mount is None:
        return "cgroup v2 is not mounted here, and bpftrace supports no other version"
    top = _find(text, mount, cgroups)
    if top is None:
        return f"there is no cgroup {text} below {mount}"
    folders = [top, *cgroups.below(top)]
    if len(folders) > MOST_FOLDERS:
        return f"{text} has {len(folders) - 1} cgroups below it; at most {MOST_FOLDERS - 1} can be pinned at once"
    return Pin(cgroups=tuple(str(folder) for folder in folders))


def _find(text: str, mount: Path, cgroups: Cgroups) -> Path | None:
    if text.startswith("/"):
        path = Path(text)
        inside = path == mount or mount in path.parents
        path = path if inside else mount / text.lstrip("/")
        return path if cgroups.has(path) and ".." not in path.parts else None
    named = _CONTAINER.fullmatch(text)
    if named is None:
        return next((path for path in cgroups.below(mount) if path.name == text), None)
    return next((path for path in cgroups.below(mount) if _is_container(path, mount, named["id"])), None)


def _is_container(path: Path, mount: Path, id_: str) -> bool:
    found = container_of(f"/{path.relative_to(mount)}") if id_[:12] in path.name else None
    return found is not None and found.id == id_[:12]
