"""Starts the same programs on several hosts, for runs without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from bttop.commands.options.arguments import trust_of
from bttop.commands.starting.reaching import drop, reach
from bttop.commands.starting.site import Site
from bttop.commands.starting.tracing import asked_programs, check_options, engine_on, start_on
from bttop.engine.host.host import Host
from bttop.engine.hosts.engines import Engines
from bttop.engine.remote.arrivals import Arrivals
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.pinning import pids_in
from bttop.errors import UsageError
from bttop.model.format.names import Decoder, decoders


def start_engines(
    options: argparse.Namespace, hosts: Sequence[Destination], command: str, tell: Callable[..., None]
) -> Engines:
    """Start every program on every host that can be reached and has what the pin names; the others join when they can.
    Raises BttopError if there is none; `tell` has got the reasons why hosts cannot be reached."""
    check_options(options, command)
    if options.pin_text is not None and pids_in(options.pin_text) is not None:
        raise UsageError("a process id is one of a single host: pin by a name, a unit or a cgroup", title="no pin")
    trust = trust_of(options)
    asked = asked_programs(options, trust, tell, can_ask=False)
    sites, arrivals = reach(options, hosts, asked, trust, tell)

    engines = Engines()

    def add(name: str, site: Site) -> None:
        engine = engine_on(options, command, site, one_of=name)
        try:
            start_on(options, engine, site, asked, trust)
            engines.add(engine)
        except BaseException:
            engine.close()
            raise

    engines.await_others(arrivals, add)
    try:
        for name, site in sites.items():
            _add_or_refuse(add, name, site, arrivals)
    except BaseException:
        engines.close()
        raise
    if not engines.engines:
        engines.close()
        raise next(UsageError(f"{name}: {arrivals.problems[name].cause}", title="no pin") for name in sites)
    return engines


def _add_or_refuse(add: Callable[[str, Site], None], name: str, site: Site, arrivals: Arrivals[Site]) -> None:
    """Add a host; refuse it if it does not have what a pin names."""
    try:
        add(name, site)
    except UsageError as problem:
        drop(site)
        arrivals.refuse(name, problem)


def decoders_of(host: Host) -> dict[str, Decoder]:
    """The decoders of a host."""
    return dict(decoders(host.machine, host.devices))
