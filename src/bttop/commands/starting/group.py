"""Starts the same programs on several hosts for the dashboard."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from bttop.commands.options.arguments import trust_of
from bttop.commands.starting.reaching import drop, reach
from bttop.commands.starting.site import Site
from bttop.commands.starting.tracing import asked_programs, check_options, engine_on, start_pinned
from bttop.engine.engine import Engine
from bttop.engine.generation.source import Settings
from bttop.engine.hosts.host_group import GroupHost, HostGroup
from bttop.engine.hosts.host_pins import HostPins
from bttop.engine.remote.arrivals import Arrivals
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.questions import ProgramRequest
from bttop.errors import CannotTrace, UsageError
from bttop.script.process.pin import Pin
from bttop.trust import Trust


def start_group(options: argparse.Namespace, hosts: Sequence[Destination], tell: Callable[..., None]) -> HostGroup:
    """Start every program on every host that can be reached; the others join when they can. Those that never can are
    told. Raises BttopError if none can be reached, or if a pin has no process on any."""
    check_options(options, "bttop")
    trust = trust_of(options)
    asked = asked_programs(options, trust, tell, can_ask=True)
    sites, arrivals = reach(options, hosts, asked, trust, tell)
    machine = next(iter(sites.values())).host.machine
    sites = _of_one_machine(sites, machine, arrivals)
    for problem in arrivals.refusals:
        tell(*problem.lines)
    engines = {name: engine_on(options, "bttop", site, one_of=name) for name, site in sites.items()}
    try:
        pins = HostPins()
        pin = _pin(options.pin_text, pins, engines)
        settings = {
            name: _start(options, engine, sites[name], asked, trust, pins, pin) for name, engine in engines.items()
        }
    except BaseException:
        arrivals.close()
        for engine in engines.values():
            engine.close()
        raise
    members = [
        GroupHost(name, link, engines.get(name), settings.get(name, Settings()))
        for name, link in arrivals.links.items()
    ]
    group = HostGroup(members, asked, pins, pin)

    def join(name: str, site: Site) -> None:
        _check_machine(name, site, machine)
        engine = engine_on(options, "bttop", site, one_of=name)
        try:
            group.join(name, engine, start_pinned(options, engine, site, (), trust, None))
        except BaseException:
            engine.close()
            raise

    group.run.await_others(arrivals, join)
    return group


def _of_one_machine(sites: Mapping[str, Site], machine: str, arrivals: Arrivals[Site]) -> dict[str, Site]:
    """Without hosts of another architecture, which are refused."""
    kept: dict[str, Site] = {}
    for name, site in sites.items():
        try:
            _check_machine(name, site, machine)
            kept[name] = site
        except CannotTrace as problem:
            drop(site)
            arrivals.refuse(name, problem)
    return kept


def _check_machine(name: str, site: Site, machine: str) -> None:
    """Raise CannotTrace for another architecture than that of the first host: the same number means another system call
    there."""
    if site.host.machine != machine:
        why = f"it is {site.host.machine}, and the first host is {machine}: numbers of system calls differ"
        raise CannotTrace(why, title=name)


def _pin(text: str | None, pins: HostPins, engines: Mapping[str, Engine]) -> Pin | None:
    if text is None:
        return None
    found = pins.read(text, engines)
    if isinstance(found, str):
        raise UsageError(found, title="no pin")
    return found


def _start(
    options: argparse.Namespace,
    engine: Engine,
    site: Site,
    asked: Sequence[ProgramRequest],
    trust: Trust,
    pins: HostPins,
    pin: Pin | None,
) -> Settings:
    """Start the programs on one host; none if the pin is on others."""
    is_out = pins.is_out(pin, site.host.name)
    its_pin = None if is_out else pins.of_host(pin, site.host.name)
    return start_pinned(options, engine, site, () if is_out else asked, trust, its_pin)
