"""Checks whether another user could have written the files that a script includes or imports. bttop passes a script to
bpftrace as text, so relative names are resolved from the folder in which bttop was started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bttop.script.language.inclusions import Inclusion, inclusions
from bttop.trust import Trust, Untrusted

_HEADERS = ("/usr/local/include", "/bpftrace/include", "/usr/include")
"""Folders in which bpftrace searches headers, in addition to the kernel's own."""


def doubt_of_included(text: str, trust: Trust) -> str:
    """Why a file that a script includes or imports is not trusted, with the fix; empty if all are trusted."""
    if trust.owners is None:
        return ""
    try:
        if any(one.kind != "angled" and not one.name.startswith("/") for one in inclusions(text)):
            trust.check(Path.cwd())
        return _Lookup(trust).doubt(text, Path())
    except Untrusted as doubt:
        return f"includes a file that is {doubt.reason}"
    except OSError as error:
        return f"includes a file that cannot be checked: {error}"


class _Lookup:
    """Follows the inclusions of a text recursively."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._seen: set[Path] = set()

    def doubt(self, text: str, folder: Path) -> str:
        """Why the text itself cannot be checked; empty if all its inclusions are trusted. Raises Untrusted, and other
        OSErrors."""
        for one in inclusions(text):
            if one.kind == "unknown":
                return "includes a file that a macro names: bttop cannot check whether it is trusted"
            for path in self._places(one, folder):
                doubt = self._follow(path, reads_on=one.kind != "angled")
                if doubt:
                    return doubt
                if os.path.lexists(path):
                    break
        return ""

    def _places(self, one: Inclusion, folder: Path) -> Iterator[Path]:
        """The paths at which bpftrace searches it, in this order."""
        if one.kind != "angled":
            yield folder / one.name
        if one.kind != "import":
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
        return self.doubt(self._trust.read(path).decode(errors="replace"), path.parent)
