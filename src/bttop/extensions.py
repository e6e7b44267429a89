"""The modules of a package that declare what is added to bttop by adding a file: keys, views, exporters, checks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def modules_in(package: ModuleType, *, below: bool = False) -> Iterator[ModuleType]:
    """Import and return the modules and packages in the package's folder, in the order of their names; with `below`
    also those of its subfolders. `pkgutil` does the same, but its import takes 1 ms of the time to the first frame."""
    folder = Path(package.__path__[0])
    paths = folder.rglob("*.py") if below else [*folder.glob("*.py"), *folder.glob("*/__init__.py")]
    names = {
        tuple(part for part in path.relative_to(folder).with_suffix("").parts if part != "__init__") for path in paths
    }
    for parts in sorted(names - {()}):
        yield importlib.import_module(".".join((package.__name__, *parts)))
