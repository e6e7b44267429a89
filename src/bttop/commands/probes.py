"""`bttop probes`: the library, and what of it can run here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bttop.commands.arguments import Parser, add_trust, trust_of
from bttop.engine.host import Host
from bttop.engine.listing import listing
from bttop.output import say
from bttop.paths import overlay
from bttop.script.library import Library


def run(arguments: Sequence[str]) -> int:
    """Print the list."""
    parser = Parser(prog="bttop probes", description="list the library, with what can run here and why not")
    parser.add_argument("--probes", metavar="DIR", type=Path, help="a folder of probe files to look in first")
    add_trust(parser)
    options = parser.parse_args(arguments)
    library = Library.load(overlay("probes", options.probes), trust=trust_of(options))
    say(listing(library, Host.read()))
    return 0
