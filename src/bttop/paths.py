"""Folders of probes, themes and snapshots (in the package, in a checkout, of the user) and of bttop's own files."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(what: str) -> Path:
    """The folder of `what` (probes, themes, snapshots) that is part of bttop: in the wheel, or in the checkout."""
    inside = _PACKAGE / "share" / what
    return inside if inside.is_dir() else _PACKAGE.parent.parent / what


def config_home() -> Path:
    """The user's configuration folder of bttop."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "bttop"


def overlay(what: str, chosen: Path | None = None) -> tuple[Path, ...]:
    """The folders to search for `what`, highest priority first: the chosen one, the one in the current folder, the
    user's, the shipped one. Omits missing folders, except the chosen one."""
    usual = (Path.cwd() / what, config_home() / what, shipped(what))
    # Not Path.is_dir: it raises if a parent folder may not be entered, such as root's home by other users.
    found = [path for path in usual if os.path.isdir(path)]  # noqa: PTH112
    unique = [
        path for index, path in enumerate(found) if path.resolve() not in {one.resolve() for one in found[:index]}
    ]
    return (*([chosen] if chosen is not None else []), *unique)


def with_users(folders: tuple[Path, ...], what: str) -> tuple[Path, ...]:
    """Return the folders of `overlay`; if the user's folder was created later, add it before the shipped one."""
    own = config_home() / what
    if not os.path.isdir(own) or own.resolve() in {one.resolve() for one in folders}:  # noqa: PTH112
        return folders
    return (*(one for one in folders if one != shipped(what)), own, *(one for one in folders if one == shipped(what)))


def state_home() -> Path:
    """The user's folder for state that bttop keeps between runs."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "bttop"


def cache_home() -> Path:
    """The user's folder for data that bttop can compute again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bttop"
