"""The page of a report: header, overview, costs, marks, caveats, one section per program, scripts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from bttop import __version__
from bttop.model.flush.caveat_words import CAVEAT_TEXTS
from bttop.model.flush.find_caveats import Caveat
from bttop.model.format import numbers
from bttop.model.record.records import Stamp
from bttop.paths import shipped
from bttop.store.aliases import NamePolicy, PlainNames, aliased
from bttop.store.labels import Labels, per_second, span
from bttop.store.report.charts import spark
from bttop.store.report.course import MapCourse
from bttop.store.report.figures import ChartedMap, figure
from bttop.store.report.gather import MOST_LINES, ProgramReport, Report
from bttop.store.report.hosts import heading, host_entries, host_table
from bttop.store.report.markup import Markup, joined, lines, tag
from bttop.store.snapshot.cost_table import cost_words
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.generations import RecordedGeneration
from bttop.store.times import clock, local, wall_at

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Forbids the browser to load or run anything, whatever the page contains."""
_MOST_MARKS = 200
_FIRST_NAMES = 2_000


def page(report: Report, *, redact: bool = False) -> Iterator[str]:
    """Yield the page in pieces, in order. `redact` replaces names by aliases."""
    names = _names(report, redact)
    of_host = _labels(report, names)
    labels = next(iter(of_host.values()))
    title = heading(report.snapshot.hosts, labels)
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    yield "<!DOCTYPE html>\n<html lang='en'>\n"
    yield tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title}: bttop report"),
        tag("style", Markup(style)),
    )
    yield "\n<body>\n"
    yield _top(report, title, labels)
    yield host_table(report.snapshot.hosts, labels)
    yield _overview(report, labels)
    yield _costs(report, labels)
    yield _marks(report, labels)
    yield _all_caveats(report, labels)
    for number, program in enumerate(report.programs, 1):
        yield "\n"
        yield _program(number, program, report, of_host[program.host.id])
    yield _scripts(report, labels)
    yield _foot(redact)
    yield "\n</body>\n</html>\n"


def _labels(report: Report, names: NamePolicy) -> Mapping[int, Labels]:
    """The labels of each host, by its number."""
    snapshot, brought = report.snapshot, _brought()
    begin, end = extent(snapshot) or (Stamp(report.begin_ns, 0), Stamp(report.end_ns, 0))
    return {
        host.id: Labels(names, host.facts.decoders, begin, end, snapshot.frame_names(host.id).name, brought)
        for host in snapshot.hosts
    }


def _brought() -> frozenset[str]:
    return frozenset([path.read_text(encoding="utf-8") for path in sorted(shipped("probes").glob("*.bt"))])


def _names(report: Report, redact: bool) -> NamePolicy:
    if not redact:
        return PlainNames()
    scripts = [one.text for program in report.programs for one in program.generations]
    hosts = report.snapshot.hosts
    processes = [one.facts for host in hosts for one in report.snapshot.processes(host.id)]
    names = aliased(scripts, report.snapshot.host_names, processes)
    # All names are collected before the first one is written: a mark may name a process that only a later table shows.
    for program in report.programs:
        for totals in program.totals.maps.values():
            for key, _ in totals.top(_FIRST_NAMES):
                Labels(names, program.host.facts.decoders, *_NOWHEN).cells(key, totals.plan)
    return names


_NOWHEN = (Stamp(0, 0), Stamp(0, 0))


# Head and overview.


def _top(report: Report, title: str, labels: Labels) -> Markup:
    first, last = (Stamp(at, wall_at(at, labels.begin, labels.end)) for at in (report.begin_ns, report.end_ns))
    zone = f"{local(first.wall_ns):%Z}"
    session = report.snapshot.session
    command = labels.names.alias("command", session.command)
    entries = [
        ("from", f"{clock(first)} {zone}"),
        ("to", f"{clock(last)} {zone}"),
        ("length", span(report.end_ns - report.begin_ns)),
        *host_entries(report.snapshot.hosts),
        ("recorded by", f"bttop {session.bttop}"),
        ("flushes", f"{sum(program.totals.flushes for program in report.programs):,}"),
        ("snapshot", f"{labels.names.alias('path', report.snapshot.path.name)}, {_file_size(report.snapshot.path)}"),
        *([("command", command)] if command else []),
    ]
    return tag(
        "header",
        tag("div", "bttop report", class_="brand"),
        tag("h1", title),
        tag(
            "dl",
            [
                tag("div", tag("dt", name), tag("dd", text), class_="row" if name == "command" else None)
                for name, text in entries
            ],
            class_="facts",
        ),
        id="summary",
    )


def _file_size(path: Path) -> str:
    size = numbers.size(path.stat().st_size)
    return f"{size}iB" if size[-1:].isalpha() else f"{size} B"


def _overview(report: Report, labels: Labels) -> Markup:
    """Return a tile for each program that links to its section."""
    tiles = [_tile(number, program, labels) for number, program in enumerate(report.programs, 1)]
    found = tag("div", tiles, class_="grid") if tiles else tag("p", "Nothing was recorded.", class_="soft")
    return tag("section", tag("h2", "Programs"), found, id="programs")


