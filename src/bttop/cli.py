"""The command line: exit codes and the way to the command. Exit codes: 0 in order, 1 a failure, 2 a usage error,
3 an environment that cannot trace, 128 and its number after a signal (see `bttop.engine.endsignals`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bttop.commands import COMMANDS, command
from bttop.errors import BttopError
from bttop.output import occupy_standard_descriptors, warn


def main(argv: Sequence[str] | None = None) -> int:
    """Run bttop; the process's exit code."""
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
