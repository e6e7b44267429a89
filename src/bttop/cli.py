"""The command line: selects the command and returns its exit code. Exit codes: 0 success, 1 failure, 2 usage error,
3 this host cannot trace, 128 + N after signal N (see `bttop.engine.headless.end_signals`)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from bttop.commands import COMMANDS, command
from bttop.errors import BttopError
from bttop.output import occupy_standard_descriptors, warn


def main(argv: Sequence[str] | None = None) -> int:
    """Run bttop and return the exit code of the process."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            signal.signal(signal.SIGINT, signal.default_int_handler)  # instead of that of bttop.start
        occupy_standard_descriptors()
        if arguments and arguments[0] in COMMANDS:
            return command(arguments[0])(arguments[1:])
        return command("dashboard")(arguments)
    except BttopError as error:
        warn(*error.lines)
        return error.exit_code
    except KeyboardInterrupt:
        warn("bttop: interrupted")
        return 130
