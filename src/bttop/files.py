"""Safe writing of files, also as root: each new file is private, appears complete or not at all, never follows a link,
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
"""Text (UTF-8, line ends unchanged) or bytes."""
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o600
_KINDS: Final = {
    stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def make_folder(path: Path) -> None:
    """Make a private folder and its missing parents; each belongs to the caller. Raises Untrusted if another user
    could have replaced a folder that exists, and other OSErrors."""
    missing = missing_folders(path)
    trust = Trust.of_this_process()
    if missing:
        trust.check_way(missing[-1].parent)
    else:
        trust.check(path)
    for one in reversed(missing):
        _make_one(one)


def missing_folders(path: Path) -> list[Path]:
    """The folders that `make_folder` would make, the innermost first."""
    return [one for one in (path, *path.parents) if not os.path.lexists(one)]


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Make one private folder; remove it if the body of the `with` statement fails. Raises FileExistsError if the path
    exists, Untrusted as root if others could replace the folder, and other OSErrors."""
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
    """Return a descriptor of a new private file that belongs to the caller. The path is relative to `folder`, the
    descriptor of a folder. Raises FileExistsError if the path exists, also as a link, and other OSErrors."""
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
    """A private file that appears under its name, complete, when `publish` is called. Until then it has a temporary
    name in the same folder. A context manager: leaving it removes an unpublished file."""

    def __init__(self, path: Path, mode: Mode = "wb", *, replace: bool = False) -> None:
        """Create the file under its temporary name. Raises FileExistsError if the final name exists; with `replace`,
        OSError if it exists and is not a regular file. Raises Untrusted as root in a folder where others could replace
        the file, and other OSErrors."""
        self._path = path
        self._replace = replace
        self._published = False
        Trust.of_root().check_way(path.parent)
        # All further steps use this descriptor: the path may lead to another folder later.
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
        """The open file to write to."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(OSError):  # a full disk fails here again
            self.file.close()
        if not self._published:
            self._remove(self._unpublished)
        os.close(self._folder)

    def publish(self) -> None:
        """Give the file its final name. Raises as `__init__`, and OSError if the disk did not take all data."""
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
    """Raise OSError unless this is the mode of a regular file: bttop replaces nothing else."""
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'not a file')}, and only a file is replaced")


def create_with(path: Path, content: bytes) -> None:
    """Create a private file with this content, complete or not at all. Raises as NewFile."""
    with NewFile(path) as new:
        new.file.write(content)
        new.publish()


def write_whole(path: Path, content: bytes) -> None:
    """Create or replace a private file, complete or not at all. Raises as NewFile."""
    with NewFile(path, replace=True) as new:
        new.file.write(content)
        new.publish()


def append(path: Path, content: bytes) -> None:
    """Append to a file; create it private if it is missing. Raises Untrusted if another user could have made or
    replaced it, and other OSErrors, also if it is a link."""
    trust = Trust.of_this_process()
    trust.check(path.parent)
    try:
        descriptor = create(path, os.O_WRONLY | os.O_APPEND)
    except FileExistsError:
        trust.check(path)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)
