"""The command line: selects the command and returns its exit code. Exit codes: 0 success, 1 failure, 2 usage error,
3 this host cannot trace, 128 + N after signal N (see `bttop.engine.headless.end_signals`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bttop.commands import COMMANDS, command
from bttop.errors import BttopError
from bttop.output import occupy_standard_descriptors, warn


def main(argv: Sequence[str] | None = None) -> int:
    """Run bttop and return the exit code of the process."""
    occupy_standard_descriptors()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments and arguments[0] in COMMANDS:
            return command(arguments[0])(arguments[1:])
        return command("dashboard")(arguments)
    except BttopError as error:
        warn(*error.lines)
        return error.exit_code
    except KeyboardInterrupt:
        warn("bttop: interrupted")
        return 130
