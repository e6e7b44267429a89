"""Checks the kernel: its version, lockdown, type information, and the hooks that bpftrace attaches to."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bttop.engine.doctor import calls
from bttop.engine.doctor.bpftrace import info_answers
from bttop.engine.doctor.finding import Check, DoctorContext, Finding, FindingState, only_root
from bttop.engine.host.host import UNLOCK
from bttop.model.flush.find_caveats import DEEPEST_STACK
from bttop.model.record.releases import traits_of

OLDEST = (4, 9)
"""Older kernels have no BPF programs on perf events, which bpftrace's `profile` and tracepoints use."""
RING_BUFFERS = (5, 8)
"""From 0.24 bpftrace prints through BPF ring buffers, which Linux has from this version on."""


def version(patient: DoctorContext) -> Finding:
    """Compare the kernel version with what the installed bpftrace needs."""
    host = patient.host
    found = f"Linux {host.kernel}, {host.machine}, {host.cpus} CPUs"
    kernel = patient.host.version
    if kernel == (0, 0):
        return Finding("kernel", FindingState.UNKNOWN, found)
    if kernel < OLDEST:
        return Finding(
            "kernel", FindingState.BROKEN, f"{found}: bpftrace needs Linux 4.9", "none of the five panes runs"
        )
    release = patient.bpftrace.release if patient.bpftrace else None
    if release is not None and traits_of(release).needs_ring_buffers and kernel < RING_BUFFERS:
        why = f"{found}: bpftrace {release} needs BPF ring buffers (Linux 5.8)"
        return Finding("kernel", FindingState.BROKEN, why, "none of the five panes runs; bpftrace 0.23 would do")
    return Finding("kernel", FindingState.OK, found)


def skipped(patient: DoctorContext) -> Finding:
    """Whether the kernel counts the events that it skips while another BPF program runs on the CPU."""
    if patient.host.version == (0, 0):
        return Finding("skipped events", FindingState.UNKNOWN, f"Linux {patient.host.kernel}")
    if patient.host.counts_skips:
        return Finding("skipped events", FindingState.OK, "the kernel counts them")
    effect = "events in interrupts (retransmits, block I/O) may be skipped beside a busy program; a badge says so"
    return Finding(
        "skipped events", FindingState.LIMITED, "not counted before Linux 6.7", effect, "Linux 6.7; no setting"
    )


def lockdown(patient: DoctorContext) -> Finding:
    """Whether kernel lockdown prevents BPF from reading kernel memory."""
    text = patient.text("sys/kernel/security/lockdown")
    chosen = re.search(r"\[(\w+)\]", text or "")
    if chosen is None:
        return _lockdown_unseen(patient)
    if patient.is_locked_down:
        effect = "bpftrace refuses to start: none of the five panes runs"
        return Finding("lockdown", FindingState.BROKEN, chosen[1], effect, UNLOCK)
    return Finding("lockdown", FindingState.OK, chosen[1])


def _lockdown_unseen(patient: DoctorContext) -> Finding:
    if os.path.ismount(patient.root / "sys/kernel/security"):
        return Finding("lockdown", FindingState.OK, "none: this kernel boots without it")
    if not patient.exists("sys/kernel/security"):
        return Finding("lockdown", FindingState.UNKNOWN, "this kernel has no securityfs, which would show it")
    fix = patient.as_root("mount -t securityfs securityfs /sys/kernel/security")
    return Finding("lockdown", FindingState.UNKNOWN, "securityfs, which shows it, is not mounted", fix=fix)


def btf(patient: DoctorContext) -> Finding:
    """The kernel's type information, which scripts need to read kernel structures."""
    path = "sys/kernel/btf/vmlinux"
    if not patient.exists(path):
        effect = "syscalls, sched_switch and profile need none; scripts with kernel structures do not compile"
        return Finding(
            "BTF", FindingState.LIMITED, "none (CONFIG_DEBUG_INFO_BTF)", effect, "a kernel that has it; no setting"
        )
    size = (patient.root / path).stat().st_size
    return Finding("BTF", FindingState.OK, f"/{path}, {size / 1e6:.1f} MB")


def tracefs(patient: DoctorContext) -> Finding:
    """The file system that lists the tracepoints; bpftrace reads their fields there."""
    if patient.host.tracefs is not None:
        return Finding("tracefs", FindingState.OK, str(patient.host.tracefs))
    if not patient.lacks_tracefs:
        return only_root("tracefs", "tracefs")
    effect = "bttop does not start: no tracepoint is found"
    if patient.is_locked_down:
        return Finding("tracefs", FindingState.BROKEN, "the kernel is locked down and keeps it empty", effect, UNLOCK)
    fix = patient.as_root("mount -t tracefs tracefs /sys/kernel/tracing")
    return Finding("tracefs", FindingState.BROKEN, "not mounted", effect, fix)


