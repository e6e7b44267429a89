"""One status of a program on several hosts."""

from __future__ import annotations

from msgspec.structs import replace

from bttop.engine.cost.cost import Bill, Cost
from bttop.engine.generation.badge import Badge, Complaint
from bttop.engine.hosts.merged_status import costliest, merged_page
from bttop.engine.program.past_status import PastStatus
from bttop.engine.program.status import ProgramState, Status
from bttop.model.plan import Plan
from bttop.script.process.pin import Pin

LIVE = PastStatus(Status(ProgramState.LIVE, 0), Plan())


def failed(title: str) -> PastStatus:
    return PastStatus(Status(ProgramState.FAILED, 0, "it cannot run", complaint=Complaint(title, ("more",))), Plan())


def test_the_best_state_is_shown_and_the_others_are_badges() -> None:
    page = merged_page({"web1": failed("no tracepoint"), "web2": LIVE}, "usual", Pin(comm="nginx"))
    assert page.status.state is ProgramState.LIVE
    assert page.status.complaint is None
    assert page.status.badges == (Badge("failed on web1", "web1: it cannot run no tracepoint more."),)
    assert page.pin == Pin(comm="nginx")


def test_if_it_runs_nowhere_the_first_complaint_names_its_host() -> None:
    page = merged_page({"web1": failed("no tracepoint"), "web2": failed("no kprobe")}, "usual", None)
    assert page.status.complaint == Complaint("web1: no tracepoint", ("more",))
    assert merged_page({}, "usual", None).status.state is ProgramState.STARTING


def test_a_badge_of_some_hosts_says_which() -> None:
    badge = Badge("1 in 4", "it was above the budget")
    thinned = replace(LIVE, status=replace(LIVE.status, badges=(badge,)))
    assert merged_page({"a": thinned, "b": thinned}, "usual", None).status.badges == (badge,)
    (found,) = merged_page({"a": thinned, "b": LIVE}, "usual", None).status.badges
    assert found == Badge("1 in 4 on a", "a: it was above the budget")
    assert found.says_wrong
    other = replace(LIVE, status=replace(LIVE.status, badges=(Badge("1 in 4", "it was at 5 %"),)))
    (both,) = merged_page({"a": thinned, "b": other}, "usual", None).status.badges
    assert both == Badge("1 in 4", "a: it was above the budget b: it was at 5 %")
    many = {f"web{at}": thinned for at in range(5)} | {"last": LIVE}
    assert merged_page(many, "usual", None).status.badges[0].text == "1 in 4 on 5 hosts"


def test_the_cost_is_that_of_the_host_where_it_is_highest() -> None:
    pages = {f"web{at}": replace(LIVE, cost=Cost(run=run)) for at, run in enumerate((0.1, 0.3, None))}
    cost = merged_page(pages, "usual", None).cost
    assert cost is not None
    assert cost.run == 0.3
    bills = [Bill(Cost(run=0.2), Cost(), 2), Bill(Cost(run=0.3), Cost(), 8)]
    assert costliest(bills) is bills[0]
    assert costliest([]) is None
