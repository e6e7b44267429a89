"""The hosts of a report: their names, and a table of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bttop.store.labels import Labels, ahead_text
from bttop.store.report.markup import Markup, tag
from bttop.store.snapshot.facts import HostFacts, RecordedHost

_MOST_NAMED = 4
"""More hosts are counted in the heading."""
_WORDS = ("host", "kernel", "CPUs", "bpftrace", "clock ahead by")


def heading(hosts: Sequence[RecordedHost], labels: Labels) -> str:
    """The names of the hosts; of many, their number."""
    if len(hosts) > _MOST_NAMED:
        return f"{len(hosts)} hosts"
    return ", ".join([labels.names.alias("host", one.name) for one in hosts])


def host_entries(hosts: Sequence[RecordedHost]) -> list[tuple[str, str]]:
    """Title and text of each fact, with everything that differs between the hosts."""
    return [
        ("kernel", _all(hosts, lambda one: f"{one.kernel} {one.machine}")),
        ("CPUs", _all(hosts, lambda one: str(one.cpus or "unknown"))),
        ("bpftrace", _all(hosts, lambda one: str(one.release))),
    ]


def host_table(hosts: Sequence[RecordedHost], labels: Labels) -> Markup:
    """One row per host; empty for a report about one."""
    if len(hosts) < 2:
        return Markup("")
    head = tag("tr", [tag("th", word) for word in _WORDS])
    table = tag("table", tag("thead", head), tag("tbody", [_row(one, labels) for one in hosts]))
    return tag("section", tag("h2", "Hosts"), tag("div", table, class_="scroll"), id="hosts")


def _row(host: RecordedHost, labels: Labels) -> Markup:
    facts = host.facts
    cells = (f"{facts.kernel} {facts.machine}", str(facts.cpus or "unknown"), str(facts.release))
    words = (labels.names.alias("host", host.name), *cells, ahead_text(host.clock))
    return tag("tr", [tag("td", word) for word in words])


def _all(hosts: Iterable[RecordedHost], text: Callable[[HostFacts], str]) -> str:
    return ", ".join(dict.fromkeys(text(one.facts) for one in hosts))
