"""Wraps IP addresses that are arrays of bytes in `ntop` if they are map keys.

bpftrace 0.17 refuses an array as a key. `ntop` accepts an array of 4 or 16 bytes in every release, so only events
whose fields have these sizes on every kernel are edited. For other events, the column's decoder shows the array.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bttop.script.language.columns import Expression, field_of
from bttop.script.language.edits import Wrapping, wrap
from bttop.script.language.field_decoders import ADDRESS_FIELDS
from bttop.script.language.reader import Script
from bttop.script.language.survey import MapUse, ScriptSurvey, Update

# Without tcp_send_reset: since Linux 6.10 its addresses are a `struct sockaddr`.
_EVENTS: Final = frozenset(
    [
        "tcp:tcp_retransmit_skb",
        "tcp:tcp_retransmit_synack",
        "tcp:tcp_destroy_sock",
        "tcp:tcp_receive_reset",
        "tcp:tcp_rcv_space_adjust",
        "tcp:tcp_rcvbuf_grow",
        "tcp:tcp_cong_state_set",
        "sock:inet_sock_set_state",
        "sock:inet_sk_error_report",
    ]
)


def address_edits(script: Script, seen: ScriptSurvey) -> Iterator[Wrapping]:
    """The edits that put `ntop(…)` around each address in the keys of maps that are only counted into."""
    for use in seen.maps.values():
        if (use.pure or use.only_counted) and _has_known_sizes(script, use):
            for update in use.updates:
                yield from (wrap(part[0], part[-1], "ntop(", ")") for part in _own_keys(update) if _is_address(part))


def _is_address(expression: Expression) -> bool:
    """Whether the expression is exactly an address field, for example `args->saddr` or `args.daddr_v6`."""
    return field_of(expression) in ADDRESS_FIELDS


def _own_keys(update: Update) -> tuple[Expression, ...]:
    """The parts of a statement's key; none for a macro, in which they may be."""
    return () if update.form == "macro" else update.keys


def _has_known_sizes(script: Script, use: MapUse) -> bool:
    points = [point for update in use.updates for point in script.probes[update.probe].points]
    return all(point.provider == "tracepoint" and point.rest in _EVENTS for point in points)
