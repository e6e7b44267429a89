"""What this process may do: BPF, perf events, locked memory, capabilities; and in which container it is."""

from __future__ import annotations

import errno
import os
import re
import resource

from bttop.engine.doctor import calls
from bttop.engine.doctor.finding import Finding, Patient, State, only_root
from bttop.engine.privilege import Privilege, Standing, asked_of_sudo, decide
from bttop.trust import Untrusted

MEMORY_BY_CGROUP = (5, 11)
"""From here on the kernel charges BPF memory to the cgroup, no longer to the limit of locked memory."""
STATISTICS = (5, 8)
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"
"""PROC_PID_INIT_INO of linux/proc_ns.h, the same on every kernel."""
_CAPABILITIES = {"sys_admin": 21, "sys_resource": 24, "perfmon": 38, "bpf": 39}
"""Bits of linux/capability.h."""
_MARKS = ("/.dockerenv", "/run/.containerenv")


def privilege(patient: Patient) -> Finding:
    """By which way bttop gets the rights that bpftrace needs, by the rule by which it starts; nothing is asked."""
    if patient.is_root:
        return Finding("privilege", State.OK, "root")
    if patient.bpftrace is None:
        return Finding("privilege", State.UNKNOWN, "a normal user; without bpftrace nobody needs any")
    standing = Standing.read(patient.bpftrace)
    effect = "none of the five panes runs"
    try:
        found = decide(standing, patient.bpftrace.path, asked_of_sudo(patient.trust))
    except Untrusted as doubt:
        return Finding("privilege", State.BROKEN, f"{doubt}, and root would run it", effect, doubt.mend)
    if found is not None:
        return _way(found)
    if standing.sudo is None:
        said = "a normal user without capabilities, and there is no sudo"
        return Finding("privilege", State.BROKEN, said, effect, "su -c bttop")
    return Finding(
        "privilege", State.UNKNOWN, "sudo allows nothing without a password; bttop asks for it", mend="sudo -v"
    )


def _way(found: Privilege) -> Finding:
    """A way to trace without being root; by some of them the fuse is half blind."""
    if not found.own_terminals:
        return Finding("privilege", State.OK, f"a normal user, by {'sudo' if found.tracer else 'capabilities'}")
    said = f"a normal user, by {'sudo for bpftrace alone' if found.bpftrace else 'capabilities of its file'}"
    effect = "the panes run; what they cost is not known, so the fuse cannot see CPU time and maps"
    return Finding("privilege", State.LIMITED, said, effect, "sudo bttop")


def capabilities(patient: Patient) -> Finding:
    """What root may do here: containers take capabilities away."""
    effective = _effective(patient)
    if effective is None:
        return Finding("capabilities", State.UNKNOWN, "/proc/self/status does not say")
    has = {name for name, bit in _CAPABILITIES.items() if effective >> bit & 1}
    lacks = ", ".join(name for name in _CAPABILITIES if name not in has)
    said = f"CapEff {effective:016x}: {', '.join(sorted(has)) or 'none'}{f'; not {lacks}' if lacks else ''}"
    if "sys_admin" in has or {"bpf", "perfmon"} <= has:
        return Finding("capabilities", State.OK, said)
    if not patient.is_root:
        return Finding("capabilities", State.UNKNOWN, f"{said}; those of root count", mend="sudo bttop doctor")
    mend = "docker run --privileged ..., or --cap-add SYS_ADMIN"
    return Finding("capabilities", State.BROKEN, said, "none of the five panes runs", mend)


