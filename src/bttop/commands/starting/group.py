"""Starts the same programs on several hosts for the dashboard."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from bttop.commands.options.arguments import trust_of
from bttop.commands.starting.far_engines import reach
from bttop.commands.starting.site import Site
from bttop.commands.starting.tracing import asked_programs, check_options, engine_on, start_pinned
from bttop.engine.engine import Engine
from bttop.engine.generation.candidates import Settings
from bttop.engine.hosts.host_group import GroupHost, HostGroup
from bttop.engine.hosts.host_pins import HostPins
from bttop.engine.remote.link import Link
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.questions import ProgramRequest
from bttop.errors import BttopError, CannotTrace, UsageError
from bttop.script.process.pin import Pin
from bttop.trust import Trust


def start_group(options: argparse.Namespace, hosts: Sequence[Destination], tell: Callable[..., None]) -> HostGroup:
    """Start every program on every host that can be reached; the others are told, and shown as lost. Raises BttopError
    if none can be reached, or if a pin has no process on any."""
    check_options(options, "bttop")
    trust = trust_of(options)
    asked = asked_programs(options, trust, tell, can_ask=True)
    found = dict(zip([host.name for host in hosts], reach(options, hosts, asked, trust, tell), strict=True))
    found = _of_one_machine(found, tell)
    sites = {name: site for name, site in found.items() if isinstance(site, Site)}
    engines = {name: engine_on(options, "bttop", site, one_of=name) for name, site in sites.items()}
    try:
        pins = HostPins()
        pin = _pin(options.pin_text, pins, engines)
        settings = {
            name: _start(options, engine, sites[name], asked, trust, pins, pin) for name, engine in engines.items()
        }
    except BaseException:
        for engine in engines.values():
            engine.close()
        raise
    group = [
        GroupHost(name, engines[name].links[0], engines[name], settings[name])
        if name in engines
        else GroupHost(name, _lost(name, one))
        for name, one in found.items()
    ]
    return HostGroup(group, asked, pins, pin)


def _of_one_machine(found: Mapping[str, Site | BttopError], tell: Callable[..., None]) -> dict[str, Site | BttopError]:
    """Without hosts of another architecture than the first: the same number means another system call there."""
    machine = next(one.host.machine for one in found.values() if isinstance(one, Site))
    kept: dict[str, Site | BttopError] = {}
    for name, one in found.items():
        kept[name] = one
        if isinstance(one, Site) and one.host.machine != machine:
            if one.far is not None:
                one.far.channel.close(0.0)
            why = f"it is {one.host.machine}, and the first host is {machine}: numbers of system calls differ"
            kept[name] = refused = CannotTrace(why, title=name)
            tell(*refused.lines)
    return kept


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


def _lost(name: str, problem: Site | BttopError) -> Link:
    """The link to a host that could not be reached."""
    link = Link(name)
    link.lost(problem.cause if isinstance(problem, BttopError) else "")
    return link
