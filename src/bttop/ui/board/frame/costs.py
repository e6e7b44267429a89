"""Texts for costs: on a pane's rule, on its state page, and in the header."""

from __future__ import annotations

from collections.abc import Sequence

from bttop.engine.cost.cost import STATISTICS_COST, UNKNOWN, Bill, Cost, blind_spot
from bttop.model.format import numbers
from bttop.ui.board.pane_data.pane_model import PaneModel
from bttop.ui.board.screen_bars.header import fitting
from bttop.ui.render.spans import Span, line_width

COST_TEXT = (
    "Cost is the share of one core that this program takes, summed over all CPUs: the run time of its BPF code as the "
    "kernel counts it, plus for each run the price of its hook (the trap of a user probe), measured on this host where "
    f"possible. Counting costs another {STATISTICS_COST} a run; --no-stats turns it off, and then no cost is known. "
    "If programs together take more than the budget (--budget) for three seconds, the costliest takes fewer events, or "
    "is detached if that is not enough. "
    "T shows all BPF programs of this host."
)


def percent(share: float) -> str:
    """A percentage in at most two digits: `0.4 %`, `12 %`, `<0.01 %`."""
    if share and share < 0.01:
        return "<0.01 %"
    return f"{share:.0f} %" if share >= 9.95 or not share else f"{share:.1f} %" if share >= 0.095 else f"{share:.2f} %"


def cost_note(model: PaneModel) -> Span | None:
    """The cost of the pane's program at the moment on show, in percent of one core; None if it is not known yet."""
    cost, alarm = model.page.cost, model.page.alarm
    if cost is not None and cost.unseen:
        return Span("over budget", "error") if alarm else Span(UNKNOWN, "badge")
    if cost is None or cost.percent is None:
        return None
    if alarm:
        return Span(f"{percent(cost.percent)} over budget", "error")
    return Span(percent(cost.percent), "dim")


def cost_pairs(model: PaneModel) -> list[tuple[str, str, str]]:
    """The cost on the pane's state page: name, value and role of each line."""
    cost, alarm = model.page.cost, model.page.alarm
    if not model.status.running and cost is None:
        return [("cost", "none: it is not attached", "dim")]
    if cost is None:
        return [] if model.looks_back else [("cost", "not known", "dim")]
    lines = [("cost", _in_kernel(cost), "number")]
    if cost.assumed:
        lines.append(("its hooks", f"the price is assumed: {cost.assumed}", "warn"))
    memory = f"{numbers.size(_bytes(cost))}B {_kind(cost)}"
    share = f", 1/{cost.parts} of a process that {cost.parts} programs share" if cost.parts > 1 else ""
    lines.append(("bpftrace", f"{percent(100 * cost.cpu)} of a core, {memory}{share}", "number"))
    maps = "not known" if cost.hidden else f"{numbers.size(cost.map_bytes)}B of kernel memory"
    lines.append(("maps", maps, "number"))
    lines.append(("output", f"{numbers.size(cost.output)}B/s", "number"))
    if alarm:
        lines.append(("over budget", alarm, "error"))
    return lines


def blindness(model: PaneModel) -> str:
    """Which part of the program's cost the budget guard cannot measure, and why; empty if it measures all of it."""
    return "" if model.page.cost is None else blind_spot(model.page.cost)


def _in_kernel(cost: Cost) -> str:
    if cost.percent is None or cost.events is None:
        return "not known" if cost.unseen else "not known: the kernel's statistics are off"
    each = "" if cost.ns_per_event is None else f", {cost.ns_per_event:,.0f} ns each"
    return f"{percent(cost.percent)} of a core: {numbers.short(cost.events)} runs/s{each}, {cost.programs} BPF programs"


def bill_spans(bill: Bill | None, facts: Sequence[Span], room: int, *, alarmed: bool) -> list[Span]:
    """The middle of the header: the total cost of the probes, then as many as fit into `room` cells of: the cost of
    bpftrace, the cost of bttop, the facts about the host. Without a cost only the facts. Nothing is cut: without room
    for the total, there is none."""
    if bill is None or (bill.percent is None and not bill.programs.unseen):
        return fitting(facts, room)
    total = _sum(bill, alarmed=alarmed)
    if line_width(tuple(total)) > room:
        return fitting(total[:1], room)
    bpftrace = Span(f"  bpftrace {_process(bill.programs)}", "header")
    return fitting([*total, bpftrace, Span(f"  bttop {_process(bill.bttop)}", "header"), *facts], room)


def _sum(bill: Bill, *, alarmed: bool) -> list[Span]:
    """The cost of all probes in the kernel: a lower bound if some of it cannot be measured. Its second part, of how
    many CPUs, may be left out."""
    if bill.percent is None:
        return [Span(f"  probes: {UNKNOWN}", "error" if alarmed else "warn")]
    least = "at least " if bill.programs.unseen else ""
    of = f"{bill.cpus} cpus" if bill.cpus > 1 else "1 cpu"
    role = "error" if alarmed else "header-strong"
    return [Span(f"  probes {least}{percent(bill.percent)}", role), Span(f" of {of}", role)]


def _process(cost: Cost) -> str:
    """CPU and PSS; without PSS the resident memory, marked as such, because it counts shared pages several times."""
    marked = "" if cost.pss is not None else f" {_kind(cost)}"
    return f"{percent(100 * cost.cpu)} {numbers.size(_bytes(cost))}{marked}"


def _bytes(cost: Cost) -> int:
    return cost.rss if cost.pss is None else cost.pss


def _kind(cost: Cost) -> str:
    return "RSS" if cost.pss is None else "PSS"
