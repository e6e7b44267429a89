"""The list of export formats: every module of this folder that has an `EXPORTER`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from bttop.extensions import modules_in
from bttop.store import export
from bttop.store.export.exporter import StreamExporter, TableExporter

Exporter: TypeAlias = StreamExporter | TableExporter


@lru_cache(maxsize=1)
def exporters() -> Mapping[str, Exporter]:
    """Return all formats by name, in alphabetical order."""
    found: list[Exporter] = [module.EXPORTER for module in modules_in(export) if hasattr(module, "EXPORTER")]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}
