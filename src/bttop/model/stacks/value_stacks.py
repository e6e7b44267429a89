"""Maps whose values are stacks, such as `@last[pid] = kstack`."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.model.flush.contents import MapData
from bttop.model.plan import MapPlan
from bttop.model.record.records import Value


def with_stacks_in_keys(data: MapData) -> MapData:
    """The map with each stack as the last part of its key and 1 as its value, so that all views of stacks can show it.
    A map with other values is returned unchanged."""
    if data.plan.stack is None:
        return data
    rows: dict[str, Value] = {f"{key},{value}" if key else str(value): 1 for key, value in data.rows.items()}
    return replace(data, plan=plan_with_stacks_in_keys(data.plan), rows=rows)


def plan_with_stacks_in_keys(plan: MapPlan) -> MapPlan:
    """The plan of such a map."""
    if plan.stack is None:
        return plan
    titles = {column.title for column in plan.columns}
    stack = plan.stack if plan.stack.title not in titles else plan.stack._replace(title=f"{plan.stack.title} stored")
    # The stacks that are stored now: not those of one interval.
    return replace(plan, aggregation="count", scheme="gauge", columns=(*plan.columns, stack), stack=None)
