"""The raw form of a script's tracepoints. The kernel does not skip a raw tracepoint while another BPF program runs on
the CPU, and a raw tracepoint does not cause others to be skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bttop.script.cost.hot_probes import is_wildcard
from bttop.script.language.edits import Edit, replace
from bttop.script.language.lexer import Token
from bttop.script.language.probe_context import may_be_skipped
from bttop.script.language.reader import AttachPoint, Probe, Script
from bttop.script.process.regions import code_of

_FREQUENT: Final = (
    r"(?:raw_syscalls|irq|irq_vectors|timer|kmem|exceptions|page_fault\w*|rcu|net|napi|skb|qdisc|sock|block|writeback"
    r"|lock|preemptirq|power|workqueue|page_pool|mmap_lock|tlb|vmalloc|xdp|filemap|pagemap|vmscan|compaction|percpu"
    r"|dma_fence|gpio|rpm|msr|xen|kvm|nvme|scsi|ext4|xfs|btrfs|jbd2|io_uring|fib\w*|neigh|bridge|sunrpc|ipi|csd):.*"
    r"|sched:(?!sched_process_(?:exec|exit|fork|free|hang)$).*"
    r"|tcp:tcp_(?:probe|rcv_space_adjust|cong_state_set|sendmsg_locked)"
)
"""Tracepoints that can be frequent, so that bttop offers the raw form. Names do not decide which scripts are checked
before they run (see `cost/hot_probes.py`)."""
_LEAVES: Final = "((struct task_struct *)arg1)"
_COMES: Final = "((struct task_struct *)arg2)"
_WOKEN: Final = {"pid": "((struct task_struct *)arg0)->pid", "comm": "((struct task_struct *)arg0)->comm"}
_FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "raw_syscalls:sys_enter": {"id": "(int64)arg1"},
    "raw_syscalls:sys_exit": {"ret": "(int64)arg1"},
    "sched:sched_switch": {
        "prev_pid": f"{_LEAVES}->pid", "prev_comm": f"{_LEAVES}->comm",
        "next_pid": f"{_COMES}->pid", "next_comm": f"{_COMES}->comm",
    },
    "sched:sched_wakeup": _WOKEN,
    "sched:sched_waking": _WOKEN,
    "sched:sched_wakeup_new": _WOKEN,
}  # fmt: skip
"""The fields of a tracepoint as arguments of the raw tracepoint, since Linux 4.17."""


def raw_edits(script: Script) -> Iterator[Edit]:
    """The edits that turn probes into their raw form: those that the kernel may skip, and frequent ones, which cause
    others to be skipped."""
    for probe in script.probes:
        (point, *others) = probe.points
        fields = [] if others else _field_edits(script, probe, point)
        if not others and fields is not None and _has_raw_form(point):
            yield replace(script.tokens[probe.start], f"rawtracepoint:{point.rest.rpartition(':')[2]}")
            yield from fields


def _has_raw_form(point: AttachPoint) -> bool:
    """Whether bttop offers the raw form. Tracepoints of single system calls have none: raw_syscalls implements them."""
    is_event = point.provider == "tracepoint" and ":" in point.rest and not is_wildcard(point)
    return (
        is_event
        and not point.rest.startswith("syscalls:")
        and (bool(re.fullmatch(_FREQUENT, point.rest)) or may_be_skipped(point))
    )


def _field_edits(script: Script, probe: Probe, point: AttachPoint) -> list[Edit] | None:
    """The edits that replace each field; None if a field is unknown or the builtin `probe` is used."""
    known = _FIELDS.get(point.rest, {})
    tokens = code_of(script, probe)
    edits = []
    for at, token in enumerate(tokens):
        if token.text == "probe":
            return None
        if token.text == "args":
            field = _field(tokens, at)
            if field is None or field.text not in known:
                return None
            edits.append(Edit(token.start, known[field.text], field.end - token.start))
    return edits


def _field(tokens: list[Token], at: int) -> Token | None:
    """The field after `args`, or None."""
    has_field = len(tokens) > at + 2 and tokens[at + 1].text in ("->", ".")
    return tokens[at + 2] if has_field else None
