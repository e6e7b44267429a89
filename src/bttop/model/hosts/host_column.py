"""The key column that names the host of a row."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from bttop.model.plan import Column, MapPlan

HOST: Final = "host"
HOST_COLUMN: Final = Column(HOST, "name")
_LOCAL_TITLES: Final = frozenset({"pid", "tid", "tgid", "ppid", "fd", "cpu", "cgroup"})
_LOCAL_DECODERS: Final = frozenset({"device", "process"})


def with_host(plan: MapPlan) -> MapPlan:
    """The plan of the map with the host as its first key column."""
    return replace(plan, columns=(HOST_COLUMN, *plan.columns))


def has_host(columns: tuple[Column, ...]) -> bool:
    """Whether the first part of a key names the host of its row."""
    return bool(columns) and columns[0] == HOST_COLUMN


def host_key(host: str, key: str) -> str:
    """The raw key of a row of one host: names of hosts have no comma."""
    return f"{host},{key}" if key else host


def host_of(key: str) -> str:
    """The host in a raw key that begins with one."""
    return key.partition(",")[0]


def local_columns(plan: MapPlan) -> tuple[int, ...]:
    """The indexes of the key columns that mean something on one host only: processes, threads, CPUs, devices."""
    titles = _LOCAL_TITLES | {plan.pid, plan.tid} - {""}
    return tuple(at for at, one in enumerate(plan.columns) if one.title in titles or one.decoder in _LOCAL_DECODERS)
