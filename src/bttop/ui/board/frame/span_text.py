"""What a pane's rule says about the span on show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bttop.model.format import numbers
from bttop.model.format.text import counted
from bttop.model.record.records import Bucket
from bttop.ui.render.spans import Span

if TYPE_CHECKING:
    from bttop.ui.board.pane_data.pane_model import PaneModel


def span_notes(model: PaneModel, name: str) -> list[Span]:
    """The notes about the span on show for one map of a pane: how much was merged, and what is left out."""
    moment = model.span_moment
    if moment is None or model.flush is None:
        return []
    flush = model.flush_of(name) or model.flush
    merged = counted(moment.merged.merged, "flush", "flushes")
    texts = [text for text in (moment.progress, _limit(model, name), *moment.merged.notes) if text]
    return [*(Span(text, "badge") for text in texts), Span(f"{merged}, {numbers.duration(flush.seconds)}", "match")]


def _limit(model: PaneModel, name: str) -> str:
    """The range of values to which the map is limited; empty if it is not."""
    held = model.buckets_of(name)
    if held is None:
        return ""
    (values,) = numbers.bucket_labels([Bucket(held.low, held.high, 0)], model.data(name).plan.unit)
    return f"only {values}"
