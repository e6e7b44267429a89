"""Several hosts as one session of the dashboard: each has its own engine, and each program runs on all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from bttop.engine.bridge import EngineBridge
from bttop.engine.cost.cost import Bill
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.host import Bpftrace
from bttop.engine.host.own_clock import own_clock
from bttop.engine.hosts.as_one import as_one
from bttop.engine.hosts.engines import Engines
from bttop.engine.hosts.host_pins import HostPins
from bttop.engine.hosts.host_program import HostPart, HostProgram
from bttop.engine.hosts.merged_status import costliest
from bttop.engine.program.program import Program
from bttop.engine.program.status import ProgramState
from bttop.engine.remote.link import Link
from bttop.engine.request.questions import ProgramRequest
from bttop.model.record.records import Stamp
from bttop.script.process.pin import Pin


class GroupHost(Struct, frozen=True):
    """One host of a group."""

    name: str
    link: Link
    engine: Engine | None = None
    """None: it is missing; the link says why."""
    settings: Settings = Settings()
    """The settings with which its programs were started."""


_ENDED_BY_USER: Final = frozenset({ProgramState.STOPPED, ProgramState.STOPPING})


class _Bridges(EngineBridge):
    """The bridges of all engines, for the listener."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        super().__init__()
        self._bridges = tuple([engine.bridge for engine in engines])
        self._waker: Callable[[], None] | None = None

    def add(self, bridge: EngineBridge) -> None:
        """Listen to one more engine. From any thread."""
        bridge.listen(self._waker)
        self._bridges = (*self._bridges, bridge)

    def listen(self, wake: Callable[[], None] | None) -> None:
        self._waker = wake
        for bridge in self._bridges:
            bridge.listen(wake)

    def acknowledge(self) -> None:
        for bridge in self._bridges:
            bridge.acknowledge()


