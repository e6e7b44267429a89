"""All BPF programs of the host, of any owner, and what they cost between two surveys of the tracer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from bttop.engine.host.process.processes import start_of
from bttop.engine.tracer.frames import BpfSurvey

# enum bpf_prog_type of include/uapi/linux/bpf.h, in its order.
_TYPES: Final = (
    "unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
    "cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint",
    "cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl",
    "raw_tracepoint_w", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
)  # fmt: skip
PAUSE_NS: Final = 1_500_000_000
"""Minimum time between the end of one survey and the request for the next."""


class LoadedProgram(Struct, frozen=True):
    """One BPF program in the kernel. Its owner chose the name: escape it before it is shown on a terminal."""

    id: int
    type: str
    name: str
    uid: int
    """The user id that loaded it."""
    owners: tuple[str, ...]
    """The processes that hold it open, as `comm PID`; empty if it is only attached or pinned."""
    run: float | None
    """CPU seconds a second; None until two surveys have seen it."""
    events: float | None

    @property
    def ns_per_event(self) -> float | None:
        return 1e9 * self.run / self.events if self.run is not None and self.events else None


class HostPrograms(Struct, frozen=True):
    """All BPF programs of the host, the most expensive first."""

    programs: tuple[LoadedProgram, ...]
    reason: str = ""
    """Why some may be missing; empty if the list is complete."""

    @property
    def run(self) -> float | None:
        """CPU seconds a second of all programs together; None until there are two surveys."""
        known = [one.run for one in self.programs if one.run is not None]
        return sum(known) if known or not self.programs else None


class HostProgramRates:
    """Compares each survey with the last one, and decides when to request the next."""

    def __init__(self) -> None:
        self.latest: HostPrograms | None = None
        self._before: BpfSurvey | None = None
        self._asked_ns: int | None = None

    def may_ask(self, now: int) -> bool:
        """Whether to request a survey now; if so, counts it as requested. False while an answer is pending, and until
        PAUSE_NS after one."""
        if self._asked_ns is not None or (self._before and now - self._before.stamp.boot_ns < PAUSE_NS):
            return False
        self._asked_ns = now
        return True

    def lost(self) -> None:
        """The tracer has ended: no answer will come."""
        self._asked_ns = None

    def take(self, survey: BpfSurvey, own: Mapping[int, str]) -> None:
        """Take a survey; `own` maps the pid of each bpftrace of ours to the program's name."""
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
) -> LoadedProgram:
    ident, kind, name, uid, run_ns, runs, pids = row
    rates: tuple[float | None, float | None] = (None, None)
    if before is not None and seconds > 0:
        rates = max(0, run_ns - before[0]) / 1e9 / seconds, max(0, runs - before[1]) / seconds
    return LoadedProgram(
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
