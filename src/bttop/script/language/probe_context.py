"""In which process's context a probe runs: whether bpftrace's `pid` is the process that the event is about.

Measured with bpftrace 0.17, 0.23 and 0.27 on Linux 6.18 under known loads, unless a comment says otherwise.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from bttop.patterns import pattern
from bttop.script.language.reader import AttachPoint, Probe

Context: TypeAlias = Literal["exact", "inexact", "foreign", "none"]
"""exact: always the process itself. inexact: often another process, or unknown. foreign: the process that was
interrupted, so a pin has no meaning. none: no process at all (for example BEGIN, END, interval and iter)."""

_NO_PROCESS: Final = frozenset({"begin", "end", "interval", "self", "bench", "test", "iter"})
_OWN_PROVIDERS: Final = frozenset(
    {"uprobe", "uretprobe", "usdt", "profile", "software", "hardware", "watchpoint", "asyncwatchpoint"}
)
_KERNEL_FUNCTIONS: Final = frozenset({"kprobe", "kretprobe", "fentry", "fexit"})

_OWN_EVENTS: Final = pattern(
    r"(?:raw_syscalls|syscalls):.*"
    # At a switch, `pid` is the process that leaves the CPU.
    r"|sched:sched_(?:switch|process_exec|process_exit)"
    r"|sock:sock_(?:send|recv)_length"
    r"|tcp:tcp_rcv_space_adjust"
)
_OWN_RAW_EVENTS: Final = pattern(
    r"(?:[a-z_]+:)?(?:sys_enter|sys_exit|sched_switch|sched_process_(?:exec|exit)|sock_(?:send|recv)_length"
    r"|tcp_rcv_space_adjust)"
)
_FOREIGN_EVENTS: Final = pattern(r"(?:irq|timer|irq_vectors):.*|block:block_rq_complete")
_MIXED_EVENTS: Final = pattern(
    r"sched:sched_(?:wakeup|waking|wakeup_new|migrate_task|stat_\w+)|(?:net|napi|skb|qdisc|block|workqueue|writeback):.*"
    r"|tcp:tcp_(?:probe|retransmit_\w+|send_reset|receive_reset|destroy_sock|bad_csum)|sock:inet_sock_set_state"
    r"|signal:signal_deliver"
)
"""Events that often run in another process's context, as measured. For all other inexact events this is unknown."""
_FOREIGN_RAW_EVENTS: Final = pattern(r"(?:irq_handler|softirq|tasklet|timer|hrtimer)_\w+|block_rq_complete")
_MIXED_RAW_EVENTS: Final = pattern(
    r"sched_(?:wakeup|waking|wakeup_new|migrate_task|stat_\w+)|(?:net|netif|napi|kfree_skb|consume_skb|qdisc|block)_?\w*"
    r"|(?:workqueue|writeback)_\w+|tcp_(?:probe|retransmit_\w+|send_reset|receive_reset|destroy_sock|bad_csum)"
    r"|inet_sock_set_state|signal_deliver"
)
# Entry points that only a system call of the process reaches; not measured.
_OWN_FUNCTIONS: Final = pattern(
    r"(?:vfs|ksys|do_sys|__x64_sys|__ia32_sys|__arm64_sys|__se_sys|__do_sys)_\w+"
    r"|do_mmap|do_munmap|do_exit|do_execveat?\w*|(?:tcp|udp|udpv6|sock)_(?:send|recv)msg\w*|tcp_v[46]_connect"
)


def context_of(point: AttachPoint) -> Context:
    """The context in which one attach point runs."""
    if point.provider in _NO_PROCESS:
        return "none"
    if point.provider in _OWN_PROVIDERS:
        return "exact"
    own = _own_pattern(point.provider)
    if own is not None and own.fullmatch(point.rest.rpartition(":")[2] if own is _OWN_FUNCTIONS else point.rest):
        return "exact"
    return "foreign" if _foreign_pattern(point).fullmatch(_event(point)) else "inexact"


def context_of_probe(probe: Probe) -> Context:
    """The worst context of a probe's attach points, because they share one predicate."""
    contexts = {context_of(point) for point in probe.points}
    worst: tuple[Context, ...] = ("none", "foreign", "inexact", "exact")
    return next(context for context in worst if context in contexts)


def has_process(probe: Probe) -> bool:
    """Whether a probe can run in the context of a process."""
    return context_of_probe(probe) != "none"


def interrupts(point: AttachPoint) -> bool:
    """Whether an event is known to run in the context of any process that is on the CPU."""
    mixed = _MIXED_RAW_EVENTS if point.provider == "rawtracepoint" else _MIXED_EVENTS
    is_known = context_of(point) == "foreign" or mixed.fullmatch(_event(point)) is not None
    return point.provider in ("tracepoint", "rawtracepoint") and is_known


def may_be_skipped(point: AttachPoint) -> bool:
    """Whether the kernel may skip its events because another BPF program is running on the CPU. That is so for
    tracepoints and kprobes that fire in interrupts."""
    if point.provider in ("kprobe", "kretprobe"):
        return context_of(point) != "exact"
    return point.provider == "tracepoint" and interrupts(point)


def _foreign_pattern(point: AttachPoint) -> re.Pattern[str]:
    return _FOREIGN_RAW_EVENTS if point.provider == "rawtracepoint" else _FOREIGN_EVENTS


def _event(point: AttachPoint) -> str:
    """The name of an event; for a raw tracepoint, without its module."""
    return point.rest.rpartition(":")[2] if point.provider == "rawtracepoint" else point.rest


def _own_pattern(provider: str) -> re.Pattern[str] | None:
    if provider == "tracepoint":
        return _OWN_EVENTS
    if provider == "rawtracepoint":
        return _OWN_RAW_EVENTS
    return _OWN_FUNCTIONS if provider in _KERNEL_FUNCTIONS else None
