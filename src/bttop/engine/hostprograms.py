"""Every BPF program of the host, whoever loaded it, with what it costs: from one survey of the tracer to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bttop.engine.frames import Survey
from bttop.engine.process import start_of

# enum bpf_prog_type of include/uapi/linux/bpf.h, in its order.
_TYPES: Final = (
    "unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
    "cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint",
    "cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl",
    "raw_tracepoint_w", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
)  # fmt: skip
PAUSE_NS: Final = 1_500_000_000
"""Between the end of one survey and the next."""


@dataclass(frozen=True, slots=True)
class HostProgram:
    """One BPF program of the kernel. Names are as their owners chose them: text for a terminal must be escaped."""

    id: int
    type: str
    name: str
    uid: int
    """Who loaded it."""
    owners: tuple[str, ...]
    """The processes that hold it open, as `comm PID`; none when it is only attached or pinned."""
    run: float | None
    """CPU seconds a second; None until it was seen twice."""
    events: float | None

    @property
    def ns_per_event(self) -> float | None:
        return 1e9 * self.run / self.events if self.run is not None and self.events else None


@dataclass(frozen=True, slots=True)
class HostPrograms:
    """All of them, the costliest first."""

    programs: tuple[HostProgram, ...]
    reason: str = ""
    """Why some may be missing."""

    @property
    def run(self) -> float | None:
        """CPU seconds a second of all together: the host's BPF tax. None until two surveys are in."""
        known = [one.run for one in self.programs if one.run is not None]
        return sum(known) if known or not self.programs else None


class Surveyor:
    """Compares each survey with the one before; tells when the next may be asked for."""

    def __init__(self) -> None:
        self.latest: HostPrograms | None = None
        self._before: Survey | None = None
        self._asked_ns: int | None = None

    def may_ask(self, now: int) -> bool:
        """Whether to ask the tracer now: not while an answer is due, and not soon after one."""
        if self._asked_ns is not None or (self._before and now - self._before.stamp.boot_ns < PAUSE_NS):
            return False
        self._asked_ns = now
        return True

    def lost(self) -> None:
        """The tracer is gone: no answer will come."""
        self._asked_ns = None

    def take(self, survey: Survey, own: Mapping[int, str]) -> None:
        """A survey; `own` names bttop's programs by the pid of their bpftrace."""
        before, self._before, self._asked_ns = self._before, survey, None
        seconds = (survey.stamp.boot_ns - before.stamp.boot_ns) / 1e9 if before else 0.0
        counted = {row[0]: (row[4], row[5]) for row in before.programs} if before else {}
        found = [_program(row, counted.get(row[0]), seconds, own) for row in survey.programs]
        found.sort(key=lambda one: (-(one.run or 0.0), one.id))
        self.latest = HostPrograms(tuple(found), survey.reason)


def _program(
    row: Sequence[Any],
    before: tuple[int, int] | None,
    seconds: float,
    own: Mapping[int, str],
) -> HostProgram:
    ident, kind, name, uid, run_ns, runs, pids = row
    rates: tuple[float | None, float | None] = (None, None)
    if before is not None and seconds > 0:
        rates = max(0, run_ns - before[0]) / 1e9 / seconds, max(0, runs - before[1]) / seconds
    return HostProgram(
        ident,
        _TYPES[kind] if kind < len(_TYPES) else f"type {kind}",
        name,
        uid,
        tuple(_owner(pid, own) for pid in pids),
        *rates,
    )


def _owner(pid: int, own: Mapping[int, str]) -> str:
    if pid in own:
        return f"bttop: {own[pid]}"
    seen = start_of(pid)
    return f"{seen.comm if seen else '?'} {pid}"
