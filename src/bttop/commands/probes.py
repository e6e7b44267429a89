"""`bttop probes`: the library, and which probes can run here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bttop.commands.arguments import Parser, add_trust, trust_of
from bttop.engine.headless.probe_listing import listing
from bttop.engine.host.host import Host
from bttop.output import say
from bttop.paths import overlay
from bttop.script.library.probe_files import Library


def run(arguments: Sequence[str]) -> int:
    """Print the list; return 0."""
    parser = Parser(prog="bttop probes", description="list the probe library and which probes can run here")
    parser.add_argument("--probes", metavar="DIR", type=Path, help="a folder of probe files, searched first")
    add_trust(parser)
    options = parser.parse_args(arguments)
    library = Library.load(overlay("probes", options.probes), trust=trust_of(options))
    say(listing(library, Host.read()))
    return 0
