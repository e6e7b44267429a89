"""Two hosts of a group, each with an engine whose bpftrace is the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from bttop.engine.generation.source import Settings
from bttop.engine.hosts.host_group import GroupHost, HostGroup
from bttop.engine.hosts.host_pins import HostPins
from bttop.engine.program.program import Program
from bttop.engine.remote.clock import FarClock
from bttop.engine.remote.link import Link
from bttop.engine.request.questions import from_text
from bttop.model.record.records import Stamp
from tests.ui.scenes import START, WALL, FakeEngine, calls

SCRIPT = "tracepoint:raw_syscalls:sys_enter { @calls[pid, comm] = count(); }"


class AtOnce:
    """A loop that runs each call when it is made."""

    def call_soon(self, call: Callable[..., None], *arguments: Any) -> None:
        call(*arguments)

    call_soon_threadsafe = call_soon


class Group:
    """web1 and web2 run one program; web3 was never reached."""

    def __init__(self) -> None:
        self.fakes = {"web1": FakeEngine(), "web2": FakeEngine()}
        request = from_text("calls", SCRIPT)
        hosts = []
        for name, fake in self.fakes.items():
            fake.engine.bridge.open(cast(Any, AtOnce()))
            fake.engine.add("calls", request.sources, Settings())
            hosts.append(GroupHost(name, Link(name, FarClock(self._now)), fake.engine))
        gone = Link("web3", FarClock(self._now))
        gone.lost("its host key is not known")
        self.session = HostGroup([*hosts, GroupHost("web3", gone)], [request], HostPins())

    def _now(self) -> Stamp:
        now = max(fake.now for fake in self.fakes.values())
        return Stamp(now, WALL + now - START)

    def come(self, host: str) -> FakeEngine:
        """A missing host comes."""
        fake = self.fakes[host] = FakeEngine()
        fake.engine.bridge.open(cast(Any, AtOnce()))
        self.session.join(host, fake.engine, Settings())
        return fake

    def on(self, host: str, at: int = 0) -> Program:
        """The program of one host."""
        return self.fakes[host].engine.programs[at]

    def flush(self, host: str, **rows: int) -> None:
        """Let a host print a flush; `nginx=3` is a count of its process 7."""
        fake, program = self.fakes[host], self.on(host)
        if not len(program.history):
            fake.attach(program)
        fake.flush(program, calls(program, {f"7,{comm}": count for comm, count in rows.items()}))
