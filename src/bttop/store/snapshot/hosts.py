"""The hosts of a snapshot file with their clocks, and which programs ran on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bttop.errors import UsageError
from bttop.model.format.text import visible
from bttop.model.format.unique import unique_name
from bttop.store.snapshot.facts import HOST_COLUMNS, HostClock, RecordedHost, read_host
from bttop.store.snapshot.recording_events import NO_HOST
from bttop.store.snapshot.tables.row_reading import Reader

_MOST_HOSTS = 1_000
_MOST_PROGRAMS = 10_000
_OWN_CLOCK = HostClock()


class ProgramRow(Struct, frozen=True):
    """A recorded program."""

    id: int
    """Its number in the file."""
    name: str
    host: RecordedHost
    label: str
    """Its name; in a recording of several hosts, with its host."""


class Hosts:
    """The hosts that are read, and the programs on them."""

    def __init__(self, reader: Reader, only: Sequence[str], note: Callable[[str], None]) -> None:
        """`only`: names of hosts; empty for all. Raises UsageError if there is no such host."""
        self._note = note
        every = _hosts(reader, note)
        self.names = frozenset(host.name for host in every.values())
        """The names of all hosts of the file."""
        self.by_number: Mapping[int, RecordedHost] = _wanted(every, only)
        self._lone = next(iter(every.values())) if len(every) == 1 else None
        """The only host of the file: programs whose names are lost ran there."""
        rows = reader.checked("program", ("id", "host", "name"), "ORDER BY id", most=_MOST_PROGRAMS)
        self._programs = {id_: (host, name) for id_, host, name in rows}
        self._unwanted = {one for one, (host, _) in self._programs.items() if host in every.keys() - self.by_number}

    def clock(self, host: int) -> HostClock:
        """The clocks of a host; those of the recording for NO_HOST."""
        return self.by_number[host].clock if host in self.by_number else _OWN_CLOCK

    def clock_of(self, program: int) -> HostClock:
        """The clocks of the host of a program."""
        host = self.host_of(program)
        return _OWN_CLOCK if host is None else host.clock

    def host_of(self, program: int) -> RecordedHost | None:
        """The host of a program; None if it is unknown or not read."""
        if program in self._programs:
            return self.by_number.get(self._programs[program][0])
        return self._lone

    def is_read(self, host: int) -> bool:
        """Whether what is about this host is read. What is about no single host always is."""
        return host == NO_HOST or host in self.by_number

    def leaves_out(self, program: int) -> bool:
        """Whether a program is of a host that is not read."""
        return program in self._unwanted

    def programs(self, ran: Iterable[int]) -> tuple[ProgramRow, ...]:
        """The programs, by number. `ran`: those of the generations, which show what there was if names are lost."""
        lost = sorted(set(ran) - self._programs.keys())
        names = {id_: name for id_, (_, name) in self._programs.items()} | {id_: f"program {id_}" for id_ in lost}
        found = []
        for id_, name in names.items():
            host = self.host_of(id_)
            if host is not None:
                found.append(ProgramRow(id_, name, host, f"{host.name} {name}" if len(self.by_number) > 1 else name))
            elif not self.leaves_out(id_):
                self._note(f"program {visible(name)} is left out: its host is missing")
        return tuple(found)


def _hosts(reader: Reader, note: Callable[[str], None]) -> dict[int, RecordedHost]:
    found: dict[int, RecordedHost] = {}
    for row in reader.checked("host", HOST_COLUMNS, "ORDER BY id", most=_MOST_HOSTS):
        host = read_host(row)
        if host is None:
            note(f"host {visible(row[1])} is left out: its release of bpftrace is unknown")
        else:
            # bttop writes each name once: a host must not appear under the name of another.
            name = unique_name(host.name, [one.name for one in found.values()], "{name} ({number})")
            found[host.id] = replace(host, facts=replace(host.facts, name=name))
    return found


def _wanted(every: Mapping[int, RecordedHost], only: Sequence[str]) -> Mapping[int, RecordedHost]:
    names = {host.name for host in every.values()}
    if unknown := [name for name in only if name not in names]:
        there = ", ".join(visible(name) for name in sorted(names))
        raise UsageError(f"the recording has no host {unknown[0]!r}; it has: {there}", title="no such host")
    return {id_: host for id_, host in every.items() if not only or host.name in only}
