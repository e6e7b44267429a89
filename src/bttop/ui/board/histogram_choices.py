"""What the user chooses about the histograms of a pane. Each function returns what it has done, as a notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from bttop.ui.board.groups.row_groups import folded_reason
from bttop.ui.board.pane import Pane
from bttop.ui.views.base import Form

_FORMS: Final[Mapping[Form, str]] = {
    "linear": "bars are as long as the counts",
    "log": "bars are as long as the logarithms of the counts",
    "cumulative": "cumulative: the share of all events up to each bucket",
}
_SCALES: Final[Mapping[Form, str]] = {"linear": "linear", "log": "logarithmic"}
_NONE: Final = "this map has no histograms"


def use_next_form(pane: Pane) -> str:
    """Draw the histograms of the map on show in the next form; the first follows the last. A trend has only the linear
    and the logarithmic scale."""
    is_trend, chosen = bool(pane.choice.trend), pane.choice.histogram
    if not is_trend and not _has_histograms(pane):
        return _NONE
    forms = list(_SCALES if is_trend else _FORMS)
    form = forms[(forms.index(chosen.form) + 1) % len(forms)] if chosen.form in forms else "log"
    pane.choice = replace(pane.choice, histogram=replace(chosen, form=form))
    return f"{_SCALES[form]} scale" if is_trend else _FORMS[form]


def toggle_second_row(pane: Pane) -> str:
    """Draw the histogram of the row under the cursor over those of the other rows, or no longer. In a map without keys:
    show or hide the baseline."""
    if not _has_histograms(pane):
        return _NONE
    if pane.choice.group and pane.choice.inside is None:
        return "a group cannot be the second histogram: Enter opens it"
    if why := folded_reason(pane):
        return why
    chosen, key = pane.choice.histogram, pane.cursor
    if key is None and chosen.second is None:
        hidden = not chosen.without_baseline
        pane.choice = replace(pane.choice, histogram=replace(chosen, without_baseline=hidden))
        return "the baseline is not drawn" if hidden else "the baseline is drawn, if there is one"
    second = None if key is None or key == chosen.second else key
    pane.choice = replace(pane.choice, histogram=replace(chosen, second=second))
    return "no second row" if second is None else "the histogram of this row is drawn over those of the others"


def _has_histograms(pane: Pane) -> bool:
    subject = pane.subject
    return subject.view is not None and pane.model.data(subject.map).plan.aggregation in ("hist", "lhist")
