"""Finds bttop's own processes, which are left out of every pane: itself, its tracer and bpftraces, and the processes
that serve its terminal: the session's sshd, tmux or screen, and sudo. The shell and its other children are shown."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bttop.engine.host.folder import Folder
from bttop.engine.host.host import Bpftrace
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.processes import PROC, Parent, look_up, pids_named
from bttop.engine.request.pinning import children_of
from bttop.script.process.self_exclusion import Exclusion

_CARRIERS: Final = frozenset({"sshd-session", "sshd-auth", "mosh-server", "sudo", "doas", "zellij", "tmux", "screen"})
_MULTIPLEXERS: Final = {"tmux: server": "tmux: client", "screen": "screen"}
"""Names of multiplexers' servers, which are ancestors of bttop, and of their clients, which are not."""
_SSH_SERVERS: Final = ("sshd", "dropbear")
"""Up to OpenSSH 9.7 the process of a session has the same name as the listening one."""
_SUDO_SECONDS: Final = 1.0
"""How long to wait for the child of a sudo; it takes about 10 ms."""
_BPFTRACE: Final = "bpftrace"
_COMM_BYTES: Final = 15
_OWN_COMMS: Final = ("bttop",)
"""The name of bttop's threads, from its entry point."""
_BY_NAME: Final = "its tracer and what serves its terminal, whose ids are not known in this PID namespace"


def own_processes(
    tracer: int, bpftrace: Bpftrace, numbers: PidNumbers, pid: int | None = None, root: Folder = PROC
) -> Exclusion:
    """The processes to leave out. `tracer` is the tracer's process id; `pid` is bttop's own (None: this process)."""
    name = os.fsencode(Path(bpftrace.path).name)[:_COMM_BYTES].decode(errors="ignore")
    comms = tuple(dict.fromkeys((_BPFTRACE, name)))
    own = os.getpid() if pid is None else pid
    since = tracer if _far_from_the_last(tracer, root) else 0
    if not numbers.are_equal:
        return Exclusion(comms=(*comms, *_OWN_COMMS), unknown=_BY_NAME)
    found = (own, *_behind_sudo(tracer, root), *_carriers(own, root))
    return Exclusion(tuple(dict.fromkeys(found)), comms, since, _OWN_COMMS, fields_differ=numbers.namespace is not None)


def _behind_sudo(pid: int, root: Folder) -> list[int]:
    """A process and, if it is a sudo, its descendants: another sudo, and a moment later the tracer."""
    found = [pid]
    end = time.monotonic() + _SUDO_SECONDS
    while _is_sudo(found[-1], root) and time.monotonic() < end:
        if below := children_of(found[-1], root):
            found.append(below[0])
        else:
            time.sleep(0.005)
    return found


def _is_sudo(pid: int, root: Folder) -> bool:
    process = look_up(pid, root)
    return process is not None and process.comm == "sudo"


def _far_from_the_last(tracer: int, root: Folder) -> bool:
    """Whether the ids will not wrap around soon: at least a tenth of them is left."""
    try:
        return tracer < int((root / "sys/kernel/pid_max").read_text()) * 9 // 10
    except (OSError, ValueError):
        return False


def _carriers(pid: int, root: Folder) -> Iterator[int]:
    """The processes that serve a process's terminal: among its ancestors, and the clients of its multiplexer with their
    ancestors."""
    seen = look_up(pid, root)
    parents = () if seen is None else seen.parents
    yield from _carriers_among(parents)
    for server in {parent.comm for parent in parents} & set(_MULTIPLEXERS):
        for client in pids_named(_MULTIPLEXERS[server], root):
            yield client
            process = look_up(client, root)
            yield from _carriers_among(() if process is None else process.parents)


def _carriers_among(parents: tuple[Parent, ...]) -> Iterator[int]:
    servers = [parent for parent in parents if parent.comm in _SSH_SERVERS]
    # The last one listens and serves other sessions as well. A single one is from inetd and serves only this session.
    listens = servers[-1:] if len(servers) > 1 or any(one.comm == "sshd-session" for one in parents) else []
    for parent in parents:
        if parent.comm in (*_CARRIERS, *_MULTIPLEXERS, *_SSH_SERVERS) and parent not in listens:
            yield parent.pid
