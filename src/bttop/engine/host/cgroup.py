"""Reads the systemd unit and the container of a process from its cgroup path. Pure functions."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from bttop.patterns import pattern

_SHORT: Final = 12
"""Characters of a container id that `docker ps` shows."""
_ID = r"(?P<id>[0-9a-f]{64})"
# docker-ID.scope (docker), cri-containerd-ID.scope and …:cri-containerd:ID (kubernetes), crio-ID.scope (cri-o),
# libpod-ID.scope (podman), nerdctl-ID.scope; crio-conmon and libpod-conmon are monitors of a container.
_NAMED: Final = pattern(rf"(?:.*:)?(?P<runtime>[a-z]+(?:-containerd)?)[-:]{_ID}(?:\.scope)?")
_BARE: Final = pattern(_ID)
_RUNTIMES: Final = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
}
_FOLDERS: Final = (("docker", "docker"), ("libpod", "podman"), ("kubepods", "kubernetes"), ("ecs", "ecs"))
"""For ids without a runtime name: prefix of a folder above the id, and the runtime that uses this prefix."""
_CONTROLLERS: Final = ("name=systemd", "pids", "memory", "cpu")
"""Order of preference where only cgroup v1 is mounted."""


class Container(Struct, frozen=True):
    """A container, as its cgroup path describes it."""

    id: str
    """The first 12 hexadecimal digits."""
    runtime: str
    """docker, containerd, cri-o, podman, kubernetes, ecs, or `container` when the path does not name it."""


def path_of(data: bytes) -> str:
    """Return the cgroup path in the content of /proc/PID/cgroup: the v2 path, unless it is empty or `/`; else the v1
    path of systemd's hierarchy; else any v1 path. Empty when there is none."""
    found: dict[str, str] = {}
    for line in data.decode(errors="replace").split("\n"):
        fields = line.split(":", 2)
        if len(fields) == 3:
            found.update(dict.fromkeys(fields[1].split(","), fields[2]))
    unified = found.pop("", "")
    if unified.strip("/"):
        return unified
    older = (found[name] for name in (*_CONTROLLERS, *found) if found.get(name, "").strip("/"))
    return next(older, unified)


def unit_of(path: str) -> str:
    """The innermost systemd service or scope in a cgroup path, else the innermost slice, else ''."""
    parts = path.split("/")[::-1]
    wanted = ((".service", ".scope"), (".slice",))
    return next((part for endings in wanted for part in parts if part.endswith(endings)), "")


def container_of(path: str) -> Container | None:
    """The innermost container in a cgroup path, or None."""
    found = _innermost_container(path.split("/"))
    return None if found is None else found[1]


def group_of(path: str) -> str:
    """The cgroup path up to and including its innermost container, else its innermost unit, else the whole path."""
    parts = path.split("/")
    found, unit = _innermost_container(parts), unit_of(path)
    if found is not None:
        return "/".join(parts[: found[0] + 1])
    return "/".join(parts[: len(parts) - parts[::-1].index(unit)]) if unit else path


def _innermost_container(parts: list[str]) -> tuple[int, Container] | None:
    """The index of the container's part in the path, and the container."""
    for at in range(len(parts) - 1, -1, -1):
        named = _NAMED.fullmatch(parts[at])
        if named is not None and named["runtime"] in _RUNTIMES:
            return at, Container(named["id"][:_SHORT], _RUNTIMES[named["runtime"]])
        if bare := _BARE.fullmatch(parts[at]):
            return at, Container(bare["id"][:_SHORT], _runtime_above(parts[:at]))
    return None


def _runtime_above(parts: list[str]) -> str:
    for part in reversed(parts):
        for beginning, runtime in _FOLDERS:
            if part.startswith(beginning):
                return runtime
    return "container"
