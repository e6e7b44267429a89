"""Creates snapshot files. A new file is created together with its name, so that no other process can take the name, in
a folder in which only root and the user of bttop can change names: SQLite opens a recording and the files beside it by
name, more than once."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

from bttop.errors import BttopError, UsageError, bttop_command, command_line
from bttop.files import check_replaceable, create, make_folder
from bttop.paths import state_home
from bttop.trust import Trust, Untrusted

SUFFIX = ".bttop"
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""Name endings of SQLite's files beside a database. SQLite would read or write such a file if it already exists."""
_TITLE: Final = "cannot record"


def snapshot_folder() -> Path:
    """Return `snapshots` below the current folder if this user can write it and no other user can (root may), else the
    one in the user's state folder."""
    here = Path.cwd() / "snapshots"
    try:
        Trust.of_this_process().check(here)
    except OSError:
        return state_home() / "snapshots"
    usable = here.is_dir() and os.access(here, os.W_OK | os.X_OK, effective_ids=True)
    return here if usable else state_home() / "snapshots"


def new_snapshot(host: str, wall_ns: int, folder: Path | None = None) -> Path:
    """Create an empty file, named by host and local time, in a folder; return its path. Raises BttopError."""
    place = snapshot_folder() if folder is None else folder
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(wall_ns / 1e9))
    # Linux limits a host name to 64 characters.
    name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', host)[:64] or 'host'}-{stamp}"
    try:
        make_folder(place)
    except Untrusted as error:
        raise BttopError(error.why, title=_TITLE, hint=error.command) from error
    except OSError as error:
        raise _cannot(place, error) from error
    for count in range(1, 100):
        path = place / f"{name}{'' if count == 1 else f'-{count}'}{SUFFIX}"
        if not _there(path):
            _claim(path)
            return path
    raise BttopError(f"{place}: there are already 99 snapshots of this second", title=_TITLE)


def claim(path: Path, *, replace: bool) -> None:
    """Create an empty file that only its owner can read, in an existing folder. `replace` removes an existing recording
    and the files beside it. Raises BttopError, also if a file exists that must not be replaced."""
    if not os.path.isdir(path.parent):  # noqa: PTH112  pathlib raises without permission
        raise UsageError(
            f"there is no folder {path.parent}", title=_TITLE, hint=command_line("mkdir", "-m", "700", path.parent)
        )
    try:
        Trust.of_this_process().check(path.parent)
    except OSError as error:
        raise _cannot(path, error) from error
    there = _there(path)
    for one in there if replace else ():
        _check_replaceable(one)
    if there and not replace:
        raise UsageError(
            f"{there[0]} is there already",
            title=_TITLE,
            hint=bttop_command("record", "-o", path, "--overwrite"),
        )
    _claim(path)


def _check_replaceable(path: Path) -> None:
    try:
        check_replaceable(path.lstat().st_mode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; choose another -o FILE", title=_TITLE) from error


def _claim(path: Path) -> None:
    try:
        for one in _there(path):
            one.unlink()
        os.close(create(path))
    except OSError as error:
        raise _cannot(path, error) from error


def _there(path: Path) -> list[Path]:
    """Return the existing files of a recording of this name. A log without its recording counts: it holds lines."""
    return [one for ending in ("", *_BESIDE) if os.path.lexists(one := path.with_name(path.name + ending))]


def _cannot(path: Path, error: OSError) -> BttopError:
    if isinstance(error, Untrusted):
        why = f"{error.why}; who may write there could read or replace the recording"
        return BttopError(why, title=_TITLE, hint=f"{bttop_command('record', '-o')} ~/{command_line(path.name)}")
    return BttopError(f"{path}: {error.strerror}", title=_TITLE, hint=command_line("ls", "-ld", path.parent))
