"""The raw form of a script's tracepoints: a raw one is not skipped while another BPF program runs on the CPU, makes no
other one be skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bttop.script.attribution import may_be_skipped
from bttop.script.edits import Edit, replace
from bttop.script.hot import is_wildcard
from bttop.script.lexer import Token
from bttop.script.parameter import code_of
from bttop.script.reader import AttachPoint, Probe, Script

_FREQUENT: Final = (
    r"(?:raw_syscalls|irq|irq_vectors|timer|kmem|exceptions|page_fault\w*|rcu|net|napi|skb|qdisc|sock|block|writeback"
    r"|lock|preemptirq|power|workqueue|page_pool|mmap_lock|tlb|vmalloc|xdp|filemap|pagemap|vmscan|compaction|percpu"
    r"|dma_fence|gpio|rpm|msr|xen|kvm|nvme|scsi|ext4|xfs|btrfs|jbd2|io_uring|fib\w*|neigh|bridge|sunrpc|ipi|csd):.*"
    r"|sched:(?!sched_process_(?:exec|exit|fork|free|hang)$).*"
    r"|tcp:tcp_(?:probe|rcv_space_adjust|cong_state_set|sendmsg_locked)"
)
"""Tracepoints for which the raw form is worth an offer. Nothing is trusted for a name here (hot.py)."""
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
"""Fields of a tracepoint and where they stand among the arguments of the raw one, since Linux 4.17."""


def raw_edits(script: Script) -> Iterator[Edit]:
    """The edits that give each probe its raw form that may be skipped, or is busy and makes others be skipped."""
    for probe in script.probes:
        (point, *others) = probe.points
        fields = [] if others else _field_edits(script, probe, point)
        if not others and fields is not None and _has_raw_form(point):
            yield replace(script.tokens[probe.start], f"rawtracepoint:{point.rest.rpartition(':')[2]}")
            yield from fields


def _has_raw_form(point: AttachPoint) -> bool:
    """Those of single system calls have none: they are made of raw_syscalls."""
    is_event = point.provider == "tracepoint" and ":" in point.rest and not is_wildcard(point)
    return (
        is_event
        and not point.rest.startswith("syscalls:")
        and (bool(re.fullmatch(_FREQUENT, point.rest)) or may_be_skipped(point))
    )


def _field_edits(script: Script, probe: Probe, point: AttachPoint) -> list[Edit] | None:
    """What stands in the place of each field; None where one is not known."""
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
    """The field behind `args`."""
    has_field = len(tokens) > at + 2 and tokens[at + 1].text in ("->", ".")
    return tokens[at + 2] if has_field else None
