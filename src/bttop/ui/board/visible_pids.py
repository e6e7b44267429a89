"""The processes of the rows on screen: they are looked up while they live, before the user asks about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bttop.engine.session import ProcessSource
from bttop.ui.board.pane import Pane
from bttop.ui.views.base import parts


def look_up_visible(panes: Iterable[Pane], processes: ProcessSource) -> None:
    """Look up the unknown processes of all rows on screen, host by host."""
    found: dict[str, list[int]] = {}
    for pane in panes:
        for host, pid in visible_pids(pane):
            found.setdefault(host, []).append(pid)
    for host, pids in found.items():
        processes.on(host).note(pids)


def visible_pids(pane: Pane) -> Iterator[tuple[str, int]]:
    """The process ids of the rows on screen, each with its host (empty if there is only one); of all rows if they are
    grouped by a column about the process."""
    if pane.subject.view is None or pane.model.flush is None:
        return
    if pane.choice.group:
        from bttop.ui.board.groups.row_groups import pids_to_group  # needed once rows are grouped

        yield from ((pane.model.only_host, pid) for pid in pids_to_group(pane))
    if pane.choice.group and pane.choice.inside is None:
        return
    plan = pane.model.data(pane.subject.map).plan
    titles = [column.title for column in plan.columns]
    title = plan.pid or "pid"
    if title not in titles:
        return
    for key in {key for key in pane.drawing.keys if key is not None}:
        found = parts(key, plan.columns)
        value = found[titles.index(title)] if len(found) == len(titles) else None
        if isinstance(value, int) and value > 0:
            yield pane.host_of(key), value
