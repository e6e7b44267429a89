"""Checks what this process may do: BPF, perf events, locked memory, capabilities; and its PID namespace."""

from __future__ import annotations

import errno
import os
import resource

from bttop.engine.doctor import calls
from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState, only_root
from bttop.engine.host.capabilities import grant, has, missing_for_root, read_set
from bttop.engine.host.process.pid_numbers import OF_HOST
from bttop.engine.host.process.processes import namespace_of
from bttop.engine.tracer.privilege import Privilege, PrivilegeFacts, asked_of_sudo, decide
from bttop.errors import bttop_command, command_line
from bttop.model.record.releases import traits_of
from bttop.trust import Untrusted

MEMORY_BY_CGROUP = (5, 11)
"""From this version on the kernel counts BPF memory for the cgroup, not for the limit of locked memory."""
STATISTICS = (5, 8)
_SHOWN = ("bpf", "perfmon", "sys_admin", "sys_resource")
"""The capabilities that matter to root."""
_MARKS = ("/.dockerenv", "/run/.containerenv")


def privilege(patient: DoctorContext) -> Finding:
    """How bttop gets the rights that bpftrace needs: decided as at start, but without asking for a password."""
    if patient.is_root:
        return Finding("privilege", FindingState.OK, "root")
    if patient.bpftrace is None:
        return Finding("privilege", FindingState.UNKNOWN, "a normal user; not checked without bpftrace")
    privilege_facts = PrivilegeFacts.read(patient.bpftrace)
    effect = "none of the five panes runs"
    try:
        found = decide(privilege_facts, patient.bpftrace.path, asked_of_sudo(patient.trust))
    except Untrusted as doubt:
        return Finding("privilege", FindingState.BROKEN, f"{doubt}, and root would run it", effect, doubt.fix)
    if found is not None:
        return _way(found)
    if privilege_facts.sudo is None:
        said = "a normal user without capabilities, and there is no sudo"
        return Finding("privilege", FindingState.BROKEN, said, effect, command_line("su", "-c", bttop_command()))
    return Finding(
        "privilege", FindingState.UNKNOWN, "sudo allows nothing without a password; bttop asks for it", fix="sudo -v"
    )


def _way(found: Privilege) -> Finding:
    """A way to trace as a normal user; with some of them the budget guard cannot see all costs."""
    if not found.own_terminals:
        return Finding("privilege", FindingState.OK, f"a normal user, by {'sudo' if found.tracer else 'capabilities'}")
    said = f"a normal user, by {'sudo for bpftrace alone' if found.bpftrace else 'capabilities of its file'}"
    effect = "the panes run; their cost is not known, so the budget guard cannot see CPU time and maps"
    return Finding("privilege", FindingState.LIMITED, said, effect, f"sudo {bttop_command()}")


def capabilities(patient: DoctorContext) -> Finding:
    """The capabilities of root here: containers may remove some."""
    effective = _effective(patient)
    if effective is None:
        return Finding("capabilities", FindingState.UNKNOWN, "/proc/self/status does not say")
    found = [name for name in _SHOWN if has(effective, name)]
    lacks = ", ".join(name for name in _SHOWN if name not in found)
    said = f"CapEff {effective:016x}: {', '.join(found) or 'none'}{f'; not {lacks}' if lacks else ''}"
    missing = missing_for_root(effective)
    if not missing:
        return Finding("capabilities", FindingState.OK, said)
    if not patient.is_root:
        return Finding(
            "capabilities", FindingState.UNKNOWN, f"{said}; only root's count", fix=f"sudo {bttop_command('doctor')}"
        )
    effect = f"none of the five panes runs without {' and '.join(missing)}"
    return Finding("capabilities", FindingState.BROKEN, said, effect, grant(missing))


def _effective(patient: DoctorContext) -> int | None:
    """The effective capabilities as bits; None if they cannot be read."""
    return read_set("CapEff", patient.root / "proc/self/status")


def bpf(patient: DoctorContext) -> Finding:
    """The bpf system call: creates a map of one entry."""
    if not calls.known(patient.host.machine):
        return Finding("BPF", FindingState.UNKNOWN, f"no number of the system call is known for {patient.host.machine}")
    error = calls.create_map(patient.host.machine)
    if not error:
        return Finding("BPF", FindingState.OK, "a map could be made")
    if not patient.is_root and error == errno.EPERM:
        return only_root("BPF", "it (kernel.unprivileged_bpf_disabled)")
    effect = "none of the five panes runs"
    return Finding("BPF", FindingState.BROKEN, f"the kernel refuses a map: {os.strerror(error)}", effect)


