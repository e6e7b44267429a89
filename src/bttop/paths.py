"""Where things lie: probes, themes and snapshots inside the package or beside the source, and the user's own; and how
a file among them is replaced."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(what: str) -> Path:
    """The folder of `what` (probes, themes, snapshots) that came with bttop: in the wheel, or in the checkout."""
    inside = _PACKAGE / "share" / what
    return inside if inside.is_dir() else _PACKAGE.parent.parent / what


def config_home() -> Path:
    """The user's configuration folder of bttop."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "bttop"


def overlay(what: str, chosen: Path | None = None) -> tuple[Path, ...]:
    """The folders to look for `what` in, the first to win first: the one asked for, the one in the current folder,
    the user's, the shipped. Folders that do not exist are left out, but for the one that was asked for."""
    usual = (Path.cwd() / what, config_home() / what, shipped(what))
    # Not Path.is_dir: it raises where a folder above may not be entered, as root's home by others.
    found = [path for path in usual if os.path.isdir(path)]  # noqa: PTH112
    unique = [
        path for index, path in enumerate(found) if path.resolve() not in {one.resolve() for one in found[:index]}
    ]
    return (*([chosen] if chosen is not None else []), *unique)


def with_users(folders: tuple[Path, ...], what: str) -> tuple[Path, ...]:
    """The folders of `overlay`, with the user's own if it has come into being since: before the shipped one."""
    own = config_home() / what
    if not os.path.isdir(own) or own.resolve() in {one.resolve() for one in folders}:  # noqa: PTH112
        return folders
    return (*(one for one in folders if one != shipped(what)), own, *(one for one in folders if one == shipped(what)))


def state_home() -> Path:
    """The user's folder for what bttop remembers between runs."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "bttop"


def cache_home() -> Path:
    """The user's folder for what bttop can find out again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bttop"