def kprobes(patient: DoctorContext) -> Finding:
    """Probes on kernel functions: creates one if the kernel has the perf event source for it."""
    effect = "vfs_read and retransmits lose a fallback, as their panes below say"
    if not patient.is_root:
        return only_root("kprobes", "kprobes")
    source = _source(patient, "kprobe")
    if source is not None and calls.known(patient.host.machine):
        error = calls.make_kprobe(patient.host.machine, source)
        if not error:
            return Finding("kprobes", FindingState.OK, f"one on {calls.COLD_FUNCTION.decode()} could be made")
        return Finding("kprobes", FindingState.LIMITED, f"the kernel refuses them: {os.strerror(error)}", effect)
    tracefs_ = patient.host.tracefs
    if tracefs_ is None:
        return Finding("kprobes", FindingState.UNKNOWN, "tracefs, which shows it, is not mounted")
    if (tracefs_ / "kprobe_events").exists():
        return Finding("kprobes", FindingState.OK, str(tracefs_ / "kprobe_events"))
    return Finding("kprobes", FindingState.LIMITED, "this kernel has none (CONFIG_KPROBE_EVENTS)", effect)


def stack_depth(patient: DoctorContext) -> Finding:
    """The frames that the kernel collects of a stack, against those that bpftrace asks for."""
    text = patient.text("proc/sys/kernel/perf_event_max_stack")
    if text is None or not text.isdecimal():
        return Finding("stack depth", FindingState.UNKNOWN, "kernel.perf_event_max_stack cannot be read")
    found, fix = f"perf_event_max_stack {text}", patient.as_root(f"sysctl kernel.perf_event_max_stack={DEEPEST_STACK}")
    if int(text) == DEEPEST_STACK:
        return Finding("stack depth", FindingState.OK, f"{found}, as many frames as bpftrace asks for")
    if int(text) > DEEPEST_STACK:
        more = f"bpftrace asks for {DEEPEST_STACK} frames; kstack(N) and ustack(N) for up to {text}"
        return Finding("stack depth", FindingState.OK, f"{found}: {more}")
    if patient.bpftrace is not None and traits_of(patient.bpftrace.release).refuses_deep_stacks:
        effect = f"bpftrace asks for {DEEPEST_STACK} frames, and this release then refuses to start: profile cannot run"
        return Finding("stack depth", FindingState.BROKEN, found, effect, fix)
    return Finding("stack depth", FindingState.LIMITED, found, f"stacks are cut after {text} frames", fix)


def uprobes(patient: DoctorContext) -> Finding:
    """Probes on functions of programs and libraries."""
    tracefs_ = patient.host.tracefs
    if _source(patient, "uprobe") is not None or (tracefs_ is not None and (tracefs_ / "uprobe_events").exists()):
        return Finding("uprobes", FindingState.OK, "the kernel has them")
    if tracefs_ is None:
        return only_root("uprobes", "tracefs") if not patient.is_root else _untold("uprobes")
    effect = "none of the five uses them; one-liners on programs and libraries cannot attach"
    return Finding("uprobes", FindingState.LIMITED, "this kernel has none (CONFIG_UPROBE_EVENTS)", effect)


def fentry(patient: DoctorContext) -> Finding:
    """Probes on function entries and exits by BPF trampolines: bpftrace's own answer if it gave one."""
    effect = "vfs_read falls back to a kprobe or to system calls, as its pane below says"
    answers = info_answers(patient.info)
    answer = answers.get("fentry") or answers.get("kfunc")
    if answer == "yes":
        return Finding("fentry", FindingState.OK, "bpftrace --info: yes")
    if patient.lacks_tracefs and not patient.is_locked_down:
        return _untold("fentry")
    why = patient.host.why_not("fentry", "vfs_read")
    if answer == "no" or why:
        return Finding("fentry", FindingState.LIMITED, why or "bpftrace --info: no", effect)
    if not patient.exists("sys/kernel/btf/vmlinux"):
        return Finding("fentry", FindingState.LIMITED, "needs BTF", effect)
    if patient.host.tracefs is None:
        return only_root("fentry", "tracefs")
    return _trampolines(patient, effect)


def _trampolines(patient: DoctorContext, effect: str) -> Finding:
    """From 0.24 bpftrace does not answer: check for direct calls of the function tracer, which it needs."""
    symbols = patient.text("proc/kallsyms")
    if not symbols:
        return Finding("fentry", FindingState.UNKNOWN, "/proc/kallsyms cannot be read")
    if re.search(r" register_ftrace_direct(_multi)?$", symbols, re.MULTILINE):
        return Finding("fentry", FindingState.OK, "the kernel has BTF and direct calls")
    return Finding("fentry", FindingState.LIMITED, "no direct calls (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)", effect)


def _untold(name: str) -> Finding:
    return Finding(name, FindingState.UNKNOWN, "tracefs, which shows it, is not mounted")


def _source(patient: DoctorContext, name: str) -> int | None:
    """The type number of a perf event source; None if there is none."""
    text = patient.text(str(Path("sys/bus/event_source/devices") / name / "type"))
    return int(text) if text is not None and text.isdecimal() else None


CHECKS = (
    Check(10, version),
    Check(20, skipped),
    Check(30, lockdown),
    Check(40, btf),
    Check(50, tracefs),
    Check(60, kprobes),
    Check(70, uprobes),
    Check(80, fentry),
    Check(85, stack_depth),
)
