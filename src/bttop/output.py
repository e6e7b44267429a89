"""The one door for what bttop writes to standard output and standard error when it has no screen.

Names of files, probes, programs, maps and hosts, and what other programs say, are parts of most messages, and anybody
may have chosen them. So every line of text is made inert here: what would steer a terminal is written as an escape, a
line end within a name as well. Data (JSON, CSV, folded stacks, HTML) passes as it is, also to a terminal: its writers
put no control character but the line end into it, so that a file and a terminal get the same.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import IO, Final, TextIO

from bttop.errors import BttopError
from bttop.model.text import inert

_CLEAR: Final = "\r\x1b[K"
"""To the first column, and away with the line: the only sequence that is sent, and it is ours."""


def say(lines: Iterable[str]) -> None:
    """Write lines of text to standard output. Nothing more is written when its reader has gone."""
    write_data(lambda out: out.write(_inert(lines, sys.stdout)))


def warn(*lines: str) -> None:
    """Write lines of text to standard error."""
    _to_stderr(_inert(lines, sys.stderr))


def can_rewrite() -> bool:
    """Whether a line of standard error can be written over."""
    return sys.stderr is not None and sys.stderr.isatty()


def rewrite(line: str) -> None:
    """Write a line to standard error in the place of the one before."""
    _to_stderr(_CLEAR + _inert([line], sys.stderr).removesuffix("\n"))


def clear_line() -> None:
    """Take a line away that was rewritten."""
    _to_stderr(_CLEAR)


def write_data(write: Callable[[IO[str]], object]) -> None:
    """Have data written to standard output as it is. Nothing more is written when its reader has gone. Raises
    BttopError where it cannot be written."""
    try:
        write(sys.stdout)
        sys.stdout.flush()
    except OSError as error:
        # What is buffered must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # then the reader has seen enough
            raise BttopError(f"standard output: {error.strerror}", title="cannot write") from error


def _to_stderr(text: str) -> None:
    # Without anybody to read it, a message must not end what it is about.
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()


def _inert(lines: Iterable[str], stream: TextIO | None) -> str:
    """The lines as one text that the stream can encode."""
    text = "".join(f"{inert(line)}\n" for line in lines)
    encoding = "utf-8" if stream is None else stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
