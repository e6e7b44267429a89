"""The page of all BPF programs of the host, bttop's and others, the costliest first, with the total cost."""

from __future__ import annotations

from bttop.engine.cost.host_programs import HostProgram
from bttop.engine.engine import Engine
from bttop.model.format import numbers
from bttop.model.format.text import visible
from bttop.ui.board.costs import percent
from bttop.ui.render.spans import Line, Span, fit

_HEADING = f"{'id':>7}  {'type':<16}  {'name':<15}  {'% core':>8}  {'runs/s':>7}  {'ns/run':>7}  owner"


def host_lines(engine: Engine, cells: int) -> list[Line]:
    """The lines of the page. Each call requests the next survey, so that surveys are made only while it is shown."""
    engine.look_around()
    seen = engine.program_rates.latest
    if seen is None:
        return [(), (Span(" reading all BPF programs of this host …", "dim"),)]
    if seen.reason and not seen.programs:
        return [(), (Span(f" the kernel gives no answer: {visible(seen.reason)}", "error"),)]
    total = "measuring …" if seen.run is None else f"{percent(100 * seen.run)} of a core"
    share = "" if seen.run is None else f" = {percent(100 * seen.run / engine.host.cpus)} of {engine.host.cpus} cpus"
    head: list[Line] = [
        (Span(" total eBPF tax  ", "heading"), Span(f"{total}{share}", "number")),
        (Span(f" {len(seen.programs)} programs; run time as the kernel counts it", "dim"),),
    ]
    if not engine.meter.metering:
        head.append((Span(" the kernel's statistics are off: runs and cost are shown as 0", "warn"),))
    if seen.reason:
        head.append((Span(f" some programs could not be read: {visible(seen.reason)}", "warn"),))
    return [*head, (), (Span(_HEADING, "heading"),), *(_row(one, cells) for one in seen.programs)]


def _row(one: HostProgram, cells: int) -> Line:
    used = "…" if one.run is None else percent(100 * one.run)
    rate = "…" if one.events is None else numbers.short(one.events)
    each = "" if one.ns_per_event is None else f"{one.ns_per_event:,.0f}"
    who = ", ".join(one.owners) or f"uid {one.uid}, held by no process"
    text = f"{one.id:>7}  {one.type:<16}  {visible(one.name):<15}  {used:>8}  {rate:>7}  {each:>7}  "
    return fit((Span(text, "text"), Span(visible(who), "text")), cells)
