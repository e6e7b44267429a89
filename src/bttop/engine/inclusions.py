"""Whether another user could have written what bpftrace reads together with a script. bttop hands a script over as
text, so names in it are looked up from the folder that bttop was started in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bttop.script.inclusions import Inclusion, inclusions
from bttop.trust import Trust, Untrusted

_HEADERS = ("/usr/local/include", "/bpftrace/include", "/usr/include")
"""Where bpftrace looks headers up, beside the kernel's own."""


def doubt_of_included(text: str, trust: Trust) -> str:
    """Why what a script includes or imports is not trusted, with what can be done; empty when it is."""
    if trust.owners is None:
        return ""
    try:
        if any(one.kind != "angled" and not one.name.startswith("/") for one in inclusions(text)):
            trust.check(Path.cwd())
        return _Lookup(trust).doubt(text, Path())
    except Untrusted as doubt:
        return f"includes what is {doubt.reason}"
    except OSError as error:
        return f"includes a file that cannot be looked at: {error}"


class _Lookup:
    """Follows what a text names, and what that names in turn."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._seen: set[Path] = set()

    def doubt(self, text: str, folder: Path) -> str:
        """The doubt that can be told from the text itself. Raises Untrusted, and other OSErrors."""
        for one in inclusions(text):
            if one.kind == "unknown":
                return "includes a file by the name of a macro: it cannot be told whether it is trusted"
            for path in self._places(one, folder):
                doubt = self._follow(path, reads_on=one.kind != "angled")
                if doubt:
                    return doubt
                if os.path.lexists(path):
                    break
        return ""

    def _places(self, one: Inclusion, folder: Path) -> Iterator[Path]:
        """Where it is looked up."""
        if one.kind != "angled":
            yield folder / one.name
        if one.kind != "import":
            kernel = Path("/lib/modules") / os.uname().release
            yield from (kernel / name / one.name for name in ("source", "build"))
            yield from (Path(place) / one.name for place in _HEADERS)

    def _follow(self, path: Path, *, reads_on: bool) -> str:
        """Look at one place: what is there or, where nothing is, at the folder in which it could be made."""
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
