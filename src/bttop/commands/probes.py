"""`bttop probes`: the library, and which probes can run here; `bttop probes NAME`: one of them; `bttop probes SEARCH`:
the probes of the kernel or of a program that match."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.commands.options.arguments import Parser, add_trust, folder, trust_of
from bttop.engine.headless.probe_listing import details, listing
from bttop.engine.host.host import Host
from bttop.engine.host.kernel.kernel_names import is_in_kernel
from bttop.errors import BttopError, bttop_command
from bttop.model.format.near import nearest
from bttop.output import say
from bttop.paths import overlay
from bttop.script.library.probe_files import Library, LibraryFailure
from bttop.script.library.probe_question import is_question, read_question
from bttop.trust import Trust


def run(arguments: Sequence[str]) -> int:
    """Print the list, one probe, or what matches a search; return 0. Raises BttopError if there is no such probe."""
    parser = Parser(prog="bttop probes", description="list the probe library and which probes can run here")
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME|SEARCH",
        help="show one probe of the library: its help and its parameters; or list the probes of the kernel or of a "
        "program that match a search, with their arguments: 'tracepoint:tcp:*', '*retransmit*', 'uprobe:/bin/bash:*'",
    )
    parser.add_argument("--probes", metavar="DIR", type=folder, help="a folder of probe files, searched first")
    parser.add_argument("--bpftrace", metavar="PATH", help="the bpftrace that lists a search (also $BTTOP_BPFTRACE)")
    add_trust(parser)
    options = parser.parse_args(arguments)
    if options.name is not None and is_question(options.name):
        say(_matching(options.name, options.bpftrace, trust_of(options)))
        return 0
    library = Library.load(overlay("probes", options.probes), trust=trust_of(options))
    if options.name is None:
        say(listing(library, Host.read()))
        return 0
    found = library.find(options.name)
    if isinstance(found, LibraryFailure):
        hint = found.fix or bttop_command("probes", *_other(options.name, library))
        raise BttopError(f"{options.name or repr('')}: {found.reason}", title="no such probe", hint=hint)
    # A name of another folder is not found without its option.
    say(details(found, Host.read(), options.name if options.probes is None else str(found.path)))
    return 0


def _other(name: str, library: Library) -> list[str]:
    """The words behind `bttop probes` that show something near a name which the library lacks."""
    if not name.strip() or "/" in name:
        return []
    near = nearest(name, [probe.path.stem for probe in library.probes])
    return [near] if near else ([f"*{name}*"] if is_in_kernel(name, Host.read()) else [])


def _matching(search: str, bpftrace: str | None, trust: Trust) -> list[str]:
    """The probes that match a search, each with its arguments."""
    # Imported here: the list of the library needs no tracer.
    from bttop.commands.starting.tracing import short_queries
    from bttop.engine.headless.kernel_listing import KernelListing

    with short_queries(bpftrace, trust) as (engine, asker):
        return KernelListing(engine.bpftrace, engine.host, asker.answer).lines(read_question(search))