class HostGroup:
    """Implements `Session` and `TracingEngine`. Only the screen's thread calls it, unless a method says otherwise."""

    def __init__(
        self, hosts: Sequence[GroupHost], requests: Sequence[ProgramRequest], pins: HostPins, pin: Pin | None = None
    ) -> None:
        """`hosts`: at least one has an engine; their programs are started. `requests`: their programs. `pins` has read
        `pin`, which the programs have."""
        self._hosts = {one.name: one for one in hosts}
        self._lock = threading.RLock()
        """Held while programs are added or changed: meanwhile no host joins. Nobody waits for a host with it."""
        self._engines = {one.name: one.engine for one in hosts if one.engine is not None}
        self._first = next(iter(self._engines.values()))
        self._pins = pins
        self.run = Engines(list(self._engines.values()))
        self.links = tuple([one.link for one in hosts])
        self._bridges = _Bridges(self.run.engines)
        self.bridge: EngineBridge = self._bridges
        known = as_one(list(self._hosts), [engine.host for engine in self.run.engines])
        self._devices = dict(known.devices)
        self.host = replace(known, devices=self._devices)
        self.file_name = f"{hosts[0].name}+{len(hosts) - 1}"
        """What recordings are named after."""
        self.bpftrace: Bpftrace = self._first.bpftrace
        self.end: Stamp | None = None
        base = next(one.settings for one in hosts if one.engine is self._first)
        self.settings = replace(base, pin=pin)
        """The settings of new programs."""
        self.programs: tuple[HostProgram, ...] = tuple([self._existing(one) for one in requests])

    def _existing(self, request: ProgramRequest) -> HostProgram:
        found = {
            name: next((one for one in engine.programs if one.name == request.name), None)
            for name, engine in self._engines.items()
        }
        parts = [
            HostPart(one.name, one.link, one.engine, request.name, found.get(one.name)) for one in self._hosts.values()
        ]
        for part in parts:
            part.is_out = self._pins.is_out(self.settings.pin, part.host)
        return HostProgram(request, self.settings, parts)

    # As a session.

    @property
    def tracing(self) -> HostGroup:
        """See `Session`."""
        return self

    @property
    def error(self) -> BaseException | None:
        """The first error that ended the thread of an engine; the listener must raise it."""
        return self.run.error

    @property
    def problems(self) -> Sequence[str]:
        """See `Session`."""
        return self.run.problems

    def now(self) -> Stamp:
        """The clocks of this host: the flushes of the others are aligned by them."""
        return own_clock()

    def bill_at(self, boot_ns: int | None = None) -> Bill | None:
        """What tracing costs the host where it costs most."""
        bills = [engine.bill_at(boot_ns) for engine in self.run.engines]
        return costliest([bill for bill in bills if bill is not None])

    def touch(self) -> None:
        """The user has pressed a key or used the mouse."""
        for engine in self.run.engines:
            engine.touch()

    def at_full_speed(self) -> None:
        """The dashboard is on screen."""
        self.run.at_full_speed()

    def close(self) -> None:
        """See `Session`."""
        self.run.close()

    def kill(self) -> None:
        """End all connections at once, from any thread."""
        for engine in self.run.engines:
            engine.kill()

    # As an engine.

    def engine_of(self, host: str = "") -> Engine:
        """The engine of a host; without a name, and for a host that is missing, the first that answers."""
        answering = (one for one in self.run.engines if one.link is None or not one.link.state.lost)
        return self._engines.get(host) or next(answering, self._first)

    def seconds_run(self) -> float:
        """See `Engine`."""
        return self.run.seconds_run()

    def pin_of(self, text: str) -> Pin | str:
        """See `HostPins.read`; a process of a host that does not answer is refused."""
        answering = {name: one for name, one in self._engines.items() if not self._hosts[name].link.state.lost}
        host = text.strip().rpartition(":")[0]
        if host in self._hosts.keys() - answering:
            return f"{host}: {self._hosts[host].link.state.lost}"
        return self._pins.read(text, answering)

    def toggle(self, program: HostProgram) -> None:
        """Stop a program on all hosts where it runs; if it runs on none, start it on all."""
        out = [part.program for part in program.parts if part.is_out]
        asked = [pair for pair in program.living() if pair[1] not in out]
        going = [pair for pair in asked if _goes_on(pair[1])]
        for engine, one in going or asked:
            engine.toggle(one)
        for part in program.parts:
            if not going and not part.is_out and part.engine is not None and part.program is None:
                part.engine.open(program.request, self._for_host(program.settings, part.host))

    def set_interval(self, interval_ms: int) -> None:
        """Change the interval of all programs."""
        with self._lock:
            self.settings = replace(self.settings, interval_ms=interval_ms)
            for program in self.programs:
                program.settings = replace(program.settings, interval_ms=interval_ms)
            for engine in self.run.engines:
                engine.set_interval(interval_ms)

    def pin(self, pin: Pin | None, programs: Sequence[HostProgram]) -> None:
        """Restrict programs to processes, or lift the restriction; hosts without such processes are not asked."""
        with self._lock:
            for program in programs:
                program.settings = replace(program.settings, pin=pin)
                for part in program.parts:
                    self._pin_part(program, part)

    def _pin_part(self, program: HostProgram, part: HostPart) -> None:
        pin, one, engine = program.settings.pin, part.program, part.engine
        was_out, part.is_out = part.is_out, self._pins.is_out(pin, part.host)
        if engine is None:
            return
        if one is None:
            if was_out and not part.is_out:
                engine.open(program.request, self._for_host(program.settings, part.host))
            return
        if not part.is_out:
            engine.pin(self._pins.of_host(pin, part.host), [one])
        if part.is_out == _goes_on(one) and (part.is_out or was_out):
            engine.toggle(one)

    def open(self, question: ProgramRequest, settings: Settings) -> None:
        """Add a program on all hosts that its pin leaves."""
        with self._lock:
            parts = [HostPart(one.name, one.link, one.engine, question.name) for one in self._hosts.values()]
            for part in parts:
                part.is_out = self._pins.is_out(settings.pin, part.host)
                if part.engine is not None and not part.is_out:
                    part.engine.open(question, self._for_host(settings, part.host))
            self.programs = (*self.programs, HostProgram(question, settings, parts))

    def _for_host(self, settings: Settings, host: str) -> Settings:
        """The settings with what is different on each host: bttop's own processes, the namespace, and the pin."""
        base = self._hosts[host].settings
        pin = self._pins.of_host(settings.pin, host)
        return replace(settings, exclude=base.exclude, namespace=base.namespace, pin=pin)

    def remove(self, program: HostProgram) -> None:
        """Detach a program on all hosts and forget it."""
        with self._lock:
            self.programs = tuple([one for one in self.programs if one is not program])
            for engine, one in program.living():
                engine.remove(one)

    def reload(self, program: HostProgram, sources: Sequence[Source]) -> None:
        """See `Engine.reload`."""
        with self._lock:
            program.request = replace(program.request, sources=tuple(sources), failure="")
            for engine, one in program.living():
                engine.reload(one, sources)

    def refuse_reload(self, program: HostProgram, why: str) -> None:
        """See `Engine.refuse_reload`."""
        for engine, one in program.living():
            engine.refuse_reload(one, why)

    def approve(self, program: HostProgram) -> None:
        """See `Engine.approve`."""
        for engine, one in program.living():
            engine.approve(one)

    # By the thread that has reached a host.

    def join(self, name: str, engine: Engine, settings: Settings) -> None:
        """A missing host has come: run the programs there. `settings`: its own. Raises Unreachable when the run
        ends."""
        while True:
            self._pins.learn(name, engine)
            with self._lock:
                if self._pins.knows(name):
                    self._add(GroupHost(name, self._hosts[name].link, engine, settings))
                    return

    def _add(self, host: GroupHost) -> None:
        engine = host.engine
        assert engine is not None, "it has come"
        self._hosts[host.name] = host
        found = [(program, part) for program in self.programs for part in program.parts if part.host == host.name]
        for program, part in found:
            part.is_out = self._pins.is_out(program.settings.pin, host.name)
        wanted = [(program, part) for program, part in found if not part.is_out and not _is_stopped(program)]
        engine.add_together([(program.request, self._for_host(program.settings, host.name)) for program, _ in wanted])
        self.run.add(engine)
        self._engines = {**self._engines, host.name: engine}
        self._bridges.add(engine.bridge)
        self._describe()
        made = dict(zip([part for _, part in wanted], engine.programs, strict=True))
        for _, part in found:
            part.join(engine, made.get(part))

    def _describe(self) -> None:
        """What is known of all hosts; the names of disks stay in the same mapping, by which the panes decode them."""
        known = as_one(list(self._hosts), [engine.host for engine in self.run.engines])
        if not known.devices:
            self._devices.clear()
        self.host = replace(known, devices=self._devices)


def _is_stopped(program: HostProgram) -> bool:
    """Whether the user has stopped a program on all hosts that have it."""
    states = {one.status.state for _, one in program.living()}
    return bool(states) and states <= _ENDED_BY_USER


def _goes_on(program: Program) -> bool:
    """Whether it runs or waits for its next start: then `Engine.toggle` stops it."""
    return program.status.running or program.status.retry_at_ns is not None
