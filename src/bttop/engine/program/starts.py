"""Starts a bpftrace for a candidate: sets its id, arguments and environment, and waits for a tracer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bttop.engine.generation.candidates import Candidate
from bttop.engine.generation.generation import Generation
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.program.program import Program
from bttop.engine.tracer import launch
from bttop.engine.tracer.privilege import Privilege
from bttop.engine.tracer.tracers import Tracers

POLITE = 10
"""Nice value of bpftrace while the dashboard starts: without it five compilers delay the first frame by 40 %."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    generation: Generation
    command: Sequence[str]
    environment: Mapping[str, str]


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
        generation = self._generation(candidate, number, now)
        environment = self._environment(program, candidate)
        command = launch.command(self._bpftrace, candidate.prepared, unsafe=unsafe)
        if self._tracers.alive:
            self._send(generation.id, command, environment)
        else:
            self._waiting.append(_Waiting(generation, command, environment))
        return generation

    def query(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start a command that belongs to no program; return its id. Raises TracerLost if there is no tracer."""
        ident = self._next_id()
        self._send(ident, words, environment)
        return ident

    def catch_up(self) -> Iterator[Generation]:
        """There is a tracer again: start the waiting generations; yield those that were told to stop meanwhile."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if one.generation.doomed:
                yield one.generation
            else:
                self._send(one.generation.id, one.command, one.environment)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _generation(self, candidate: Candidate, number: int, now: int) -> Generation:
        keeps_settings = self._privilege.settings
        return Generation(
            self._next_id(),
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
        )

    def _send(self, ident: int, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._tracers.start(ident, self._privilege.command(command, environment), environment, self._nice)
