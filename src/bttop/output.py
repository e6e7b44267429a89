"""All output of bttop to stdout and stderr when it has no screen.

Most messages contain names (of files, probes, programs, maps, hosts) and output of other programs, which another user
may have chosen. So this module makes every line of text inert: control characters, and line ends within a name, are
written as escapes. Data (JSON, CSV, folded stacks, HTML) is written unchanged, also to a terminal: its writers emit no
control character except line ends, so a file and a terminal get the same bytes.
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
from bttop.model.format.text import inert

_CLEAR: Final = "\r\x1b[K"
"""Go to the first column and clear the line: the only control sequence that this module sends."""
USUAL_WIDTH: Final = 80
STDERR_PATIENCE: Final = 0.2
"""Seconds without progress after which the rest of a message is dropped: a message must not block bttop."""


def say(lines: Iterable[str]) -> None:
    """Write lines of text to stdout. Stops silently if the reader has closed it. Raises as `write_data`."""
    write_data(lambda out: out.write(_inert(lines, sys.stdout)))


def printable(line: str) -> str:
    """The line as `say` writes it, without its line end."""
    return _inert([line], sys.stdout).removesuffix("\n")


def width() -> int:
    """Columns of the terminal on stdout; 80 without one."""
    if sys.stdout is None or not sys.stdout.isatty():
        return USUAL_WIDTH
    return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_WIDTH


def warn(*lines: str) -> None:
    """Write lines of text to stderr."""
    _to_stderr(_inert(lines, sys.stderr))


def confirmed(question: str) -> bool:
    """Ask a question on the terminal, and return whether the answer is yes; no if stdin ends."""
    rewrite(f"bttop: {question} [y/N] ")
    return sys.stdin is not None and sys.stdin.readline().strip().casefold() in ("y", "yes")


def can_rewrite() -> bool:
    """Whether stderr is a terminal, where `rewrite` can replace a line."""
    return sys.stderr is not None and sys.stderr.isatty()


def rewrite(line: str) -> None:
    """Replace the current line of stderr."""
    _to_stderr(_CLEAR + _inert([line], sys.stderr).removesuffix("\n"))


def clear_line() -> None:
    """Clear a line that `rewrite` wrote."""
    _to_stderr(_CLEAR)


def write_data(write: Callable[[IO[str]], object]) -> None:
    """Call `write` with stdout; data is written unchanged. Stops silently if the reader has closed it. Raises
    BttopError if stdout is closed or a write fails, for example on a full disk."""
    check_stdout()
    is_written = False
    try:
        write(sys.stdout)
        sys.stdout.flush()
        is_written = True
    except BrokenPipeError:
        return  # stdout was closed early
    except OSError as error:
        raise _cannot_write(error.strerror or str(error)) from error
    finally:
        if not is_written:
            drop_output()


def check_stdout() -> None:
    """Raise BttopError if stdout is closed."""
    if sys.stdout is None:
        raise _cannot_write("it is closed")


def drop_output() -> None:
    """Send the data that is buffered for stdout to /dev/null: at exit, writing it would fail or block again."""
    with contextlib.suppress(io.UnsupportedOperation):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def occupy_standard_descriptors() -> None:
    """Open /dev/null as stdin, stdout or stderr if one is closed. Otherwise the next opened file would get its
    descriptor number, and messages for stderr would be written into that file."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _cannot_write(why: str) -> BttopError:
    return BttopError(f"standard output: {why}", title="cannot write")


def _to_stderr(text: str) -> None:
    """Write what stderr accepts in time; bttop must continue if stderr is closed, full or not read."""
    if sys.stderr is None:
        return
    try:
        descriptor = sys.stderr.fileno()
    except io.UnsupportedOperation:
        sys.stderr.write(text)  # stderr was replaced by an object that is not a file
        return
    with contextlib.suppress(OSError), _unblocked(descriptor) as unblocked:
        _push(unblocked, text.encode(sys.stderr.encoding, "backslashreplace"))


@contextlib.contextmanager
def _unblocked(descriptor: int) -> Iterator[int]:
    """A descriptor of the same file whose writes do not block after poll reports it ready. A terminal is opened again,
    with O_NONBLOCK: it accepts less than poll promises, and other processes share the mode of its open file."""
    anew = -1
    if os.isatty(descriptor):
        with contextlib.suppress(OSError):  # another user's terminal, for example after su
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
            time.sleep(0.01)  # poll reports an almost full terminal as ready


def _inert(lines: Iterable[str], stream: TextIO | None) -> str:
    """Return the inert lines as one text that the stream can encode."""
    text = "".join(f"{inert(line)}\n" for line in lines)
    encoding = "utf-8" if stream is None else stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
