"""Checks whether another user could have written the files that a script includes or imports. bttop passes a script to
bpftrace as text, so relative names are resolved from the folder in which bpftrace runs: that of a script that imports,
else the one in which bttop was started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from bttop.script.language.inclusions import Inclusion, inclusions
from bttop.trust import Trust, Untrusted

_HEADERS = ("/usr/local/include", "/bpftrace/include", "/usr/include")
"""Folders in which bpftrace searches headers, in addition to the kernel's own."""


class GivenFiles(Struct, frozen=True):
    """The files that options and variables of a command line name."""

    folders: tuple[Path, ...] = ()
    """Folders in which bpftrace also looks for headers."""
    headers: tuple[str, ...] = ()
    """Headers that it reads before the script."""
    others: tuple[Path, ...] = ()


NO_FILES: Final = GivenFiles()


def doubt_of_included(text: str, trust: Trust, given: GivenFiles = NO_FILES, folder: Path | None = None) -> str:
    """Why a file that a script includes or imports, or that its command line names, is not trusted, with the fix; empty
    if all are trusted. `folder` is the one in which bpftrace runs; None for the current folder."""
    if trust.owners is None:
        return ""
    try:
        if any(one.kind != "angled" and not one.name.startswith("/") for one in inclusions(text)):
            trust.check(folder or Path.cwd())
        for path in (*given.folders, *given.others):
            trust.check(path)
        headers = [Inclusion("angled", name) for name in given.headers]
        root = folder or Path()
        return _Lookup(trust, root, given.folders).doubt([*headers, *inclusions(text)], root)
    except Untrusted as doubt:
        return f"includes a file that is {doubt.reason}"
    except OSError as error:
        return f"includes a file that cannot be checked: {error}"


class _Lookup:
    """Follows the inclusions of a text recursively."""

    def __init__(self, trust: Trust, root: Path, folders: tuple[Path, ...]) -> None:
        """`root` is the folder in which bpftrace runs; `folders` are those that the command line adds for headers."""
        self._trust = trust
        self._root = root
        self._folders = folders
        self._seen: set[Path] = set()

    def doubt(self, named: Iterable[Inclusion], folder: Path) -> str:
        """Why files named in a text of this folder cannot be checked; empty if all are trusted. Raises Untrusted, and
        other OSErrors."""
        for one in named:
            if one.kind == "unknown":
                return "includes a file that a macro names: bttop cannot check whether it is trusted"
            for path in self._places(one, folder):
                doubt = self._follow(path, reads_on=one.kind != "angled" or self._is_given(path))
                if doubt:
                    return doubt
                if os.path.lexists(path):
                    break
        return ""

    def _is_given(self, path: Path) -> bool:
        """Whether the command line has named a header, or its folder: not a header of the system."""
        return not any(path.is_relative_to(place) for place in ("/lib/modules", *_HEADERS))

    def _places(self, one: Inclusion, folder: Path) -> Iterator[Path]:
        """The paths at which bpftrace searches it, in this order."""
        if one.kind == "import":
            yield self._root / one.name
        elif one.kind == "quoted":
            yield folder / one.name
        if one.kind != "import":
            yield from (place / one.name for place in self._folders)
            kernel = Path("/lib/modules") / os.uname().release
            yield from (kernel / name / one.name for name in ("source", "build"))
            yield from (Path(place) / one.name for place in _HEADERS)

    def _follow(self, path: Path, *, reads_on: bool) -> str:
        """Check one path; if nothing exists there, check the nearest existing folder, in which it could be created."""
        if not os.path.lexists(path):
            self._trust.check(next(one for one in path.absolute().parents if os.path.lexists(one)))
            return ""
        self._trust.check(path)
        if not reads_on or path.resolve() in self._seen:
            return ""
        self._seen.add(path.resolve())
        if path.is_dir():
            found = (self._follow(one, reads_on=True) for one in sorted(path.iterdir()))
            return next((doubt for doubt in found if doubt), "")
        return self.doubt(inclusions(self._trust.read(path).decode(errors="replace")), path.parent)