def _tile(number: int, program: ProgramReport, labels: Labels) -> Markup:
    lead = next((name for name in program.shown if program.totals.maps[name].rows), None)
    course = program.courses[lead] if lead is not None else MapCourse(program.bins)
    rate, head = "", program.front.title or "a program of your own"
    if lead is not None:
        totals = program.totals.maps[lead]
        unit = "" if totals.is_histogram or totals.plan.aggregation in ("stats", "avg") else totals.plan.unit
        found = per_second(totals.net / max(totals.seconds, 1e-9), unit)
        rate = f"{totals.mark}{found}" if totals.is_additive else ""
    elif program.printed_lines:
        rate = _lines(program.printed_lines)
    elif not program.totals.flushes:
        rate = program.states[-1].state if program.states else "nothing"
    return tag(
        "a",
        tag("b", labels.names.text(program.name), tag("span", rate)),
        tag("small", labels.of_script(head, program.text)),
        spark(course.rates()),
        class_="tile",
        href=f"#p{number}",
    )


def _costs(report: Report, labels: Labels) -> Markup:
    """Return a table of the cost of each program; empty if the recording has no cost ledger."""
    if all(program.cost is None for program in report.programs):
        return Markup("")
    rows = [
        tag(
            "tr", tag("td", labels.names.text(one.name)), [tag("td", text, class_="n") for text in cost_words(one.cost)]
        )
        for one in report.programs
    ]
    words = ("time per run", "probe runs", "of a core")
    head = tag("tr", tag("th", "program"), [tag("th", word, class_="n") for word in words])
    table = tag("div", tag("table", tag("thead", head), tag("tbody", rows)), class_="scroll")
    return tag("section", tag("h2", "Cost"), table, id="costs")


# Marks and caveats.


def _marks(report: Report, labels: Labels) -> Markup:
    shown = report.marks[:_MOST_MARKS]
    hosts = {host.id: labels.names.alias("host", host.name) for host in report.snapshot.hosts}
    rows = [
        tag(
            "tr",
            tag("td", labels.clock(mark.stamp.boot_ns), class_="n"),
            tag("td", labels.names.text(mark.cause)),
            *([tag("td", hosts.get(mark.host, ""))] if len(hosts) > 1 else []),
            tag("td", labels.names.text(mark.note) or "no note"),
        )
        for mark in shown
    ]
    column = [tag("th", "host")] if len(hosts) > 1 else []
    head = tag("tr", tag("th", "time", class_="n"), tag("th", "set by"), *column, tag("th", "note"))
    more = len(report.marks) - len(shown)
    caption = tag("caption", f"{more:,} more") if more else ""
    table = tag("table", caption, tag("thead", head), tag("tbody", rows))
    found = tag("div", table, class_="scroll") if rows else tag("p", "No marks were set.", class_="soft")
    return tag("section", tag("h2", "Marks"), found, id="marks")


def _all_caveats(report: Report, labels: Labels) -> Markup:
    """Return a table of all caveats about the numbers, with explanations."""
    rows = [*_caveats_of_flushes(report, labels), *_script_caveats(report, labels), *_troubles(report, labels)]
    rows += [("not readable", "the snapshot", labels.names.text(one)) for one in report.snapshot.problems]
    body = [
        tag("tr", tag("td", tag("span", word, class_="badge"), class_="fixed"), tag("td", where), tag("td", why))
        for word, where, why in rows
    ]
    head = tag("tr", [tag("th", word) for word in ("caveat", "where", "what it means")])
    table = tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="scroll")
    nothing = tag("p", "There are no caveats about these numbers.", class_="soft")
    return tag("section", tag("h2", "Caveats"), table if rows else nothing, id="doubts")


_Doubt: TypeAlias = tuple[str, str, str]
"""The badge of a caveat, the flushes or programs that have it, and what it means."""


def _caveats_of_flushes(report: Report, labels: Labels) -> list[_Doubt]:
    words = sorted({caveat for program in report.programs for caveat in program.caveats})
    return [
        (
            word,
            "; ".join(_has_caveats(word, program, labels) for program in report.programs if program.caveats[word]),
            CAVEAT_TEXTS.get(word, ""),
        )
        for word in words
    ]


def _has_caveats(word: str, program: ProgramReport, labels: Labels) -> str:
    number = f", {program.skipped:,} events" if word == Caveat.SKIPPED else ""
    return f"{labels.names.text(program.name)}: {program.caveats[word]:,} of {program.totals.flushes:,} flushes{number}"


def _script_caveats(report: Report, labels: Labels) -> list[_Doubt]:
    """Return the caveats of the scripts, as shown on the panes."""
    where: dict[tuple[str, str], list[str]] = {}
    for program in report.programs:
        for caveat in dict.fromkeys(badge for one in program.generations for badge in one.badges):
            where.setdefault(caveat, []).append(labels.names.text(program.name))
    return [(badge, ", ".join(names), labels.names.text(why)) for (badge, why), names in where.items()]


