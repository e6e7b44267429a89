"""Errors as bttop reports them to the user: a title, a cause and the command that fixes it.

BttopError
├── UsageError        the command line or a probe file asks for something impossible (exit 2)
├── CannotTrace       this host cannot trace: no bpftrace, no privilege, no tracefs (exit 3)
│   └── BpftraceSlow  bpftrace does not answer in time
└── TracerLost        the tracer process ended while it was needed (exit 1)
"""

from __future__ import annotations


class BttopError(Exception):
    """An error with everything the user needs; `exit_code` is the exit code of the process."""

    exit_code = 1

    def __init__(self, cause: str, *, title: str = "bttop", hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.title = title
        self.hint = hint
        """The command that fixes it, or an empty string."""

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


class TracerLost(BttopError):
    """The tracer process ended while it was needed."""
