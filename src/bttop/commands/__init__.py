"""The commands, one module each: `run(arguments)` parses the arguments, does the work and returns the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

COMMANDS = (
    *("stream", "probes", "record", "review", "demo", "info", "verify", "export", "report", "diff", "summary"),
    "doctor",
)
"""The command words, each the name of its module; any other first word starts the dashboard."""


def command(name: str) -> Callable[[Sequence[str]], int]:
    """Return the `run` function of a command. Imports only this module: the others would delay the first probe."""
    run: Callable[[Sequence[str]], int] = import_module(f"bttop.commands.{name}").run
    return run
