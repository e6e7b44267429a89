"""The command that the user has typed, to be repeated in a hint."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from bttop.commands import COMMANDS
from bttop.errors import own_program


def typed(*more: str) -> tuple[str, ...]:
    """The words of the command, with more options before its own. They also run it through sudo, which looks for
    programs in its own folders and drops $BTTOP_BPFTRACE."""
    rest = sys.argv[1:]
    command = rest[:1] if rest[:1] and rest[0] in COMMANDS else []
    options = rest[len(command) :]
    chosen = os.environ.get("BTTOP_BPFTRACE")
    if chosen and not any(word.partition("=")[0] == "--bpftrace" for word in options):
        more = (*more, "--bpftrace", chosen)
    return (*own_program(), *command, *more, *options)


def with_pin(words: Sequence[str], pin: str) -> tuple[str, ...]:
    """The words of a command with another pin behind its `-p`. What follows `--` belongs to the script."""
    changed = list(words)
    end = changed.index("--") if "--" in changed else len(changed)
    for at in range(1, end):
        if changed[at - 1] in ("-p", "--pin"):
            changed[at] = pin
        elif changed[at].startswith("--pin="):
            changed[at] = f"--pin={pin}"
        elif re.match("-p[^-]", changed[at]):
            changed[at] = f"-p{pin}"
    return tuple(changed)
