"""The JSON format of speedscope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from bttop.model.format.json_text import json_text
from bttop.model.format.text import visible
from bttop.store.export.exporter import StreamExporter
from bttop.store.export.selection import Selection
from bttop.store.export.stacks import folded

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def write_speedscope(selection: Selection, out: IO[str]) -> None:
    """Write speedscope's JSON: one sampled profile per map with stacks."""
    ids: dict[str, int] = {}
    profiles = [_profile(str(name), stacks, ids) for name, stacks in folded(selection).items()]
    document = {
        "$schema": SCHEMA,
        "exporter": f"bttop {selection.snapshot.session.bttop}",
        "name": visible(selection.snapshot.path.name),
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in ids]},
        "profiles": profiles,
    }
    out.write(f"{json_text(document)}\n")


def _profile(name: str, stacks: Sequence[tuple[tuple[str, ...], int]], ids: dict[str, int]) -> dict[str, Any]:
    samples = [[ids.setdefault(frame, len(ids)) for frame in stack] for stack, _ in stacks]
    return {
        "type": "sampled",
        "name": visible(name),
        "unit": "none",
        "startValue": 0,
        "endValue": sum(weight for _, weight in stacks),
        "samples": samples,
        "weights": [weight for _, weight in stacks],
    }


EXPORTER = StreamExporter("speedscope", ".json", "the same stacks for speedscope", write_speedscope)
