"""`bttop`: the live dashboard."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import MutableMapping, Sequence

from bttop import __version__
from bttop.commands.options.arguments import add_many, duration, tracing_parser, with_saving
from bttop.errors import UsageError, bttop_command

IDLE = 8 * 3600.0
"""Default idle timeout in seconds."""

_EPILOG = """without PROBE and -e, bttop runs the five stock probes: syscalls, retransmits, vfs_read,
sched_switch, profile.

other commands:
  bttop record [...]  record a snapshot, without a screen
  bttop stream [...]  write the flushes as lines of JSON to standard output, or one table (--total)
  bttop review FILE   show a snapshot on the same screen, without root
  bttop demo          show a snapshot that comes with bttop
  bttop info, verify, export, report FILE; bttop diff A B
  bttop doctor        check what works on this host, and how to fix the rest
  bttop probes        list the library, and what can run here; or the kernel's probes: 'tracepoint:tcp:*'
"""


def run(arguments: Sequence[str]) -> int:
    """Run the dashboard until the user leaves it."""
    parser = with_saving(
        tracing_parser("bttop", "top for bpftrace: several bpftrace programs on one live screen", _EPILOG)
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme (the key t switches it)")
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    parser.add_argument(
        "--idle",
        metavar="DURATION",
        type=duration,
        default=IDLE,
        help="detach everything after this time without input (default 8h)",
    )
    add_many(parser)
    parser.add_argument("--version", action="version", version=f"bttop {__version__}")
    options = parser.tracing_options(arguments)
    check_terminal()
    forget_framework_settings(os.environ)
    # Until the first frame all that is imported stays: collections would take a sixth of the start.
    gc.disable()
    # Imported after the checks: help and errors need no screen.
    from bttop.commands.starting.live import show_dashboard

    return show_dashboard(options, arguments)


def forget_framework_settings(environment: MutableMapping[str, str]) -> None:
    """Remove `TEXTUAL_*`. Textual reads these when it is imported; some load code, write files or press keys, which the
    environment must not do when bttop runs as root. bttop needs none of them."""
    for name in [name for name in environment if name.startswith("TEXTUAL")]:
        del environment[name]


def check_terminal(hint: str = "") -> None:
    """Raise UsageError if no screen can be shown; the hint is a command that needs none."""
    hint = hint or bttop_command("stream", "--for", "5s")
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None or not stream.isatty():
            raise UsageError(f"{name} is not a terminal", title="no terminal", hint=hint)
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError("this terminal cannot show a screen (TERM=dumb)", title="no terminal", hint=hint)
