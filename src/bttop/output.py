"""The one door for what bttop writes to standard output and standard error when it has no screen.

Names of files, probes, programs, maps and hosts, and what other programs say, are parts of most messages, and anybody
may have chosen them. So every line of text is made inert here: what would steer a terminal is written as an escape, a
line end within a name as well. Data (JSON, CSV, folded stacks, HTML) passes as it is, also to a terminal: its writers
put no control character but the line end into it, so that a file and a terminal get the same.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final, TextIO

from bttop.errors import BttopError
from bttop.model.text import inert

_CLEAR: Final = "\r\x1b[K"
"""To the first column, and away with the line: the only sequence that is sent, and it is ours."""
STDERR_PATIENCE: Final = 0.2
"""Seconds without any progress after which the rest of a message is left out: it must not stop what it is about."""


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
    BttopError when standard output is closed or does not take it, such as on a full disk."""
    check_stdout()
    is_written = False
    try:
        write(sys.stdout)
        sys.stdout.flush()
        is_written = True
    except BrokenPipeError:
        return  # the reader has seen enough
    except OSError as error:
        raise _cannot_write(error.strerror or str(error)) from error
    finally:
        if not is_written:
            drop_output()


def check_stdout() -> None:
    """Raise BttopError when standard output is closed."""
    if sys.stdout is None:
        raise _cannot_write("it is closed")


def drop_output() -> None:
    """Let what is buffered for standard output go nowhere: at exit it would fail or block once more."""
    with contextlib.suppress(io.UnsupportedOperation):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def occupy_standard_descriptors() -> None:
    """Put /dev/null where standard input, output or error is closed. The next file that is opened would take its
    number, and what is meant for standard error would be written into it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _cannot_write(why: str) -> BttopError:
    return BttopError(f"standard output: {why}", title="cannot write")


def _to_stderr(text: str) -> None:
    """Write what standard error takes in time; that it is closed, full or not read must not end what it is about."""
    if sys.stderr is None:
        return
    try:
        descriptor = sys.stderr.fileno()
    except io.UnsupportedOperation:
        sys.stderr.write(text)  # not a file: whatever is there takes text as it is
        return
    with contextlib.suppress(OSError), _unblocked(descriptor) as unblocked:
        _push(unblocked, text.encode(sys.stderr.encoding, "backslashreplace"))


@contextlib.contextmanager
def _unblocked(descriptor: int) -> Iterator[int]:
    """A descriptor of the same file that never blocks for longer than poll says. A terminal is opened anew: it takes
    less than poll promises, and the mode of its open file is shared with other processes."""
    anew = -1
    if os.isatty(descriptor):
        with contextlib.suppress(OSError):  # another user's terminal, as after su
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            anew = os.open(f"/proc/self/fd/{descriptor}", flags)
    try:
        yield descriptor if anew < 0 else anew
    finally:
        if anew >= 0:
            os.close(anew)


def _push(descriptor: int, data: bytes) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    deadline = time.monotonic() + STDERR_PATIENCE
    while data and poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        try:
            data = data[os.write(descriptor, data[: select.PIPE_BUF]) :]
            deadline = time.monotonic() + STDERR_PATIENCE
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)  # a terminal that is almost full says that it is ready


def _inert(lines: Iterable[str], stream: TextIO | None) -> str:
    """The lines as one text that the stream can encode."""
    text = "".join(f"{inert(line)}\n" for line in lines)
    encoding = "utf-8" if stream is None else stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
