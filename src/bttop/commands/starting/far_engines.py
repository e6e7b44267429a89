"""Starts the same programs on several hosts, for `bttop stream -H a,b`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bttop.commands.options.arguments import trust_of
from bttop.commands.starting.far_site import far_site, ssh_words
from bttop.commands.starting.site import Site
from bttop.commands.starting.tracing import asked_programs, check_options, engine_on, start_on
from bttop.engine.hosts.engines import Engines
from bttop.engine.remote.examination import AT_ONCE
from bttop.engine.remote.far_host import FarConnection, Progress
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.pinning import pids_in
from bttop.engine.request.questions import ProgramRequest
from bttop.errors import BttopError, CannotTrace, UsageError
from bttop.model.format.names import Decoder, decoders
from bttop.trust import Trust


def start_engines(
    options: argparse.Namespace, hosts: Sequence[Destination], command: str, tell: Callable[..., None]
) -> tuple[Engines, Mapping[str, str]]:
    """Start every program on every host that can be reached. Return the engines, and why the other hosts are missing,
    which is also told. Raises BttopError if all are."""
    check_options(options, command)
    if options.pin_text is not None and pids_in(options.pin_text) is not None:
        raise UsageError("a process id is one of a single host: pin by a name, a unit or a cgroup", title="no pin")
    trust = trust_of(options)
    asked = asked_programs(options, trust, tell, can_ask=False)
    sites = reach(options, hosts, asked, trust, tell)
    reached = [found for found in sites if isinstance(found, Site)]
    engines = Engines([engine_on(options, command, site, one_of=site.host.name) for site in reached])
    try:
        for engine, site in zip(engines.engines, reached, strict=True):
            start_on(options, engine, site, asked, trust)
    except BaseException:
        engines.close()
        raise
    pairs = zip(hosts, sites, strict=True)
    return engines, {host.name: found.cause for host, found in pairs if isinstance(found, BttopError)}


def reach(
    options: argparse.Namespace,
    hosts: Sequence[Destination],
    asked: Sequence[ProgramRequest],
    trust: Trust,
    tell: Callable[..., None],
) -> list[Site | BttopError]:
    """Connect to all hosts at once. Return each host, or why it cannot be traced, which is also told. Raises
    CannotTrace if none can."""
    ssh = ssh_words(options.ssh, trust)
    progress = Progress()
    connections = [FarConnection(ssh, host, options.bpftrace, progress) for host in hosts]
    with ThreadPoolExecutor(min(AT_ONCE, len(hosts))) as pool:
        sites = list(pool.map(partial(_site, asked), connections))
    for found in sites:
        if not isinstance(found, Site):
            tell(*found.lines)
    if not any(isinstance(found, Site) for found in sites):
        raise CannotTrace(f"none of the {len(hosts)} hosts can be traced", title="hosts")
    return sites


def decoders_of(engines: Engines) -> Mapping[str, Mapping[str, Decoder]]:
    """The decoders of each host, by its name."""
    hosts = [engine.host for engine in engines.engines]
    return {host.name: decoders(host.machine, host.devices) for host in hosts}


def _site(asked: Sequence[ProgramRequest], connection: FarConnection) -> Site | BttopError:
    try:
        connection.begin()
        return far_site(connection, asked)
    except BttopError as problem:
        return problem
