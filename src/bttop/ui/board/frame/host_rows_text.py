"""How the rows of several hosts are put together, for the pane's rule."""

from __future__ import annotations

from bttop.engine.session import HostViews
from bttop.model.format.text import visible_name
from bttop.model.hosts.host_column import has_host
from bttop.model.hosts.merged_maps import How
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject


def rows_text(model: PaneModel, subject: Subject) -> str:
    """How the rows of a map are put together, for the pane's rule."""
    views = model.host_views
    assert views is not None, "only for programs of several hosts"
    if views.only_host:
        return visible_name(views.only_host)
    return "by host" if how_joined(model, subject, views) == "each" else f"sum of {len(views.hosts)} hosts"


def how_joined(model: PaneModel, subject: Subject, views: HostViews) -> How:
    """How the rows of a map are put together now, with `usual` as what it is for this map."""
    if views.how != "usual":
        return views.how
    return "each" if has_host(model.data(subject.map).plan.columns) else "sum"
