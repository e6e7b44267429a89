"""The summary for an incident channel: a line about the host and the time, then one line per program."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from bttop.model.flush.rates import amount as amount_of
from bttop.model.format import numbers
from bttop.model.format.floats import as_float
from bttop.model.format.percentiles import quantile, scale_of
from bttop.model.format.text import visible, visible_name
from bttop.model.record.records import Stats, Value
from bttop.store.compare.changes import Changes, Moved
from bttop.store.compare.groups import FUNCTION
from bttop.store.compare.period import Period, ProgramPeriod
from bttop.store.compare.sentences import per_second, sentence, span_text
from bttop.store.compare.totals import MapTotals
from bttop.store.labels import Labels, amount, share
from bttop.store.times import local


class Incident(Struct, frozen=True):
    """What a summary is made from."""

    period: Period
    changes: Changes | None
    """The comparison with the baseline; None without one."""
    labels: Labels


def incident_lines(incident: Incident) -> Iterator[str]:
    """Yield the lines. Names are inert: no control character is in them."""
    yield _head(incident)
    for index, program in enumerate(incident.period.programs):
        yield f"{index + 1} {visible(incident.labels.names.text(program.name))}: {_line(incident, index, program)}"
    for note in incident.changes.notes if incident.changes is not None else ():
        yield visible(f"! {incident.labels.names.text(note)}")


def _head(incident: Incident) -> str:
    period, labels = incident.period, incident.labels
    moment = f"{local(period.end.wall_ns):%Y-%m-%d %H:%M:%S %Z}"
    host = visible(labels.names.alias("host", period.host))
    changes = incident.changes
    against = "no baseline" if changes is None else f"baseline: {span_text(changes.before, labels)}"
    return f"{host}, {moment}, {numbers.duration(round(period.seconds, 1))} up to then; {against}"


def _line(incident: Incident, index: int, program: ProgramPeriod) -> str:
    if not program.flushes:
        return "no flush in this time"
    shown = program.totals.shown(program.counted.order)
    name = next((one for one in shown if program.totals.maps[one].rows), shown[0] if shown else "")
    if not name:
        return "it prints text"
    top = "; ".join(_top(program, name, incident.labels))
    return f"{top}. {_difference(incident, index)}".rstrip()


def _top(program: ProgramPeriod, name: str, labels: Labels) -> Iterator[str]:
    """The whole map, and its largest row."""
    totals = program.totals.maps[name]
    if not totals.rows:
        yield "nothing happened in this time"
        return
    if totals.is_histogram:
        yield f"{_whole(totals)}, {_percentiles(totals)}"
    elif totals.is_additive:
        yield _whole(totals)
    if totals.plan.columns:
        yield _top_row(program, name, labels)
    elif not totals.is_additive:
        yield _value(totals, totals.rows[""].value if "" in totals.rows else None)


def _whole(totals: MapTotals) -> str:
    unit = totals.plan.unit if totals.plan.aggregation == "sum" else ""
    return f"{totals.mark}{per_second(totals.amount / totals.seconds if totals.seconds else 0.0, unit)}"


def _percentiles(totals: MapTotals) -> str:
    scale, unit, buckets = scale_of(totals.plan.aggregation), totals.plan.unit, totals.buckets()
    return " ".join(
        [f"p{one} {numbers.quantile_text(quantile(buckets, one / 100, scale), unit)}" for one in (50, 90, 99)]
    )


def _top_row(program: ProgramPeriod, name: str, labels: Labels) -> str:
    """The largest row; of a map of stacks, the innermost function with the most."""
    totals, groups = program.totals.maps[name], program.groups.maps.get(name)
    if groups is not None and FUNCTION in groups.plan.columns and groups.totals.rows:
        key, row = groups.totals.top(1)[0]
        cells = [labels.cell(*one) for one in zip(groups.plan.columns, groups.parts.get(key, ()), strict=False)]
    else:
        key, row = totals.top(1)[0]
        cells = labels.cells(key, totals.plan)
    named = " ".join([visible_name(cell) for cell in cells if cell])
    return f"most {named or '(empty)'} {_value(totals, row.value)}"


def _value(totals: MapTotals, value: Value) -> str:
    found = amount_of(value)
    if not totals.is_additive or not totals.seconds:
        return visible(str(value)) if found is None else amount(found, totals.plan.unit)
    unit = totals.plan.unit if totals.plan.aggregation == "sum" else ""
    average = f", average {amount(as_float(value.average), totals.plan.unit)}" if isinstance(value, Stats) else ""
    part = share(abs(found or 0.0), totals.amount)
    return f"{totals.mark}{per_second((found or 0.0) / totals.seconds, unit)} ({part}{average})"


# Against the baseline.


def _difference(incident: Incident, index: int) -> str:
    changes = incident.changes
    if changes is None:
        return ""
    if index in changes.unmatched:
        return visible(f"Not compared: {incident.labels.names.text(changes.unmatched[index])}.")
    own = [one for one in changes.moved if one.program == index]
    if not own:
        return "As in the baseline."
    told = "; ".join([_changed(one, incident.labels) for one in own[:2]])
    more = len(own) - 2
    return f"Against the baseline: {told}{f'; {more} more' if more > 0 else ''}."


def _changed(moved: Moved, labels: Labels) -> str:
    found = sentence(moved, labels)
    about = found.subject.removeprefix(visible(labels.names.text(moved.name))).strip()
    return f"{about}: {found.what}" if about else found.what
