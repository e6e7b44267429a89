"""What a pane's rule says about the groups of its rows."""

from __future__ import annotations

from collections.abc import Mapping

from bttop.model.format.names import Decoder
from bttop.model.format.text import counted, visible_name
from bttop.model.plan import MapPlan
from bttop.model.record.keys import split_key
from bttop.ui.render.text import middle
from bttop.ui.views.base import Drawing, ViewChoice

LONGEST = 24
"""Maximum cells of the name of an open group."""


def group_text(choice: ViewChoice, plan: MapPlan, decoders: Mapping[str, Decoder]) -> str:
    """The column by which rows are grouped; of an open group also its name."""
    title = visible_name(choice.group)
    return f"by {title} " if choice.inside is None else f"{title} {group_name(choice, plan, decoders)} ".lstrip()


def groups_text(drawing: Drawing, *, brief: bool = False) -> str:
    """How many rows a drawing shows in how many groups, or which processes are folded; `brief` leaves out the rest."""
    if drawing.folded:
        total = f"{sum(drawing.folded.values())} folded"
        return total if brief else f"{folded_text(drawing.folded)} folded, G shows all"
    rows = counted(drawing.grouped, "row")
    return rows if brief else f"{rows} in {counted(len(drawing.order), 'group')}"


def folded_text(names: Mapping[str, int]) -> str:
    """How many processes of which name are folded, the most first, such as `40 ls and 12 sh`."""
    first, *others = names
    rest = f" and {sum(names[name] for name in others)} of {len(others)} more names" if len(others) > 1 else ""
    rest = f" and {names[others[0]]} {visible_name(others[0])}" if len(others) == 1 else rest
    return f"{names[first]} {visible_name(first)}{rest}"


def group_name(choice: ViewChoice, plan: MapPlan, decoders: Mapping[str, Decoder]) -> str:
    """The name of the open group in at most LONGEST cells; of a folded row the parts of its key without processes and
    stacks."""
    group = choice.inside or ""
    name = visible_name(group) if choice.group else _folded_name(group, plan, decoders)
    return middle(name or "(empty)", min(LONGEST, len(name or "(empty)"))).rstrip()


def _folded_name(key: str, plan: MapPlan, decoders: Mapping[str, Decoder]) -> str:
    ids = {plan.pid or "pid", plan.tid or "tid"}
    parts = zip(plan.columns, split_key(key, plan.columns).parts, strict=False)
    shown = [
        str(decoders[column.decoder](part) if column.decoder in decoders else part)
        for column, part in parts
        if column.kind != "stack" and column.title not in ids
    ]
    return visible_name(" ".join(shown))
