"""The name of a row on one line."""

from __future__ import annotations

from functools import lru_cache

from bttop.model.format.text import visible_name
from bttop.model.record.stacks import NO_FRAMES, names
from bttop.ui.views.base import Scene, decoded


@lru_cache(maxsize=4096)
def frames_text(text: str) -> str:
    """A stack on one line, innermost frame first. Cached, because each flush has mostly the same stacks."""
    return " < ".join([visible_name(name) for name in names(text)]) or NO_FRAMES


def row_name(scene: Scene, key: str) -> str:
    """All parts of a key, with a blank between two; the map's title or name for a map without keys."""
    plan = scene.data.plan
    if not plan.columns and not key:
        return visible_name(plan.title or plan.name.lstrip("@") or "value")
    kinds = [column.kind for column in plan.columns]
    texts = [
        frames_text(str(part)) if index < len(kinds) and kinds[index] == "stack" else visible_name(str(part))
        for index, part in enumerate(decoded(scene, key))
    ]
    return " ".join(texts)
