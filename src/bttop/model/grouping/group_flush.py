"""Groups the maps of flushes by one column, for other tools and for totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bttop.model.flush.by_function import FrameNamer, by_function
from bttop.model.flush.contents import MapData, empty_map
from bttop.model.flush.flush import Flush
from bttop.model.format.names import Decoder
from bttop.model.grouping.group_columns import GroupColumn, ProcessColumn, group_column, group_columns
from bttop.model.grouping.group_rows import group_rows, with_counts
from bttop.model.plan import Column, MapPlan


class FlushGrouper:
    """Groups maps by the column of one title. Maps without it are left out."""

    def __init__(
        self,
        title: str,
        decoders: Mapping[str, Decoder],
        processes: Sequence[ProcessColumn] = (),
        namer: FrameNamer | None = None,
        *,
        counts: bool = True,
    ) -> None:
        """`processes`: columns about the process of a row. `namer` names user addresses. With `counts` the number of
        rows in each group is a second key column."""
        self.title = title
        self._decoders = decoders
        self._processes = processes
        self._namer = namer
        self._counts = counts
        self._columns: dict[tuple[tuple[Column, ...], str], GroupColumn | None] = {}
        self.left_out: set[str] = set()
        """The names of the maps without the column."""

    def titles(self, plan: MapPlan) -> tuple[str, ...]:
        """The titles of the columns by which a map can be grouped."""
        found: dict[str, None] = {}
        for process in (None, *self._processes):
            found |= dict.fromkeys(one.title for one in group_columns(plan, self._decoders, process, least=1))
        return tuple(found)

    def plan(self, plan: MapPlan) -> MapPlan | None:
        """The plan of the grouped map; None if the map does not have the column."""
        data = self.data(empty_map(plan))
        return None if data is None else data.plan

    def data(self, data: MapData) -> MapData | None:
        """The grouped map; None if it does not have the column."""
        by = self._column(data.plan)
        if by is None:
            self.left_out.add(data.plan.name)
            return None
        found = group_rows(by_function(data, self._namer), by)
        return with_counts(found) if self._counts else found.data

    def flush(self, flush: Flush) -> Flush:
        """The flush with its maps grouped, without those that do not have the column."""
        grouped = {name: self.data(data) for name, data in flush.maps.items()}
        return replace(flush, maps={name: data for name, data in grouped.items() if data is not None})

    def _column(self, plan: MapPlan) -> GroupColumn | None:
        about = (plan.columns, plan.pid)
        if about not in self._columns:
            process = next((one for one in self._processes if one.title == self.title), None)
            self._columns[about] = group_column(group_columns(plan, self._decoders, process, least=1), self.title)
        return self._columns[about]
