"""Starts a bpftrace for a candidate: sets its id, arguments and environment, and waits for a tracer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import Generation
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.program import Program
from bttop.engine.tracer import launch
from bttop.engine.tracer.privilege import Privilege
from bttop.engine.tracer.tracepoint_categories import short_list
from bttop.engine.tracer.tracers import Tracers

POLITE = 19
"""Nice value of bpftrace while the dashboard starts: without it five compilers on two CPUs double the time to a screen
that answers keys."""


class BpftraceCommand(Struct, frozen=True):
    """A bpftrace to start, or another command."""

    before: tuple[str, ...]
    """The words before the text of the program."""
    text: str
    after: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path | None = None
    """None: the tracer's own."""
    categories: tuple[str, ...] = ()
    """The categories of tracepoints that it needs to see; empty for all."""

    @property
    def around(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words without the text."""
        return self.before, self.after

    @property
    def words(self) -> list[str]:
        return [*self.before, self.text, *self.after]


class _Waiting(Struct, frozen=True):
    ident: int
    generations: Sequence[Generation]
    command: BpftraceCommand
    parts: Sequence[tuple[int, str]]


class Starts:
    """Starts all commands of a session. Engine thread only."""

    def __init__(self, host: Host, bpftrace: Bpftrace, privilege: Privilege, tracers: Tracers) -> None:
        self._host = host
        self._bpftrace = bpftrace
        self._privilege = privilege
        self._tracers = tracers
        self._waiting: list[_Waiting] = []
        """Starts that were requested while there was no tracer."""
        self._last_id = 0
        self._nice = POLITE

    def hurry(self) -> None:
        """Set the nice value of running and future processes to 0."""
        self._nice = 0
        self._tracers.channel.renice(None, 0)

    def begin(self, program: Program, candidate: Candidate, number: int, *, now: int, unsafe: bool) -> Generation:
        """Start a bpftrace for the candidate, now or when there is a tracer again; `now` is CLOCK_BOOTTIME in ns."""
        generation = self.generation(candidate, number, now)
        self.send(generation.id, (generation,), self.command(program, candidate, unsafe=unsafe))
        return generation

    @property
    def reads_maps(self) -> bool:
        """Whether the tracer may read the names of BPF maps: it is root."""
        is_root = os.geteuid() == 0 and not self._privilege.bpftrace
        return is_root or bool(self._privilege.tracer)

    def command(self, program: Program, candidate: Candidate, *, unsafe: bool) -> BpftraceCommand:
        """The command for a candidate."""
        prepared, source = candidate.prepared, candidate.source
        words = launch.command(self._bpftrace, prepared, unsafe=unsafe, options=source.options)
        at = words.index(prepared.text)
        # A bpftrace behind sudo is not the tracer's child, and sudo refuses variables that its rules do not name.
        is_child = not self._privilege.own_terminals
        categories = short_list(prepared, self._bpftrace.release) if is_child else ()
        heap = launch.small_heap(os.environ) if is_child else {}
        environment = {**heap, **self._environment(program, candidate)}
        return BpftraceCommand(
            tuple(words[:at]), prepared.text, tuple(words[at + 1 :]), environment, source.folder, categories
        )

    def send(
        self,
        ident: int,
        generations: Sequence[Generation],
        command: BpftraceCommand,
        parts: Sequence[tuple[int, str]] = (),
    ) -> None:
        """Start the process of some generations, now or when there is a tracer again. `parts`: see `TracerChannel`."""
        if self._tracers.alive:
            self._send(ident, command, parts)
        else:
            self._waiting.append(_Waiting(ident, generations, command, parts))

    def query(self, words: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> int:
        """Start a command that belongs to no program; return its id. Raises TracerLost if there is no tracer."""
        ident = self.next_id()
        self._tracers.start(ident, self._privilege.command(words, environment), environment, self._nice, folder)
        return ident

    def catch_up(self) -> Iterator[Generation]:
        """There is a tracer again: start the waiting generations; yield those that were told to stop meanwhile."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if all(generation.doomed for generation in one.generations):
                yield from one.generations
            else:
                self._send(one.ident, one.command, one.parts)

    def next_id(self) -> int:
        """A new number for the tracer."""
        self._last_id += 1
        return self._last_id

    def generation(self, candidate: Candidate, number: int, now: int) -> Generation:
        """A generation that is not started yet."""
        keeps_settings = self._privilege.settings
        return Generation(
            self.next_id(),
            number,
            candidate,
            release=self._bpftrace.release,
            key_limit=launch.map_keys(self._host.cpus) if keeps_settings else launch.USUAL_KEYS,
            now=now,
            tells_ready=keeps_settings,
        )

    def _environment(self, program: Program, candidate: Candidate) -> dict[str, str]:
        return launch.environment(
            self._bpftrace.release,
            cpus=self._host.cpus,
            user_stacks=candidate.prepared.uses_user_stacks,
            one_process=program.settings.one_process or candidate.prepared.one_process,
            all_probes=candidate.all_probes,
            maps_at_exit=not candidate.prepared.ends_flush,
            prints_itself=candidate.prepared.prints_itself,
            given=candidate.source.environment,
            own_settings=candidate.prepared.settings,
        )

    def _send(self, ident: int, command: BpftraceCommand, parts: Sequence[tuple[int, str]] = ()) -> None:
        words = self._privilege.command(command.words, command.environment)
        self._tracers.start(ident, words, command.environment, self._nice, command.folder, command.categories, parts)
