"""How an attempt becomes a bpftrace: its id, its arguments and environment, and the wait for a tracer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bttop.engine import launch
from bttop.engine.attempts import Attempt
from bttop.engine.generation import Generation
from bttop.engine.host import Bpftrace, Host
from bttop.engine.privilege import Privilege
from bttop.engine.program import Program
from bttop.engine.tracers import Tracers

POLITE = 10
"""Nice value while the dashboard is starting: without it five compilers make its first frame 40 % later."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    generation: Generation
    command: Sequence[str]
    environment: Mapping[str, str]


class Starts:
    """Starts all that a session starts. Engine thread only."""

    def __init__(self, host: Host, bpftrace: Bpftrace, privilege: Privilege, tracers: Tracers) -> None:
        self._host = host
        self._bpftrace = bpftrace
        self._privilege = privilege
        self._tracers = tracers
        self._waiting: list[_Waiting] = []
        """Starts that were asked for while there was no tracer."""
        self._last_id = 0
        self._nice = POLITE

    def hurry(self) -> None:
        """What runs and what will be started need not be polite any more."""
        self._nice = 0
        self._tracers.channel.renice(None, 0)

    def begin(self, program: Program, attempt: Attempt, number: int, *, now: int, unsafe: bool) -> Generation:
        """Start a bpftrace for the attempt, at once or as soon as there is a tracer; `now` on CLOCK_BOOTTIME."""
        generation = self._generation(attempt, number, now)
        environment = self._environment(program, attempt)
        command = launch.command(self._bpftrace, attempt.prepared, unsafe=unsafe)
        if self._tracers.alive:
            self._send(generation.id, command, environment)
        else:
            self._waiting.append(_Waiting(generation, command, environment))
        return generation

    def errand(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        """Start a command of which no program hears; its id. Raises TracerLost while there is no tracer."""
        ident = self._next_id()
        self._send(ident, words, environment)
        return ident

    def catch_up(self) -> Iterator[Generation]:
        """There is a tracer again: start what waits; those that are not wanted any more are given back."""
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if one.generation.doomed:
                yield one.generation
            else:
                self._send(one.generation.id, one.command, one.environment)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _generation(self, attempt: Attempt, number: int, now: int) -> Generation:
        keeps_settings = self._privilege.settings
        return Generation(
            self._next_id(),
            number,
            attempt,
            release=self._bpftrace.release,
            key_limit=launch.map_keys(self._host.cpus) if keeps_settings else launch.USUAL_KEYS,
            now=now,
            tells_ready=keeps_settings,
        )

    def _environment(self, program: Program, attempt: Attempt) -> dict[str, str]:
        return launch.environment(
            self._bpftrace.release,
            cpus=self._host.cpus,
            user_stacks=attempt.prepared.uses_user_stacks,
            one_process=program.settings.one_process or attempt.prepared.one_process,
            all_probes=attempt.all_probes,
            maps_at_exit=not attempt.prepared.ends_flush,
        )

    def _send(self, ident: int, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._tracers.start(ident, self._privilege.command(command, environment), environment, self._nice)
