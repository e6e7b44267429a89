"""Writing as somebody who may be root: what is written is private, whole, never follows a link that lies in wait, and
belongs to the user who called sudo."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE: Final = 0o600


class Caller(NamedTuple):
    """The user who called sudo."""

    uid: int
    gid: int


def caller(environment: Mapping[str, str] = os.environ) -> Caller | None:
    """Who called sudo, by `SUDO_UID` and `SUDO_GID`; None for everybody but root, and where sudo was not used."""
    uid, gid = environment.get("SUDO_UID", ""), environment.get("SUDO_GID", "")
    if os.geteuid() != 0 or not _is_id(uid) or not _is_id(gid):
        return None
    return Caller(int(uid), int(gid))


def make_folder(path: Path) -> None:
    """Make a private folder and those above it that are missing; each belongs to the caller. May raise OSError."""
    missing = [one for one in (path, *path.parents) if not os.path.lexists(one)]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = caller()
    if owner is not None:
        for one in missing:
            os.chown(one, owner.uid, owner.gid, follow_symlinks=False)


def create(path: Path, flags: int = os.O_WRONLY) -> int:
    """A descriptor of a new private file that belongs to the caller. Raises FileExistsError where there is something
    already, be it a link, and other OSErrors."""
    descriptor = os.open(path, flags | _NEW, _PRIVATE)
    owner = caller()
    if owner is not None:
        os.fchown(descriptor, owner.uid, owner.gid)
    return descriptor


def create_with(path: Path, content: bytes) -> None:
    """A new private file with its content. Raises FileExistsError where there is something already."""
    with os.fdopen(create(path), "wb") as file:
        file.write(content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a private file, whole or not at all, in the place of what was there. May raise OSError."""
    new = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        create_with(new, content)
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def append(path: Path, content: bytes) -> None:
    """Add to a file, which is made private when it is new. Raises OSError, also where it is a link."""
    try:
        descriptor = create(path, os.O_WRONLY | os.O_APPEND)
    except FileExistsError:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "ab") as file:
        file.write(content)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**32 - 1