def _effective(patient: Patient) -> int | None:
    """The effective capabilities as bits, or None where they are not told."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", patient.text("proc/self/status") or "", re.MULTILINE)
    return None if found is None else int(found[1], 16)


def bpf(patient: Patient) -> Finding:
    """The bpf system call, by making a map of one entry."""
    if not calls.known(patient.host.machine):
        return Finding("BPF", State.UNKNOWN, f"no number of the system call is known for {patient.host.machine}")
    error = calls.create_map(patient.host.machine)
    if not error:
        return Finding("BPF", State.OK, "a map could be made")
    if not patient.is_root and error == errno.EPERM:
        return only_root("BPF", "it (kernel.unprivileged_bpf_disabled)")
    effect = "none of the five panes runs"
    return Finding("BPF", State.BROKEN, f"the kernel refuses a map: {os.strerror(error)}", effect)


def statistics(patient: Patient) -> Finding:
    """Whether the kernel counts what BPF programs cost, by switching it on for a moment."""
    effect = "the panes run; what they cost is then not known"
    if not calls.known(patient.host.machine):
        return Finding("BPF statistics", State.UNKNOWN, f"no system call number for {patient.host.machine}")
    if not patient.is_root:
        return only_root("BPF statistics", "them")
    error = calls.enable_statistics(patient.host.machine)
    if not error:
        return Finding("BPF statistics", State.OK, "the kernel counts run time by descriptor")
    if patient.exists("proc/sys/kernel/bpf_stats_enabled"):
        found = f"by descriptor: {os.strerror(error)}; by kernel.bpf_stats_enabled"
        return Finding("BPF statistics", State.LIMITED, found, effect, "sysctl kernel.bpf_stats_enabled=1")
    return Finding("BPF statistics", State.LIMITED, os.strerror(error), effect)


def perf_event(patient: Patient) -> Finding:
    """The perf event of `profile:hz:99`, by opening one."""
    paranoid = patient.text("proc/sys/kernel/perf_event_paranoid")
    setting = f"perf_event_paranoid {'unknown' if paranoid is None else paranoid}"
    if not calls.known(patient.host.machine):
        return Finding("perf_event", State.UNKNOWN, f"{setting}; no system call number for {patient.host.machine}")
    error = calls.sample(patient.host.machine)
    if not error:
        return Finding("perf_event", State.OK, f"a CPU clock at 99 Hz could be opened; {setting}")
    if not patient.is_root:
        return Finding("perf_event", State.UNKNOWN, f"{setting} lets only root try", mend="sudo bttop doctor")
    effect = "profile cannot sample, and no tracepoint attaches: none of the five panes runs"
    return Finding("perf_event", State.BROKEN, f"{os.strerror(error)}; {setting}", effect)


def memlock(patient: Patient) -> Finding:
    """The limit of locked memory, which held BPF maps before Linux 5.11."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    said = " / ".join("unlimited" if one == resource.RLIM_INFINITY else f"{one // 1024:,} KiB" for one in (soft, hard))
    if patient.host.version >= MEMORY_BY_CGROUP:
        return Finding("memlock", State.OK, f"{said}; BPF memory is not counted by it from Linux 5.11 on")
    may_raise = (_effective(patient) or 0) >> _CAPABILITIES["sys_resource"] & 1
    if may_raise or hard == resource.RLIM_INFINITY:
        return Finding("memlock", State.OK, f"{said}; bpftrace raises it by itself")
    return Finding("memlock", State.LIMITED, said, "large maps may be refused", "ulimit -l unlimited")


def container(patient: Patient) -> Finding:
    """Whether this is the host's own PID namespace."""
    try:
        namespace = os.readlink(patient.root / "proc/self/ns/pid")  # noqa: PTH115 - the link leads to no path
    except OSError:
        return Finding("PID namespace", State.UNKNOWN, "/proc/self/ns/pid cannot be read")
    marks = [mark for mark in _MARKS if patient.exists(mark.lstrip("/"))]
    inside = f"; {marks[0]} says container" if marks else ""
    if namespace == _INITIAL_PID_NAMESPACE:
        return Finding("PID namespace", State.OK, f"the host's own{inside}")
    release = patient.bpftrace.release if patient.bpftrace else None
    if release is not None and release >= (0, 23):
        effect = "processes outside cannot be told apart or pinned; run bttop on the host, or with --pid=host"
    else:
        effect = "up to bpftrace 0.22 the panes show the host's PIDs: a pin by a PID of this container misses"
    return Finding("PID namespace", State.LIMITED, f"its own{inside}", effect, "docker run --pid=host ...")
