"""Where snapshots lie: a new file's name, made at once so that nobody else can take it."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from bttop.errors import BttopError
from bttop.files import create, make_folder
from bttop.paths import state_home

SUFFIX = ".bttop"


def snapshot_folder() -> Path:
    """`snapshots` below the current folder when it exists, else the user's own."""
    here = Path.cwd() / "snapshots"
    return here if here.is_dir() else state_home() / "snapshots"


def new_snapshot(host: str, wall_ns: int, folder: Path | None = None) -> Path:
    """Make an empty file named by host and local time in a folder. Raises BttopError."""
    place = snapshot_folder() if folder is None else folder
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(wall_ns / 1e9))
    name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', host) or 'host'}-{stamp}"
    for count in range(1, 100):
        path = place / f"{name}{'' if count == 1 else f'-{count}'}{SUFFIX}"
        if claim(path, replace=False):
            return path
    raise BttopError(f"{place}: a hundred snapshots of this second exist", title="cannot record")


def claim(path: Path, *, replace: bool) -> bool:
    """Make an empty file for one's own eyes; False where there is one already that must stay. Raises BttopError."""
    try:
        make_folder(path.parent)
        if replace:
            path.unlink(missing_ok=True)
        os.close(create(path))
    except FileExistsError:
        return False
    except OSError as error:
        raise BttopError(f"{path}: {error.strerror}", title="cannot record", hint=f"ls -ld {path.parent}") from error
    return True
