"""All views: every module of this folder that has a `VIEW`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from bttop.extensions import modules_in
from bttop.model.plan import MapPlan
from bttop.model.record.records import Value
from bttop.ui import views
from bttop.ui.views.base import View, as_roomy


@lru_cache(maxsize=1)
def all_views() -> tuple[View, ...]:
    """All views in the order of their modules' names."""
    return tuple(module.VIEW for module in modules_in(views) if hasattr(module, "VIEW"))


def views_for(plan: MapPlan, rows: Mapping[str, Value]) -> tuple[View, ...]:
    """The views that can show a map, the best first. A view that its front matter names is always first."""
    return _fitting_views(plan, has_keys=bool(plan.columns) or any(rows))


@lru_cache(maxsize=256)
def _fitting_views(plan: MapPlan, *, has_keys: bool) -> tuple[View, ...]:
    """Cached, because each flush of a program has the same maps."""
    ranked = sorted(((view.rank(plan, has_keys=has_keys), view) for view in all_views()), key=lambda pair: -pair[0])
    fitting = [view for rank, view in ranked if rank > 0]
    return tuple(sorted(fitting, key=lambda view: plan.view not in _names(view)))


def _names(view: View) -> tuple[str, ...]:
    """The names by which front matter asks for a view."""
    roomy = as_roomy(view)
    return (view.name,) if roomy is None else (view.name, roomy.instead_of)