def _troubles(report: Report, labels: Labels) -> list[_Doubt]:
    """Return the last times that each program did not run normally."""
    found = []
    for program in report.programs:
        for one in [one for one in program.states if one.complaint or one.state in _TROUBLED][-_MOST_TROUBLES:]:
            why = " ".join(part for part in (one.reason, one.complaint.replace("\n", " ")) if part)
            where = f"{labels.names.text(program.name)}, {labels.clock(one.stamp.boot_ns)}"
            found.append((one.state, where, labels.names.text(why)))
    return found


_MOST_TROUBLES = 3
_TROUBLED = frozenset({"silent", "damaged", "retrying", "failed", "unavailable", "held", "held back"})


# Programs and scripts.


def _program(number: int, program: ProgramReport, report: Report, labels: Labels) -> Markup:
    front = program.front
    badges = [tag("span", text, class_="badge") for text in _pins(program, labels)]
    head = tag(
        "header",
        tag("h2", labels.names.text(program.name)),
        tag("span", labels.of_script(front.title, program.text), class_="soft"),
        badges,
    )
    bins = program.bins
    moments = tuple([bins.place(mark.stamp.boot_ns) for mark in report.marks])
    figures = [
        figure(ChartedMap(name, program.totals.maps[name], program.courses[name], moments, labels))
        for name in program.shown
    ]
    empty = [] if figures or program.printed else [tag("p", _why_empty(program), class_="soft")]
    about = [tag("p", labels.of_script(front.help, program.text), class_="soft")] if front.help else []
    return tag("section", head, about, figures, _printed(program, labels), empty, class_="program", id=f"p{number}")


def _pins(program: ProgramReport, labels: Labels) -> list[str]:
    """Return the pins of a program; each with its time, unless one pin was used for the whole run."""
    shown = [one for one in program.generations if one.first_shown_ns is not None]
    runs = [list(group) for _, group in groupby(shown, key=lambda one: one.pin)]
    if len(runs) == 1 and runs[0][0].pin:
        return [f"pin: {labels.names.script(runs[0][0].pin)}"]
    return [_stretch(run, labels) for run in runs if run[0].pin]


def _stretch(run: Sequence[RecordedGeneration], labels: Labels) -> str:
    """Return a pin and its time. `run`: consecutive generations with this pin, each shown from its first flush to its
    last."""
    first, last = run[0].first_shown_ns, run[-1].last_shown_ns
    begin = "" if first is None else f" from {labels.clock(first)}"
    end = " to the end" if last is None else f" to {labels.clock(last)}"
    return f"pin: {labels.names.script(run[0].pin)}{begin}{end}"


def _why_empty(program: ProgramReport) -> str:
    if program.totals.flushes:
        return "All flushes of this time are empty."
    if program.states:
        last = program.states[-1]
        return f"There are no flushes in this time: {last.state}. {last.reason}".strip()
    return "There are no flushes in this time."


def _printed(program: ProgramReport, labels: Labels) -> list[Markup]:
    if not program.printed:
        return []
    shown = "\n".join([labels.names.text(line) for line in program.printed])
    more = program.printed_lines - len(program.printed)
    words = f"the last {MOST_LINES} of {program.printed_lines:,} lines" if more else _lines(program.printed_lines)
    head = tag("header", tag("h3", "Printed"), tag("span", words))
    return [tag("article", head, tag("pre", lines(shown), class_="printed"), class_="map")]


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _scripts(report: Report, labels: Labels) -> Markup:
    found = [
        _script(labels.names.text(program.name), one, labels)
        for program in report.programs
        for one in program.generations
    ]
    nothing = tag("p", "This recording has no scripts.", class_="soft")
    return tag("section", tag("h2", "Scripts"), found or nothing, id="scripts")


def _script(name: str, one: RecordedGeneration, labels: Labels) -> Markup:
    args = shlex.join(one.args)
    entries = [
        f"started {labels.clock(one.begun.boot_ns)}",
        labels.names.text(one.source),
        f"sha256 {one.sha256}",
        *([f"parameters {labels.names.text(args)}"] if args else []),
        *([f"pin {labels.names.script(one.pin)}"] if one.pin else []),
    ]
    head = tag("summary", tag("b", f"{name}, generation {one.number}"))
    facts = tag("p", ", ".join(entries), class_="soft")
    return tag("details", head, facts, tag("pre", lines(labels.script(one.text))), open="open")


def _foot(redact: bool) -> Markup:
    words = [
        f"Made by bttop {__version__} from the recorded lines.",
        "Totals are sums over the flushes of this time; what two generations saw at the same time counts once.",
        "Percentiles are estimates within a bucket; the pointer shows the bucket's ends.",
    ]
    if redact:
        words.append(
            "Names of processes, paths, addresses and hosts are replaced; the same name always gets the same alias."
        )
    return tag("footer", tag("p", joined([" ".join(words)]), class_="soft"))
