"""The commands, one file each: `run(arguments)` parses, wires and gives the exit code. The only callers of asyncio.run
are below here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

COMMANDS = ("stream", "probes", "record", "review", "demo", "info", "verify", "export", "report", "diff")
"""The first words that are commands, each the name of its module; anything else is the dashboard."""


def command(name: str) -> Callable[[Sequence[str]], int]:
    """The `run` of a command. Imported only when it is wanted: the others would delay the first probe."""
    run: Callable[[Sequence[str]], int] = import_module(f"bttop.commands.{name}").run
    return run
