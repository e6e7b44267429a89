"""Writing as somebody who may be root: what is written is private, appears whole or not at all, never follows a link,
and belongs to the user who called sudo."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, Literal, Self, TypeAlias

from bttop.trust import Trust, caller

Mode: TypeAlias = Literal["w", "wb"]
"""UTF-8 with lines as they are, or bytes."""
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o600
_KINDS: Final = {
    stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def make_folder(path: Path) -> None:
    """Make a private folder and those above it that are missing; each belongs to the caller. Raises Untrusted where
    another user could have put something else in the place of one that is there, and other OSErrors."""
    missing = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    trust = Trust.of_this_process()
    if missing:
        trust.check_way(missing[-1].parent)
    else:
        trust.check(path)
    for one in reversed(missing):
        _make_one(one)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Make one private folder, which is removed when what follows fails. Raises FileExistsError where there is
    something already, Untrusted as root where others could replace it, and other OSErrors."""
    Trust.of_root().check_way(path.parent)
    _make_one(path)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            path.rmdir()
        raise


def _make_one(path: Path) -> None:
    path.mkdir(mode=0o700)
    owner = caller()
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def create(path: Path | str, flags: int = os.O_WRONLY, folder: int | None = None) -> int:
    """A descriptor of a new private file that belongs to the caller; `folder` is a descriptor that the path begins
    at. Raises FileExistsError where there is something already, be it a link, and other OSErrors."""
    descriptor = os.open(path, flags | _NEW, _PRIVATE, dir_fd=folder)
    owner = caller()
    try:
        if owner is not None:
            os.fchown(descriptor, owner.uid, owner.gid)
    except OSError:
        os.close(descriptor)
        os.unlink(path, dir_fd=folder)
        raise
    return descriptor


class NewFile:
    """A private file that appears under its name when it is published, whole, or never. Until then it lies beside
    that name under another one. A context, which removes what was not published."""

    def __init__(self, path: Path, mode: Mode = "wb", *, replace: bool = False) -> None:
        """Begin the file. Raises FileExistsError where there is something already, with `replace` where that is no
        regular file; Untrusted as root in a folder where others could replace it; and other OSErrors."""
        self._path = path
        self._replace = replace
        self._published = False
        Trust.of_root().check_way(path.parent)
        # All further steps begin at this folder: its path may lead elsewhere by then.
        self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._unpublished = f".{path.name[:100]}.{os.urandom(8).hex()}"
        try:
            self._check_name()
            descriptor = create(self._unpublished, folder=self._folder)
        except OSError:
            os.close(self._folder)
            raise
        encoding = None if "b" in mode else "utf-8"
        self.file: IO[Any] = os.fdopen(descriptor, mode, encoding=encoding, newline=None if encoding is None else "")
        """What to write to."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):  # a disk that is full takes no more now either
            self.file.close()
        if not self._published:
            self._remove(self._unpublished)
        os.close(self._folder)

    def publish(self) -> None:
        """Let it appear. Raises as the beginning, and OSError when the disk has not taken all of it."""
        self.file.close()
        self._check_name()
        if not self._replace:
            os.close(create(self._path.name, folder=self._folder))
        try:
            os.rename(self._unpublished, self._path.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except OSError:
            if not self._replace:
                self._remove(self._path.name)
            raise
        self._published = True

    def _check_name(self) -> None:
        try:
            mode = os.stat(self._path.name, dir_fd=self._folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if not self._replace:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self._path))
        check_replaceable(mode)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._folder)


def check_replaceable(mode: int) -> None:
    """Raise OSError unless this is the mode of a regular file, which alone may be replaced by another."""
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, and only a file is replaced")


def create_with(path: Path, content: bytes) -> None:
    """A new private file with its content, or none. Raises as NewFile."""
    with NewFile(path) as new:
        new.file.write(content)
        new.publish()


def write_whole(path: Path, content: bytes) -> None:
    """Write a private file, whole or not at all, in the place of what was there. Raises as NewFile."""
    with NewFile(path, replace=True) as new:
        new.file.write(content)
        new.publish()


def append(path: Path, content: bytes) -> None:
    """Add to a file, which is made private when it is new. Raises Untrusted where another user could have made it or
    put something else in its place, and other OSErrors, also where it is a link."""
    trust = Trust.of_this_process()
    trust.check(path.parent)
    try:
        descriptor = create(path, os.O_WRONLY | os.O_APPEND)
    except FileExistsError:
        trust.check(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
