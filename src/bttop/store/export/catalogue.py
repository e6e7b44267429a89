"""The list of export formats: every module of this folder that has an `EXPORTER`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from bttop.store import export
from bttop.store.export.exporter import StreamExporter, TableExporter

Exporter: TypeAlias = StreamExporter | TableExporter


@lru_cache(maxsize=1)
def exporters() -> Mapping[str, Exporter]:
    """Return all formats by name, in alphabetical order."""
    modules = (
        importlib.import_module(f"{export.__name__}.{one.name}") for one in pkgutil.iter_modules(export.__path__)
    )
    found: list[Exporter] = [module.EXPORTER for module in modules if hasattr(module, "EXPORTER")]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}
