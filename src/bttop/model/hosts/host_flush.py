"""The flushes of several hosts that end in the same interval, as one flush."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Final, NamedTuple

from msgspec.structs import replace

from bttop.model.flush.contents import Origin
from bttop.model.flush.flush import Flush
from bttop.model.format.text import first_names
from bttop.model.hosts.merged_maps import How, joined_map, merged_map, merged_plan
from bttop.model.plan import Plan
from bttop.model.record.records import Printed

_PIECES: Final = frozenset({"printf", "join", "time"})
"""What prints pieces of lines."""


class ClockOffset(NamedTuple):
    """How far the clocks of a host are ahead of those of this one, in ns."""

    boot_ns: int = 0
    wall_ns: int = 0


class HostFlush(Flush, frozen=True, kw_only=True):
    """A merged flush. Its times are on the clocks of this host; it is as long as the flushes in it are on average."""

    parts: Mapping[str, Flush]
    """The flushes by host, as each host has made them."""
    missing: tuple[str, ...] = ()
    """The hosts that were asked and have no flush in this interval."""

    @property
    def coverage(self) -> str:
        """See `Flush.coverage`."""
        if not self.missing:
            return ""
        found = len(self.parts)
        return f"{found} of {found + len(self.missing)} hosts: without {first_names(self.missing)}"


class Moment(NamedTuple):
    """What the timeline decides about a merged flush."""

    generation: int
    number: int
    end_ns: int
    wall_ns: int
    """The end, in ns since 1970."""


def host_plan(plan: Plan, how: How) -> Plan:
    """The plan of merged flushes: that of one host with the merged plan of each map."""
    return replace(plan, maps={name: merged_plan(one, how) for name, one in plan.maps.items()})


def host_flush(parts: Mapping[str, Flush], missing: tuple[str, ...], how: How, moment: Moment) -> HostFlush:
    """Merge the flushes of at least one host."""
    flushes = list(parts.values())
    first = flushes[0]
    length = sum(one.end_ns - one.start_ns - one.unseen_ns for one in flushes) // len(flushes)
    names = dict.fromkeys(name for one in flushes for name in one.maps)
    maps = {
        name: merged_map({host: one.maps[name] for host, one in parts.items() if name in one.maps}, how)
        for name in names
    }
    return HostFlush(
        Origin(first.origin.release, host_plan(first.origin.plan, how)),
        moment.generation,
        first.mark,
        moment.number,
        moment.end_ns - length,
        moment.end_ns,
        moment.wall_ns,
        maps,
        tuple(_printed(parts)) if how != "one" else first.printed,
        frozenset(caveat for one in flushes for caveat in one.caveats),
        (),
        dropped=sum(one.dropped for one in flushes),
        lost_ticks=max(one.lost_ticks for one in flushes),
        lag_ns=max(one.lag_ns for one in flushes),
        is_last=all(one.is_last for one in flushes),
        skipped=sum(one.skipped for one in flushes),
        fired=sum(one.fired for one in flushes) if all(one.fired for one in flushes) else 0,
        parts=parts,
        missing=missing,
    )


def joined_flush(flushes: Sequence[Flush]) -> Flush:
    """Consecutive flushes of one host as one; of values that cannot be added up it has the last ones."""
    first, last = flushes[0], flushes[-1]
    return replace(
        last,
        start_ns=first.start_ns,
        maps={name: joined_map([one.maps[name] for one in flushes if name in one.maps]) for name in last.maps},
        printed=tuple([record for one in flushes for record in one.printed]),
        caveats=frozenset(caveat for one in flushes for caveat in one.caveats),
        lines=(),
        base=(),
        dropped=sum(one.dropped for one in flushes),
        lost_ticks=sum(one.lost_ticks for one in flushes),
        skipped=sum(one.skipped for one in flushes),
        fired=sum(one.fired for one in flushes) if all(one.fired for one in flushes) else 0,
        unseen_ns=max(0, last.end_ns - first.start_ns - sum(one.end_ns - one.start_ns for one in flushes)),
    )


def _printed(parts: Mapping[str, Flush]) -> Iterator[Printed]:
    """The printed lines of all hosts by their time of day, each behind the name of its host."""
    return merge(*(_named(host, flush) for host, flush in parts.items()), key=lambda one: one.stamp.wall_ns)


def _named(host: str, flush: Flush) -> Iterator[Printed]:
    """The lines that a host printed: `printf` may print a line in several records."""
    rest = ""
    for record in flush.printed:
        text = rest + (record.data if isinstance(record.data, str) else str(record.data))
        *lines, rest = text.split("\n") if record.kind in _PIECES else (*text.split("\n"), "")
        yield from (_line(record, host, line) for line in lines if line)
    if rest:
        yield _line(flush.printed[-1], host, rest)


def _line(record: Printed, host: str, text: str) -> Printed:
    return replace(record, kind="line", data=f"{host}  {text}")
