"""Starts the shipped probes that are asked for together in one bpftrace, which takes less memory than one for each.

Scripts of users run alone: one attach point that is missing, or one error, ends the process of all. A probe for which
bpftrace names user frames runs alone too, because it would delay the flushes of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import Generation
from bttop.engine.generation.shipped_probes import is_shipped
from bttop.engine.host.host import Host
from bttop.engine.host.memory import available_bytes
from bttop.engine.merging.merged_process import MergedProcess, merged_environment
from bttop.engine.program.program import Program
from bttop.engine.program.starts import BpftraceCommand, Starts
from bttop.engine.tracer.launch import names_user_stacks
from bttop.model.record.release import Release
from bttop.script.rewrite.merge import MOST_PARTS, as_part, can_merge, kernel_prefix, merged

SHORT_OF_MEMORY: Final = 1 << 30
"""Available bytes below which starts are merged without a request."""
_NAMES_MAPS: Final = (4, 15)
"""The first kernel that keeps the names of maps, by which the tracer knows whose BPF programs are whose."""
_MEASURED: Final = Release(0, 17, 0)
"""The first release whose names of maps were seen."""


class _Start(Struct, frozen=True):
    """A start that waits for others."""

    generation: Generation
    command: BpftraceCommand


class Merges:
    """The merged processes of a session. Engine thread only; `note` may be read from any thread."""

    def __init__(
        self,
        starts: Starts,
        host: Host,
        release: Release,
        *,
        wanted: bool = False,
        available: Callable[[], int | None] | None = None,
    ) -> None:
        """`wanted`: merge always, not only while memory is short. `available` returns the available memory in bytes."""
        self.processes: dict[int, MergedProcess] = {}
        """By the tracer's number."""
        self.note = ""
        """What the header says about merged processes; empty if there are none."""
        self.wanted = wanted
        self._starts = starts
        self._host = host
        self._release = release
        self._available = available or partial(available_bytes, host.proc / "meminfo")
        self._is_possible = starts.reads_maps and host.version >= _NAMES_MAPS and release >= _MEASURED
        self._groups: list[list[_Start]] | None = None
        """Starts that wait for others; those of a group can run in one process. None: starts do not wait."""

    def give_up(self) -> None:
        """A merged process has failed: merge no more in this session."""
        self._is_possible = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run the starts inside in one bpftrace, as far as possible."""
        if self._groups is not None or not self._is_possible:
            yield
            return
        self._groups = []
        try:
            yield
        finally:
            groups, self._groups = self._groups, None
            for group in groups:
                self._start(group)

    def _is_short(self) -> bool:
        available = self._available()
        return available is not None and available < SHORT_OF_MEMORY

    def join(self, program: Program, candidate: Candidate, number: int, now: int) -> Generation | None:
        """The generation of a start that waits for others; None if it must start alone. `now` is CLOCK_BOOTTIME in
        ns."""
        if self._groups is None or not (self.wanted or self._is_short()) or not self._may_join(program, candidate):
            return None
        command = self._starts.command(program, candidate, unsafe=False)
        group = self._group_for(self._groups, command)
        part = replace(candidate, prepared=as_part(candidate.prepared, len(group)))
        generation = self._starts.generation(part, number, now)
        group.append(_Start(generation, replace(command, text=part.prepared.text)))
        return generation

    def _group_for(self, groups: list[list[_Start]], command: BpftraceCommand) -> list[_Start]:
        """The group of starts that a command can join, or a new one."""
        for group in groups:
            if len(group) < MOST_PARTS and _fit([one.command for one in group], command):
                return group
        groups.append([])
        return groups[-1]

    def _may_join(self, program: Program, candidate: Candidate) -> bool:
        source = candidate.source
        is_own = is_shipped(source.text) and not program.permission.is_edited
        is_plain = not (source.options or source.environment or candidate.missing) and candidate.regular
        if not (is_own and is_plain and candidate.edited and can_merge(candidate.prepared)):
            return False
        if candidate.prepared.uses_user_stacks and self._names_user_stacks(program, candidate):
            return False
        return not self._host.why_unavailable((one.provider, one.rest) for one in candidate.prepared.attach_points)

    def _names_user_stacks(self, program: Program, candidate: Candidate) -> bool:
        """Whether bpftrace looks up names of user frames. That takes up to seconds for a flush, in which the process
        prints and clears no other map: the flushes of the others would be late."""
        is_one = program.settings.one_process or candidate.prepared.one_process
        return names_user_stacks(self._release, one_process=is_one)

    def _start(self, gathered: list[_Start]) -> None:
        alone: list[_Start] = []
        text = merged([one.generation.candidate.prepared for one in gathered])
        while text is None:
            alone.append(gathered.pop())
            text = merged([one.generation.candidate.prepared for one in gathered])
        if len(gathered) < 2:
            gathered, alone = [], [*gathered, *alone]
        for one in alone:
            self._starts.send(one.generation.id, (one.generation,), one.command)
        if gathered:
            parts = [one.generation for one in gathered]
            process = MergedProcess(self._starts.next_id(), parts, text, self._release)
            self.processes[process.id] = process
            prefixes = tuple([(part.id, kernel_prefix(index)) for index, part in enumerate(parts)])
            self._starts.send(process.id, parts, _together([one.command for one in gathered], text.text), prefixes)
            self._tell()

    def of(self, generation: Generation) -> MergedProcess | None:
        """The merged process of a generation; None if it has a process of its own."""
        return next((one for one in self.processes.values() if generation in one.parts), None)

    def ended(self, process: MergedProcess) -> None:
        """A merged process has ended, or is ignored from now on."""
        self.processes.pop(process.id, None)
        self._tell()

    def lost(self) -> None:
        """The tracer has ended, and every bpftrace with it."""
        self.processes.clear()
        self._tell()

    def _tell(self) -> None:
        shared = sum(len(one.parts) for one in self.processes.values())
        why = "" if self.wanted else ", memory is short"
        self.note = f"{len(self.processes)} bpftrace for {shared} programs{why}" if shared else ""


def _fit(group: Sequence[BpftraceCommand], other: BpftraceCommand) -> bool:
    """Whether a start differs from others only in its text and in settings that do not contradict theirs."""
    is_alike = all(one.around == other.around and one.folder == other.folder for one in group)
    return is_alike and merged_environment([one.environment for one in (*group, other)]) is not None


def _together(commands: Sequence[BpftraceCommand], text: str) -> BpftraceCommand:
    environment = merged_environment([one.environment for one in commands])
    needed = [one.categories for one in commands]
    categories = tuple(sorted(set(chain.from_iterable(needed)))) if all(needed) else ()
    return replace(commands[0], text=text, environment=environment or {}, categories=categories)


def is_shown(program: Program, generation: Generation) -> bool:
    """Whether a generation is the current one of its program."""
    return program.generations()[:1] == (generation,)


def successor_of(program: Program) -> Generation | None:
    """The next generation of a program."""
    return next(iter(program.generations()[1:]), None)
