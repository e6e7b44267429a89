"""Reads the `.bt` files that a script imports, for their macros and probes.

bpftrace 0.24 and newer look for every imported name, also one in an imported file, beside the script that it was
given; for a program given by `-e`, in the current folder. A name that does not exist there may be part of bpftrace.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bttop.script.language.inclusions import imported_names
from bttop.script.language.reader import LONGEST_SCRIPT, Imported, Script, Unreadable, read
from bttop.trust import Trust


def with_imports(script: Script, folder: Path, trust: Trust) -> Script:
    """The script with the files that it imports. A file that cannot be read is kept with the reason."""
    return script._replace(imports=tuple(_Imports(folder, trust).of(script)))


class _Imports:
    """Follows the imports of one script; each file is read once."""

    def __init__(self, folder: Path, trust: Trust) -> None:
        self._folder = folder
        self._trust = trust
        self._seen: set[Path] = set()

    def of(self, script: Script) -> Iterator[Imported]:
        for name in imported_names(script):
            for path in _scripts(self._folder.absolute() / name):
                if path not in self._seen:
                    self._seen.add(path)
                    yield from self._read(path)

    def _read(self, path: Path) -> Iterator[Imported]:
        try:
            script = read(self._trust.read(path, LONGEST_SCRIPT + 1), imported=True)
        except OSError as error:
            script = Unreadable(f"cannot be read: {error}")
        yield Imported(str(path), script)
        if isinstance(script, Script):
            yield from self.of(script)


def _scripts(path: Path) -> Iterator[Path]:
    """The scripts that an imported path stands for: itself, or those of a folder."""
    if os.path.isdir(path):  # noqa: PTH112  pathlib raises without search permission
        yield from sorted(Path(entry) for entry in path.glob("*.bt"))
    elif path.suffix == ".bt":
        yield path
