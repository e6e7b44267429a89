"""Which attach points may fire so often that a script is looked at before it runs. Pure. No function is trusted for
its name: how often it is called is the program's affair.

The patterns are compiled when they are first asked: what starts with bttop is trusted, and would wait for them."""

from __future__ import annotations

import re
from typing import Final

from bttop.script.reader import AttachPoint, Script

MOST_HZ: Final = 1000
"""Samples a second and CPU that need no look: 8 us each with two stacks are below 1 % of a CPU."""

_BUSY_TRACEPOINTS: Final = (
    r"(?:raw_syscalls|irq|irq_vectors|timer|kmem|exceptions|page_fault\w*|rcu|net|napi|skb|qdisc|sock|block|writeback"
    r"|lock|preemptirq|power|workqueue|page_pool|mmap_lock|tlb|vmalloc|xdp|filemap|pagemap|vmscan|compaction|percpu"
    r"|dma_fence|gpio|rpm|msr|xen|kvm|nvme|scsi|ext4|xfs|btrfs|jbd2|io_uring|fib\w*|neigh|bridge|sunrpc|ipi|csd):.*"
    r"|sched:(?!sched_process_(?:exec|exit|fork|free|hang)$).*"
    r"|tcp:tcp_(?:probe|rcv_space_adjust|cong_state_set|sendmsg_locked)"
)
_BUSY_CALLS: Final = (
    r"syscalls:sys_(?:enter|exit)_(?:(?:new)?[fl]?stat\w*|p?(?:read|write)(?:v2?|64)?|futex\w*|epoll_p?wait2?|poll"
    r"|ppoll|p?select6?|(?:send|recv)(?:msg|mmsg|to|from)?|sendfile\w*|splice|brk|mmap|munmap|madvise|mprotect|ioctl"
    r"|gettimeofday|clock_\w+|nanosleep|sched_\w+|get(?:pid|tid|ppid|uid|euid|cpu|rusage|sockopt)|close|openat2?|open"
    r"|access|faccessat2?|readlink(?:at)?|lseek|fcntl|rt_sig\w+|io_uring_enter|io_submit|io_p?getevents|accept4?)"
)
_BUSY_SOFTWARE: Final = r"(?:page-faults?|faults|minor-faults|context-switches|cs|cpu-migrations)(?::.*)?"
_KERNEL: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})
_USER: Final = frozenset({"uprobe", "uretprobe", "usdt"})
_RARE: Final = frozenset({"begin", "end", "interval", "self", "iter", "bench", "test"})


def why_hot(script: Script) -> str:
    """Why a script could be costly, by the first of its attach points that could; empty when none could."""
    return next((f"{point.text}: {why}" for point in script.points if (why := _why(point))), "")


def is_busy(point: AttachPoint) -> bool:
    """Whether an attach point may fire often."""
    return bool(_why(point))


def is_wildcard(point: AttachPoint) -> bool:
    """Whether an attach point stands for any number of probes."""
    return "*" in point.rest


def _why(point: AttachPoint) -> str:
    if point.provider in _RARE:
        return ""
    if is_wildcard(point):
        return "a wildcard"
    if point.provider in ("tracepoint", "rawtracepoint"):
        return _why_tracepoint(point)
    if point.provider in _KERNEL:
        return "a kernel function of unknown rate"
    if point.provider in _USER:
        return "a user function of unknown rate"
    if point.provider == "profile":
        return "" if _samples(point.rest) <= MOST_HZ else "many samples a second"
    if point.provider == "software":
        return "an event of the scheduler or the memory" if re.fullmatch(_BUSY_SOFTWARE, point.rest) else ""
    return "an event of unknown rate"


def _why_tracepoint(point: AttachPoint) -> str:
    if point.provider == "rawtracepoint":
        calm = "sched_process_" in point.rest
        return "" if calm else "a raw tracepoint"
    if re.fullmatch(_BUSY_CALLS, point.rest):
        return "a frequent system call"
    return "a frequent event" if re.fullmatch(_BUSY_TRACEPOINTS, point.rest) else ""


def _samples(rest: str) -> float:
    """Samples a second of `hz:99`, `us:100`, `ms:10` or `s:1`; many for what cannot be told."""
    unit, _, number = rest.partition(":")
    if not number.isdecimal() or not int(number):
        return float("inf")
    each = {"hz": float(number), "s": 1 / int(number), "ms": 1e3 / int(number), "us": 1e6 / int(number)}
    return each.get(unit, float("inf"))
