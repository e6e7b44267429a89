"""Why a pane shows no rows, below its heading."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.model.format.text import visible, visible_name
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.render.spans import Span
from bttop.ui.render.text import width
from bttop.ui.views.base import Drawing, Scene


def with_reason(model: PaneModel, subject: Subject, scene: Scene, drawing: Drawing) -> Drawing:
    """The drawing; without rows with a line that says why, if there is room for it."""
    reason = _reason(model, subject, scene, drawing)
    if not reason or len(drawing.lines) >= scene.height:
        return drawing
    return replace(drawing, lines=(*drawing.lines, (Span(f" {reason}", "dim"),)), keys=(*drawing.keys, None))


def _reason(model: PaneModel, subject: Subject, scene: Scene, drawing: Drawing) -> str:
    choice = scene.choice
    if not scene.data.rows:
        return _nothing(model, subject, scene.width)
    if drawing.order:
        return ""
    if choice.needle:
        return f"no row contains “{visible(choice.needle)}”"
    if choice.inside is None:
        return ""
    from bttop.ui.board.groups.group_text import group_name  # needed once rows are grouped

    return f"no row of {group_name(choice, scene.data.plan, scene.decoders)} in this interval; Backspace goes back"


def _nothing(model: PaneModel, subject: Subject, room: int) -> str:
    """The text of a map without rows; it names another map of the pane that has some. It is shorter if `room` cells are
    too few."""
    others = (one for one in model.subjects() if one.view is not None and one.map != subject.map)
    other = next((one for one in others if model.data(one.map).rows), None)
    if other is None:
        taken = f"nothing was counted: 1 in {model.one_in} is taken"
        return taken if model.one_in > 1 else "nothing happened in this interval"
    here, there = f"no {visible_name(subject.label)}", f"; v shows {visible_name(other.label)}"
    text = f"{here} in this interval{there}"
    return text if 1 + width(text) <= room else here + there
