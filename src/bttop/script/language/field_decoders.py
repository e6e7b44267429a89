"""Fields of tracepoints whose meaning the kernel defines: their columns are decoded without front matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from bttop.model.plan import PartKind


class FieldDecoder(Struct, frozen=True):
    """What a column of a field holds."""

    kind: PartKind
    decoder: str


class _Rule(Struct, frozen=True):
    events: tuple[str, ...]
    """The tracepoints, as `category:event`, in which the fields have this meaning; one that ends in `:` or `_` is the
    beginning of several."""
    fields: tuple[str, ...]
    decoder: str
    kind: PartKind

    def fits(self, event: str) -> bool:
        return any(event.startswith(one) if one.endswith((":", "_")) else event == one for one in self.events)


def _rule(events: str, fields: str, decoder: str, kind: PartKind = "int") -> _Rule:
    return _Rule(tuple(events.split()), tuple(fields.split()), decoder, kind)


ADDRESS_FIELDS: Final = frozenset({"saddr", "daddr", "saddr_v6", "daddr_v6"})
"""Fields of network tracepoints that are arrays of bytes."""
_KILLS: Final = "syscalls:sys_enter_kill syscalls:sys_enter_tkill syscalls:sys_enter_tgkill"
_SENT_SIGNALS: Final = "syscalls:sys_enter_pidfd_send_signal syscalls:sys_enter_rt_sigqueueinfo"
_SOCKETS: Final = "syscalls:sys_enter_socket syscalls:sys_enter_socketpair"

# The formats in /sys/kernel/tracing/events, Linux 4.14 to 6.18. Left out are fields that have several meanings, such as
# the protocol of socket(2), which depends on its family.
_RULES: Final = (
    _rule("raw_syscalls:sys_", "id", "syscall"),
    _rule("syscalls:sys_", "__syscall_nr", "syscall"),
    _rule("raw_syscalls:sys_exit syscalls:sys_exit_ sock:sock_send_length sock:sock_recv_length", "ret", "result"),
    _rule("tcp: sock: udp:", " ".join(sorted(ADDRESS_FIELDS)), "address", "text"),
    _rule("tcp: sock:", "family", "family"),
    _rule("sock:", "protocol", "protocol"),
    _rule("sock:inet_sock_set_state", "oldstate newstate", "tcp_state"),
    _rule("tcp:tcp_retransmit_skb tcp:tcp_send_reset", "state", "tcp_state"),
    _rule("sock:inet_sk_error_report", "error", "errno"),
    _rule("tcp:tcp_retransmit_skb", "err", "errno"),
    _rule("skb:kfree_skb net:", "protocol", "ethertype"),
    _rule("signal:signal_generate signal:signal_deliver", "sig", "signal"),
    _rule(f"{_KILLS} {_SENT_SIGNALS} syscalls:sys_enter_rt_sigaction", "sig", "signal"),
    _rule("block: ext4: jbd2: xfs: f2fs: erofs:", "dev", "device"),
    _rule("filemap: filelock:", "s_dev", "device"),
    _rule("block:", "rwbs", "block_operation", "text"),
    _rule("block:block_rq_complete block:block_rq_error", "error", "errno"),
    _rule(_SOCKETS, "family", "family"),
    _rule(_SOCKETS, "type", "socket_type"),
    _rule("syscalls:sys_enter_open syscalls:sys_enter_openat", "flags", "open_flags"),
    _rule("syscalls:sys_enter_mmap syscalls:sys_enter_mprotect", "prot", "protection"),
    _rule("syscalls:sys_enter_mmap", "flags", "map_flags"),
    _rule("syscalls:sys_enter_madvise", "behavior", "advice"),
    _rule("syscalls:sys_enter_futex", "op", "futex"),
)
_NUMBER_ONLY: Final = "raw_syscalls:"
"""bpftrace's raw tracepoints `sys_enter` and `sys_exit` have the fields of this category."""


def field_decoders(events: Iterable[str]) -> Mapping[str, FieldDecoder]:
    """The fields, by name, that mean the same in all of these tracepoints (`category:event`, or the name of a raw
    tracepoint). A wildcard counts as an event."""
    found: Mapping[str, FieldDecoder] | None = None
    for event in dict.fromkeys(events):
        here = _of_event(event if ":" in event else _NUMBER_ONLY + event)
        found = here if found is None else {name: one for name, one in found.items() if here.get(name) == one}
    return found or {}


def _of_event(event: str) -> Mapping[str, FieldDecoder]:
    return {name: FieldDecoder(rule.kind, rule.decoder) for rule in _RULES if rule.fits(event) for name in rule.fields}