def statistics(patient: DoctorContext) -> Finding:
    """Whether the kernel can count what BPF programs cost: switches the statistics on for a moment."""
    effect = "the panes run; what they cost is then not known"
    if not calls.known(patient.host.machine):
        return Finding("BPF statistics", FindingState.UNKNOWN, f"no system call number for {patient.host.machine}")
    if not patient.is_root:
        return only_root("BPF statistics", "them")
    error = calls.enable_statistics(patient.host.machine)
    if not error:
        return Finding("BPF statistics", FindingState.OK, "the kernel counts run time by descriptor")
    if patient.exists("proc/sys/kernel/bpf_stats_enabled"):
        found = f"by descriptor: {os.strerror(error)}; by kernel.bpf_stats_enabled"
        return Finding("BPF statistics", FindingState.LIMITED, found, effect, "sysctl kernel.bpf_stats_enabled=1")
    return Finding("BPF statistics", FindingState.LIMITED, os.strerror(error), effect)


def perf_event(patient: DoctorContext) -> Finding:
    """The perf event of `profile:hz:99`: opens one."""
    paranoid = patient.text("proc/sys/kernel/perf_event_paranoid")
    setting = f"perf_event_paranoid {'unknown' if paranoid is None else paranoid}"
    if not calls.known(patient.host.machine):
        return Finding(
            "perf_event", FindingState.UNKNOWN, f"{setting}; no system call number for {patient.host.machine}"
        )
    error = calls.sample(patient.host.machine)
    if not error:
        return Finding("perf_event", FindingState.OK, f"a CPU clock at 99 Hz could be opened; {setting}")
    if not patient.is_root:
        return Finding(
            "perf_event", FindingState.UNKNOWN, f"{setting}: only root can try", fix=f"sudo {bttop_command('doctor')}"
        )
    effect = "profile cannot sample, and no tracepoint attaches: none of the five panes runs"
    return Finding("perf_event", FindingState.BROKEN, f"{os.strerror(error)}; {setting}", effect)


def memlock(patient: DoctorContext) -> Finding:
    """The limit of locked memory, which includes BPF maps before Linux 5.11."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    said = " / ".join("unlimited" if one == resource.RLIM_INFINITY else f"{one // 1024:,} KiB" for one in (soft, hard))
    if patient.host.version >= MEMORY_BY_CGROUP:
        return Finding("memlock", FindingState.OK, f"{said}; BPF memory is not counted by it from Linux 5.11 on")
    may_raise = has(_effective(patient) or 0, "sys_resource")
    if may_raise or hard == resource.RLIM_INFINITY:
        return Finding("memlock", FindingState.OK, f"{said}; bpftrace raises it automatically")
    return Finding("memlock", FindingState.LIMITED, said, "large maps may be refused", "ulimit -l unlimited")


def container(patient: DoctorContext) -> Finding:
    """Whether bttop runs in the host's PID namespace."""
    inode = namespace_of("self", patient.root / "proc")
    if inode is None:
        return Finding("PID namespace", FindingState.UNKNOWN, "/proc/self/ns/pid cannot be read")
    marks = [mark for mark in _MARKS if patient.exists(mark.lstrip("/"))]
    inside = f"; {marks[0]} says container" if marks else ""
    if inode == OF_HOST:
        return Finding("PID namespace", FindingState.OK, f"the host's own{inside}")
    release = patient.bpftrace.release if patient.bpftrace else None
    if release is not None and traits_of(release).pids_of_namespace:
        effect = "probes that use `pid` show the processes of this namespace only; others cannot be pinned by PID"
    else:
        effect = "up to bpftrace 0.22 the panes show the host's PIDs, and a pin by a PID of this namespace is refused"
    return Finding("PID namespace", FindingState.LIMITED, f"its own{inside}", effect, "docker run --pid=host ...")


CHECKS = (
    Check(100, perf_event),
    Check(110, bpf),
    Check(120, statistics),
    Check(130, memlock),
    Check(140, privilege),
    Check(150, capabilities),
    Check(160, container),
)
