"""What can go wrong, as told to the user: a title, a cause and the command that mends it.

BttopError
├── UsageError        the command line or a probe file says something that cannot be (exit 2)
├── CannotTrace      this host cannot trace: no bpftrace, no privilege, no tracefs (exit 3)
│   └── BpftraceSlow  bpftrace does not answer in time
└── TracerLost        the tracer process ended while it was needed (exit 1)
"""

from __future__ import annotations


class BttopError(Exception):
    """An error with everything the user needs; `exit_code` is what the process ends with."""

    exit_code = 1

    def __init__(self, cause: str, *, title: str = "bttop", hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.title = title
        self.hint = hint
        """The command that mends it, or an empty string when there is none."""

    @property
    def lines(self) -> list[str]:
        """As it is told: a sentence, and the command on a line of its own."""
        return [f"{self.title}: {self.cause}", *([f"  {self.hint}"] if self.hint else [])]

    def __str__(self) -> str:
        return "\n".join(self.lines)


class UsageError(BttopError):
    """The command line, a probe file or its front matter asks for something that cannot be."""

    exit_code = 2


class CannotTrace(BttopError):
    """This host cannot trace as it is."""

    exit_code = 3


class BpftraceSlow(CannotTrace):
    """There is a bpftrace, and it does not answer in time: nobody knows whether it would run."""


class TracerLost(BttopError):
    """The tracer process ended while it was needed."""
