"""The status of one program on several hosts as one status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from bttop.engine.cost.cost import Bill, Cost
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.model.hosts.host_flush import host_plan
from bttop.model.hosts.merged_maps import How
from bttop.model.plan import Plan
from bttop.script.process.pin import Pin

_BEST_FIRST: Final = (
    ProgramState.LIVE, ProgramState.ATTACHED, ProgramState.STARTING, ProgramState.STOPPING, ProgramState.RETRYING,
    ProgramState.SILENT, ProgramState.DAMAGED, ProgramState.COSTLY, ProgramState.HELD, ProgramState.STOPPED,
    ProgramState.ENDED, ProgramState.UNAVAILABLE, ProgramState.FAILED,
)  # fmt: skip
"""A program is in the best of the states that it has on its hosts; badges name the hosts with another one."""
_MOST_NAMED: Final = 3
NOWHERE: Final = PastStatus(Status(ProgramState.STARTING, 0, "connecting"), Plan())
"""Before it runs on any host."""


def merged_page(pages: Mapping[str, PastStatus], how: How, pin: Pin | None) -> PastStatus:
    """The program as the panes show it: state and plan of the host where it runs best, the badges of all hosts, and
    the cost of the host where it costs most."""
    if not pages:
        return NOWHERE
    best = min(pages.values(), key=lambda page: _BEST_FIRST.index(page.status.state))
    costs = [page.cost for page in pages.values() if page.cost is not None]
    return replace(
        best,
        status=_merged_status({host: page.status for host, page in pages.items()}, best.status),
        plan=host_plan(best.plan, how),
        pin=pin,
        cost=highest(costs),
        alarm=next((f"{host}: {page.alarm}" for host, page in pages.items() if page.alarm), ""),
    )


def costliest(bills: Sequence[Bill]) -> Bill | None:
    """The bill of the host whose CPUs the probes load most; None without a bill."""
    return max(bills, key=lambda bill: bill.percent or 0.0, default=None)


def highest(costs: Sequence[Cost]) -> Cost | None:
    """The cost of the host where it is highest; None without a cost."""
    return max(costs, key=lambda cost: cost.run or 0.0, default=None)


def _merged_status(found: Mapping[str, Status], best: Status) -> Status:
    is_same = all(one.state is best.state for one in found.values())
    others = {host: one for host, one in found.items() if one.state is not best.state}
    return replace(
        best,
        reason=best.reason if is_same else _reasons(found),
        generation=max(one.generation for one in found.values()),
        interval_ns=max(one.interval_ns for one in found.values()),
        complaint=_complaint(found) if best.state is not ProgramState.LIVE else None,
        badges=(*_badges_of_states(others), *_badges(found)),
        hints=tuple(dict.fromkeys(hint for one in found.values() for hint in one.hints)),
        restarts=sum(one.restarts for one in found.values()),
        asks=next((one.asks for one in found.values() if one.asks), ""),
        offered=any(one.offered for one in found.values()),
        thinned=next((one.thinned for one in found.values() if one.thinned is not None), None),
    )


def _reasons(found: Mapping[str, Status]) -> str:
    return "; ".join(f"{host}: {one.reason}" for host, one in found.items() if one.reason)


def _complaint(found: Mapping[str, Status]) -> Complaint | None:
    """The first complaint, with its host."""
    return next(
        (
            replace(one.complaint, title=f"{host}: {one.complaint.title}")
            for host, one in found.items()
            if one.complaint
        ),
        None,
    )


def _badges_of_states(others: Mapping[str, Status]) -> list[Badge]:
    """One badge for each state of a host that is not the best one."""
    hosts: dict[ProgramState, list[str]] = {}
    for host, one in others.items():
        hosts.setdefault(one.state, []).append(host)
    return [Badge(f"{state} on {_named(names)}", _whys(others, names)) for state, names in hosts.items()]


def _whys(found: Mapping[str, Status], names: Sequence[str]) -> str:
    return " ".join(f"{name}: {_why(found[name])}." for name in names)


def _why(status: Status) -> str:
    told = [] if status.complaint is None else [status.complaint.title, *status.complaint.lines]
    return " ".join(filter(None, [status.reason, *told])) or str(status.state)


def _badges(found: Mapping[str, Status]) -> list[Badge]:
    """The badges of all hosts, each text once; one that not all have says where."""
    whys: dict[str, dict[str, str]] = {}
    for host, one in found.items():
        for badge in one.badges:
            whys.setdefault(badge.text, {})[host] = badge.why
    return [_badge(text, by_host, is_everywhere=len(by_host) == len(found)) for text, by_host in whys.items()]


def _badge(text: str, whys: Mapping[str, str], *, is_everywhere: bool) -> Badge:
    """A badge of these hosts, with the reason of each, or the one of all."""
    shown = text if is_everywhere else f"{text} on {_named(list(whys))}"
    reasons = set(whys.values())
    if len(reasons) > 1:
        return Badge(shown, " ".join(f"{host}: {why}" for host, why in whys.items()))
    (why,) = reasons
    return Badge(shown, why if is_everywhere else f"{', '.join(whys)}: {why}")


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST_NAMED else f"{len(names)} hosts"
