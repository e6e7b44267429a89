"""`bttop doctor -H ...`: which hosts can be reached and can trace, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from bttop.commands.options.host_names import destinations
from bttop.commands.starting.far_site import ssh_words
from bttop.engine.remote.examination import HostFinding, examine_hosts
from bttop.model.format import numbers
from bttop.model.format.json_text import json_text
from bttop.output import say, write_data
from bttop.trust import Trust

CANNOT_TRACE: Final = 3
_HEAD: Final = ("host", "state", "round trip", "clock", "bpftrace", "cpus", "kernel")


def examine(
    hosts: Sequence[str],
    ssh: Sequence[str] | None,
    bpftrace: str | None,
    trust: Trust,
    *,
    sudo: bool,
    many: bool,
    as_json: bool,
) -> int:
    """Print the table, or JSON; return 3 if programs cannot run on one of the hosts, else 0. Raises BttopError."""
    wanted = destinations(hosts, sudo=sudo, many=many)
    found = examine_hosts(ssh_words(ssh, trust), wanted, bpftrace)
    if as_json:
        text = json_text({"hosts": [msgspec.to_builtins(one) for one in found]}, indent=2)
        write_data(lambda out: out.write(f"{text}\n"))
    else:
        say(table(found))
    return CANNOT_TRACE if any(one.why_not for one in found) else 0


def table(found: Sequence[HostFinding]) -> Iterator[str]:
    """One line a host; below those on which nothing can run, the reason and the command that fixes it."""
    rows = [_HEAD, *(_row(one) for one in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    for row, one in zip(rows, [None, *found], strict=True):
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        if one is not None and one.why_not:
            yield f"{' ' * widths[0]}  {one.why_not}"
            if one.fix:
                yield f"{' ' * widths[0]}  try: {one.fix}"
    broken = sum(bool(one.why_not) for one in found)
    yield ""
    yield f"{len(found) - broken} of {len(found)} hosts can be traced"


def _row(one: HostFinding) -> tuple[str, ...]:
    if one.why_not:
        return (one.name, "broken", *[""] * (len(_HEAD) - 2))
    trip = "unknown" if one.round_trip is None else numbers.duration(one.round_trip)
    return (one.name, "ok", trip, _clock(one), one.bpftrace, str(one.cpus), one.kernel)


def _clock(one: HostFinding) -> str:
    """The offset of the clock, or by how much it is at most wrong if that is more."""
    if one.round_trip is None:
        return "unknown"
    if abs(one.clock) <= one.clock_error:
        return f"±{numbers.duration(one.clock_error)}"
    return f"{'+' if one.clock > 0 else '-'}{numbers.duration(abs(one.clock))}"
