"""Errors as bttop reports them to the user: a title, a cause and the command that fixes it.

BttopError
├── UsageError        the command line or a probe file asks for something impossible (exit 2)
├── CannotTrace       this host cannot trace: no bpftrace, no privilege, no tracefs (exit 3)
│   ├── BpftraceSlow  bpftrace does not answer in time
│   └── Unreachable   another host does not answer, or not yet
└── TracerLost        the tracer process ended while it was needed (exit 1)
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Final

from bttop.patterns import pattern

_FOUND: Final = (*(Path(path) for path in ["/usr/local/bin", "/usr/bin", "/bin"]), Path())
"""Folders in which sudo looks by its usual `secure_path`; the last one stands for a name without a folder."""
_CONTROL = pattern("[\x00-\x1f\x7f-\x9f\udc80-\udcff]")


def command_line(*words: object) -> str:
    """A command to paste into a shell. Words with control characters or bytes that are not UTF-8 are written as $'...',
    so that the command is one line."""
    return " ".join(_quoted(str(word)) for word in words)


def _quoted(word: str) -> str:
    if _CONTROL.search(word) is None:
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_CONTROL.sub(_escape, escaped)}'"


def _escape(found: re.Match[str]) -> str:
    data = found[0].encode(errors="surrogateescape")
    return "".join(f"\\x{byte:02x}" for byte in data)


def bttop_command(*words: object) -> str:
    """A command of bttop to paste into a shell; the shell need not find `bttop` in its PATH."""
    return command_line(*own_program(), *words)


def corrected_command(wrong: str, right: str) -> str:
    """The command that runs now with one of its words replaced; without this word, bttop with the right one."""
    words = sys.argv[1:]
    return bttop_command(*(right if word == wrong else word for word in words) if wrong in words else (right,))


def own_program() -> tuple[str, ...]:
    """The words that start bttop: its name where the shell and sudo find it, else its path."""
    path = Path(sys.argv[0])
    if path.name == "__main__.py" and path.parent.name == "bttop":
        return sys.executable, "-m", "bttop"
    return ("bttop",) if path.name != "bttop" or path.parent in _FOUND else (str(path.absolute()),)


class BttopError(Exception):
    """An error with everything the user needs; `exit_code` is the exit code of the process."""

    exit_code = 1

    def __init__(self, cause: str, *, title: str = "bttop", hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.title = title
        self.hint = hint
        """The command that fixes it, to be pasted into a shell as it is; empty if there is none. Advice in words
        belongs to the cause."""

    @property
    def lines(self) -> list[str]:
        """The lines of the message: a sentence, then the command on a separate line."""
        return [f"{self.title}: {self.cause}", *([f"  {self.hint}"] if self.hint else [])]

    def __str__(self) -> str:
        return "\n".join(self.lines)


class UsageError(BttopError):
    """The command line, a probe file or its front matter asks for something impossible."""

    exit_code = 2


class CannotTrace(BttopError):
    """This host cannot trace in its current state."""

    exit_code = 3


class BpftraceSlow(CannotTrace):
    """bpftrace exists but does not answer in time, so bttop does not know whether it works."""


class Unreachable(CannotTrace):
    """Another host does not answer now; it may answer later."""


class TracerLost(BttopError):
    """The tracer process ended while it was needed."""
