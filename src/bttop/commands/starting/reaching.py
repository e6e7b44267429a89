"""Connects to all hosts of -H at once."""

from __future__ import annotations

import argparse
import resource
from collections.abc import Callable, Sequence
from typing import Final

from bttop.commands.starting.far_site import far_site, ssh_words
from bttop.commands.starting.site import Site
from bttop.commands.starting.waiting import waiting_for
from bttop.engine.remote.arrivals import Arrivals
from bttop.engine.remote.far_host import FarConnection, Progress
from bttop.engine.remote.link import Link
from bttop.engine.remote.ssh import Destination
from bttop.engine.request.questions import ProgramRequest
from bttop.errors import CannotTrace, UsageError
from bttop.trust import Trust

FILES: Final = 256
"""Open files of bttop itself, and of connections while they are made."""
FILES_OF_HOST: Final = 4
"""Open files for each host: three pipes and the process."""


def reach(
    options: argparse.Namespace,
    hosts: Sequence[Destination],
    asked: Sequence[ProgramRequest],
    trust: Trust,
    tell: Callable[..., None],
) -> tuple[dict[str, Site], Arrivals[Site]]:
    """The hosts that can be reached now, and the attempts to reach the others. Raises CannotTrace if none can; `tell`
    has then got the reasons. Raises UsageError for more hosts than files may be open."""
    _allow_open_files(len(hosts))
    arrivals = _arrivals(options, hosts, asked, trust)
    try:
        with waiting_for(lambda: arrivals.unanswered):
            sites = arrivals.first()
    except BaseException:
        arrivals.close()
        raise
    if not sites:
        arrivals.close()
        for host in hosts:
            tell(*arrivals.problems[host.name].lines)
        raise CannotTrace(f"none of the {len(hosts)} hosts can be traced", title="hosts")
    return sites, arrivals


def _allow_open_files(hosts: int) -> None:
    """Raise this process's limit of open files to what the connections need. Raises UsageError if that is too many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES + hosts * FILES_OF_HOST
    if resource.RLIM_INFINITY not in (soft, hard) and wanted > hard:
        raise UsageError(f"{hosts} hosts need {wanted:,} open files, and the limit is {hard:,}", title="hosts")
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def drop(site: Site) -> None:
    """Close the connection to a host that is not traced."""
    if site.far is not None:
        site.far.channel.close(0.0)


def _arrivals(
    options: argparse.Namespace, hosts: Sequence[Destination], asked: Sequence[ProgramRequest], trust: Trust
) -> Arrivals[Site]:
    ssh = ssh_words(options.ssh, trust)
    known = {host.name: host for host in hosts}
    progress = Progress()

    def connect(link: Link) -> Site:
        connection = FarConnection(ssh, known[link.name], options.bpftrace, progress, link)
        connection.begin()
        return far_site(connection, asked)

    return Arrivals(list(known), connect, drop, progress)
