"""What a pasted text asks for: a program with the options of its command line, or the reason why it cannot run."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class OneLiner(Struct, frozen=True):
    """A program to run."""

    program: str
    """The script; empty if `file` names it."""
    file: str = ""
    is_command: bool = False
    """Whether the line runs the file itself: a name without a slash is then looked up in PATH."""
    pid: int = 0
    """The value of `-p`, used as the pin; 0 without one."""
    args: tuple[str, ...] = ()
    """Positional parameters."""
    options: tuple[str, ...] = ()
    """Options to pass to bpftrace, for example `--unsafe`, which the user must confirm."""
    environment: tuple[tuple[str, str], ...] = ()
    """`BPFTRACE_…` assignments before the command."""
    notes: tuple[str, ...] = ()
    """Messages for the user: what was left out or changed."""


class OneLinerRefused(Struct, frozen=True):
    """Why a pasted text cannot be run."""

    reason: str
    """One sentence, which says what to type instead."""


LONGEST_NAME: Final = 60
"""Characters of a word of the line that a sentence repeats."""


def shown(word: str) -> str:
    """A word of the line as a sentence repeats it: on one line, and not too long."""
    line = " ".join(word.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
