"""The first line of a pane whose program is thinned: its factor, and the keys that show exact numbers."""

from __future__ import annotations

from bttop.model.flush.contents import MapData
from bttop.model.flush.rates import amount, is_additive
from bttop.model.flush.scaling import standard_error
from bttop.ui.board.frame.costs import percent
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.pane_data.subject import Subject
from bttop.ui.render.spans import Line, Span
from bttop.ui.render.text import width
from bttop.ui.views.base import ViewChoice, parts

_EXAMPLE = 1_000
"""The count whose error is shown."""


def thinned_lines(model: PaneModel, subject: Subject, choice: ViewChoice, room: int) -> list[Line]:
    """The line, in the longest form that fits; none if all events are taken, or at an earlier moment."""
    thinned = model.status.thinned
    if thinned is None or model.looks_back or not model.status.running:
        return []
    data = model.data(subject.map)
    error = "" if data.plan.by_key else f", ±{100 * standard_error(_EXAMPLE, thinned.one_in):.0f} % of {_EXAMPLE:,}"
    exact = f"y counts all (≤{thinned.allowed} % CPU)"
    share = _share_of_row(data, choice)
    pinned = thinned.fixed_percent + (thinned.exact_percent - thinned.fixed_percent) * (share or 0.0)
    helps = share is not None and pinned <= thinned.left_percent
    pin = f", p pins it ({percent(pinned)})" if helps else ""
    head = f" 1 in {thinned.one_in}"
    brief = f"{head}: y all ≤{thinned.allowed} % CPU, p pins {percent(pinned)}" if helps else ""
    forms = [f"{head}{error}: {exact}{pin}", f"{head}: {exact}{pin}", *filter(None, [brief])]
    forms += [f"{head}: {exact}", f"{head}: y counts all"]
    return [(Span(next((form for form in forms if width(form) <= room), forms[-1]), "badge"),)]


def _share_of_row(data: MapData, choice: ViewChoice) -> float | None:
    """The share of all events that the process of the selected row has, else that of the largest row; None if rows are
    not about processes."""
    titles = [column.title for column in data.plan.columns]
    title = data.plan.pid or "pid"
    if title not in titles or not data.rows or not is_additive(data):
        return None
    at = titles.index(title)
    amounts = {key: amount(value) or 0.0 for key, value in data.rows.items()}
    chosen = choice.selected if choice.selected in amounts else max(amounts, key=amounts.__getitem__)
    pid, total = _part(chosen, data, at), sum(amounts.values())
    own = sum(found for key, found in amounts.items() if _part(key, data, at) == pid)
    return own / total if total > 0 else None


def _part(key: str, data: MapData, at: int) -> int | str:
    found = parts(key, data.plan.columns)
    return found[at] if at < len(found) else ""
