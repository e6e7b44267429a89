"""`bttop`: the live dashboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bttop import __version__
from bttop.commands.arguments import tracing_parser
from bttop.commands.tracing import start_engine
from bttop.engine.questions import wanted_files
from bttop.errors import UsageError
from bttop.paths import overlay
from bttop.script.library import Library

_EPILOG = """without PROBE and -e the five questions of every incident: syscalls, retransmits, vfs_read,
sched_switch, profile.

other commands:
  bttop stream [...]  the same flushes as lines of JSON on standard output
  bttop probes        the library, with what can run here and why not
"""


def run(arguments: Sequence[str]) -> int:
    """Run the dashboard until it is left."""
    parser = tracing_parser("bttop", "top for bpftrace: several bpftrace programs on one live screen", _EPILOG)
    parser.add_argument("--theme", metavar="NAME", help="colour theme (t goes round them)")
    parser.add_argument("--version", action="version", version=f"bttop {__version__}")
    options = parser.parse_args(arguments)
    check_terminal()
    folders = overlay("probes", options.probes)
    # The rest of the library is read behind the first frame: thirty files would delay the first probe by 30 ms.
    library = Library.load(folders, wanted_files(options.probe, options.programs))
    engine, settings = start_engine(options, "bttop", library)
    try:
        engine.start()
        # Only now: the import takes 0.2 s, in which the programs compile and attach.
        from bttop.ui.run import run_dashboard

        return run_dashboard(engine, settings, folders, options.theme)
    finally:
        engine.close()


def check_terminal() -> None:
    """Raise UsageError where no screen can be shown."""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None or not stream.isatty():
            raise UsageError(f"{name} is not a terminal", title="no terminal", hint="bttop stream --for 5s")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "this terminal cannot be drawn on (TERM=dumb)", title="no terminal", hint="bttop stream --for 5s"
        )
