"""The error of a column to group by that no map has."""

from __future__ import annotations

from collections.abc import Mapping

from bttop.errors import UsageError
from bttop.model.format.text import visible, visible_name
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.model.plan import MapPlan


def no_column(grouper: FlushGrouper, plans: Mapping[str, MapPlan]) -> UsageError:
    """The error that names the columns there are, by the names of the maps."""
    titles = {name: ", ".join(map(visible_name, grouper.titles(plan))) for name, plan in plans.items()}
    there_are = "; ".join(f"{visible(name)} has {found}" for name, found in titles.items() if found)
    title = f"no map has a column {grouper.title!r} to group by"
    return UsageError(there_are or "each map has one column or none", title=title)
