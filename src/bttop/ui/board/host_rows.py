"""How the rows of several hosts are put together in a pane."""

from __future__ import annotations

from bttop.engine.session import HostViews
from bttop.model.hosts.host_column import has_host, host_of
from bttop.model.hosts.merged_maps import How
from bttop.ui.board.frame.host_rows_text import how_joined
from bttop.ui.board.pane import Pane
from bttop.ui.views.hosts.both import COMPARING

ONE_HOST = "H is for several hosts: bttop -H web1,web2"


def step_hosts(pane: Pane) -> str:
    """Put the rows together in the next way: added up, one row per host and key, one host alone. Return a message."""
    model, subject = pane.model, pane.subject
    views = model.host_views
    if views is None:
        return ONE_HOST
    of_hosts = subject.view in COMPARING
    how = "one" if of_hosts and pane.cursor else _next(how_joined(model, subject, views))
    host = _chosen_host(pane, views) if how == "one" else ""
    pane.see(views.seen(how, host))
    return _told(pane, how, host)


def _next(how: How) -> How:
    return "each" if how == "sum" else "one" if how == "each" else "sum"


def _chosen_host(pane: Pane, views: HostViews) -> str:
    """The host of the row under the cursor; without one the first host."""
    found = host_of(pane.cursor or "")
    return found if found in views.hosts else views.hosts[0]


def _told(pane: Pane, how: How, host: str) -> str:
    if how == "one":
        return f"{host} alone; H adds up all hosts"
    if how == "each":
        return "one row per host and key; H shows the host of the row alone"
    if pane.subject.view is not None and has_host(pane.model.data(pane.subject.map).plan.columns):
        return "the values of this map have no sum: one row per host; H shows the host of the row alone"
    return "added up over all hosts, without process ids and other columns of a single host; H shows each host"
