"""Folders and files of the traced host: a `Path` on this host, a `FarPath` for another one, whose files were read by
its tracer."""

from __future__ import annotations

import contextlib
import errno
import os
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePath, PurePosixPath
from typing import Protocol


class Folder(Protocol):
    """What bttop uses of a path on the traced host. As a `Path`, it raises OSError for what cannot be read."""

    @property
    def name(self) -> str: ...

    @property
    def parts(self) -> tuple[str, ...]: ...

    @property
    def parent(self) -> Folder: ...

    def __truediv__(self, name: str, /) -> Folder: ...

    def is_dir(self) -> bool: ...

    def exists(self) -> bool: ...

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str: ...

    def read_bytes(self) -> bytes: ...

    def readlink(self) -> PurePath: ...

    def glob(self, pattern: str, /) -> Iterator[Folder]: ...


class FarFiles:
    """Files of another host, as far as they were read. Any thread may read while one adds."""

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        """The files that exist, were asked for, and are not read yet."""
        self._files: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._paths: frozenset[str] = frozenset()

    def add(self, files: Mapping[str, str], links: Mapping[str, str], paths: Iterable[str]) -> None:
        """Add files (in base64), targets of links, and paths that exist. What is not base64 is left out."""
        found = {path: data for path, text in files.items() if (data := _decoded(text)) is not None}
        self._files.update(found)
        self._links.update(links)
        self._paths = self._paths.union(_with_folders([*paths, *found, *links]))
        self.wanted.difference_update(found)

    def copy(self, file: Folder) -> None:
        """Add a file that was read before, under the same path; nothing if it could not be read."""
        with contextlib.suppress(OSError):
            self._files[str(file)] = file.read_bytes()
            self._paths = self._paths.union([str(file)])

    def root(self) -> FarPath:
        """The root folder."""
        return FarPath(self, PurePosixPath("/"))

    def exists(self, path: str) -> bool:
        """Whether the path is known."""
        return path in self._paths

    def content(self, path: str) -> bytes:
        """The start of a file. Raises FileNotFoundError if it was not read; it is then `wanted` if it exists."""
        found = self._files.get(path)
        if found is None:
            if path in self._paths:
                self.wanted.add(path)
            raise _missing(path)
        return found

    def target(self, path: str) -> str:
        """The target of a link. Raises FileNotFoundError."""
        if path not in self._links:
            raise _missing(path)
        return self._links[path]

    def matching(self, folder: PurePosixPath, pattern: str) -> Iterator[FarPath]:
        """The known paths below a folder that match a pattern, part by part."""
        wanted, start = pattern.split("/"), f"{str(folder).rstrip('/')}/"
        # Texts: a tracefs has thousands of paths, and each host its own.
        for path in sorted([path for path in self._paths if path.startswith(start)]):
            parts = path[len(start) :].split("/")
            if len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted)):
                yield FarPath(self, PurePosixPath(path))


class FarPath:
    """One path of another host."""

    def __init__(self, files: FarFiles, path: PurePosixPath) -> None:
        self._files = files
        self._path = path

    @property
    def name(self) -> str:
        """The last part."""
        return self._path.name

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts, `/` first."""
        return self._path.parts

    @property
    def parent(self) -> FarPath:
        """The folder that contains it."""
        return FarPath(self._files, self._path.parent)

    def __truediv__(self, name: str) -> FarPath:
        return FarPath(self._files, self._path / name)

    def __str__(self) -> str:
        return str(self._path)

    def is_dir(self) -> bool:
        """Whether it exists; no caller asks it about a file."""
        return self.exists()

    def exists(self) -> bool:
        """Whether it is known to exist."""
        return self._files.exists(str(self._path))

    def read_bytes(self) -> bytes:
        """The start of the file. Raises FileNotFoundError if it was not read."""
        return self._files.content(str(self._path))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """As `read_bytes`; bytes that cannot be decoded are replaced unless `errors` says otherwise."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "replace")

    def readlink(self) -> PurePosixPath:
        """The target of the link. Raises FileNotFoundError if it was not read."""
        return PurePosixPath(self._files.target(str(self._path)))

    def glob(self, pattern: str) -> Iterator[FarPath]:
        """The known paths below this one that match a pattern."""
        return self._files.matching(self._path, pattern)


def _with_folders(paths: Iterable[str]) -> set[str]:
    """Absolute paths and all folders that contain them."""
    found = {"/"}
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path.rpartition("/")[0]
    return found


def _decoded(text: str) -> bytes | None:
    try:
        return a2b_base64(text)
    except (Base64Error, ValueError):
        return None


def _missing(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
