"""The page of all BPF programs of the host, bttop's and others, the costliest first, with the total cost."""

from __future__ import annotations

from bttop.engine.cost.host_programs import LoadedProgram
from bttop.engine.engine import Engine
from bttop.model.format import numbers
from bttop.model.format.text import counted, visible
from bttop.ui.board.frame.costs import percent
from bttop.ui.render.spans import Line, Span, fit
from bttop.ui.render.text import left, right

NARROW = 100
"""Cells below which the columns before the owner are narrower."""


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
        (Span(" total cost  ", "heading"), Span(f"{total}{share}", "number")),
        (Span(f" {counted(len(seen.programs), 'program')}; run time as the kernel counts it", "dim"),),
    ]
    if not engine.meter.metering:
        head.append((Span(" the kernel's statistics are off: runs and cost are shown as 0", "warn"),))
    if seen.reason:
        head.append((Span(f" some programs could not be read: {visible(seen.reason)}", "warn"),))
    return [
        *head,
        (),
        (Span(_columns("id", "type", "name", "% core", "runs/s", "ns/run", cells) + "owner", "heading"),),
        *(_row(one, cells) for one in seen.programs),
    ]


def _row(one: LoadedProgram, cells: int) -> Line:
    used = "…" if one.run is None else percent(100 * one.run)
    rate = "…" if one.events is None else numbers.short(one.events)
    each = "" if one.ns_per_event is None else f"{one.ns_per_event:,.0f}"
    who = ", ".join(one.owners) or f"uid {one.uid}, held by no process"
    text = _columns(str(one.id), one.type, visible(one.name), used, rate, each, cells)
    return fit((Span(text, "text"), Span(visible(who), "text")), cells)


def _columns(number: str, kind: str, name: str, used: str, rate: str, each: str, cells: int) -> str:
    """The columns before the owner."""
    if cells < NARROW:
        return f"{number:>7} {left(kind, 10)} {left(name, 15)} {right(used, 7)} {right(rate, 6)} {right(each, 6)}  "
    return f"{number:>7}  {left(kind, 16)}  {left(name, 15)}  {used:>8}  {rate:>7}  {each:>7}  "
