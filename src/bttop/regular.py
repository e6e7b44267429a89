"""Opening a regular file for reading without ever blocking, for example on a FIFO."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

_KINDS: Final = {stat.S_IFIFO: "a FIFO", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def open_regular(path: Path, *, pipes: bool = False) -> BinaryIO:
    """Open a regular file for reading; with `pipes` also an anonymous pipe, such as `<(...)` of a shell. Raises
    OSError, also for every other kind of file: opening a FIFO could block forever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _check(path, descriptor, pipes=pipes)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def _check(path: Path, descriptor: int, *, pipes: bool) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (pipes and _is_nameless(descriptor)):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file")


def _is_nameless(descriptor: int) -> bool:
    return os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:")  # noqa: PTH115  the target is not a path
