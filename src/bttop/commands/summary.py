"""`bttop summary`: a recording in one line per program, to pass on as text."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bttop.commands.options.arguments import Parser, add_recorded_hosts, with_times
from bttop.engine.recording.recorded_period import recorded_period
from bttop.engine.recording.replay import ReplaySession
from bttop.engine.session_period import session_period
from bttop.errors import UsageError, bttop_command
from bttop.model.format.text import visible
from bttop.model.record.records import Stamp
from bttop.output import say, warn
from bttop.store.aliases import NamePolicy, PlainNames, aliased
from bttop.store.compare.changes import compare
from bttop.store.compare.incident_lines import Incident, incident_lines
from bttop.store.compare.period import Period, finished
from bttop.store.labels import Labels
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.facts import RecordedHost
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.times import operand_within, parse_time, split_operand, wall_at, window

LENGTH_NS: Final = 10_000_000_000
"""Length of what is summarised unless the user says where it begins."""
BEFORE_NS: Final = 60_000_000_000
"""Length of the baseline unless the user names one."""


def run(arguments: Sequence[str]) -> int:
    """Print the summary; return 1 if something could not be read."""
    options = _parser().parse_args(with_times(arguments))
    if options.at and (options.since or options.until):
        raise UsageError("--at is the end of ten seconds; it takes neither --from nor --to", title="summary")
    with Snapshot(options.file, options.hosts) as snapshot:
        part = _window(options, ReplaySession(snapshot))
        names = _names(snapshot, redact=options.redact)
        problems: list[str] = []
        for number, host in enumerate(snapshot.hosts):
            say([""] if number else [])
            problems += _say_host(host, part, names, options)
        problems = [*[f"{options.file}: {problem}" for problem in snapshot.problems], *dict.fromkeys(problems)]
        for problem in problems:
            warn(f"bttop: {problem}")
        return 1 if problems else 0


def _say_host(
    host: RecordedHost, part: tuple[int, int], names: NamePolicy, options: argparse.Namespace
) -> Sequence[str]:
    """Print the summary of one host; return what could not be read of its baseline. Numbers of several are not added
    up: each has its own."""
    with Snapshot(options.file, [host.name]) as snapshot:
        if extent(snapshot) is None:
            say([visible(f"{names.alias('host', host.name)}: no line of any program")])
            return []
        replay = ReplaySession(snapshot)
        now = _period(replay, "", *part)
        labels = Labels(names, host.facts.decoders, replay.begin, replay.end, replay.frame_names().name)
        operand = operand_within(options.baseline, options.file)
        before, problems = _named(operand, host.name) if operand else (_minute_before(replay, now), [])
        say(incident_lines(Incident(now, None if before is None else compare(before, now), labels)))
        return problems


def _window(options: argparse.Namespace, replay: ReplaySession) -> tuple[int, int]:
    """The part to summarise, (begin, end] on CLOCK_BOOTTIME in ns."""
    if options.since or options.until:
        return window(options.since, options.until, replay.begin, replay.end)
    end = parse_time(options.at, replay.begin, replay.end) if options.at else replay.end.boot_ns
    if not replay.begin.boot_ns < end <= replay.end.boot_ns:
        raise UsageError(f"--at {options.at} is outside the recording", hint=bttop_command("info", options.file))
    return max(replay.begin.boot_ns - 1, end - LENGTH_NS), end


def _minute_before(replay: ReplaySession, now: Period) -> Period | None:
    """The minute before; None if nothing was before."""
    end = now.begin.boot_ns
    if end <= replay.begin.boot_ns:
        return None
    before = _period(replay, "the minute before", max(replay.begin.boot_ns - 1, end - BEFORE_NS), end)
    return before if before.seconds else None


def _named(operand: str, host: str) -> tuple[Period | None, Sequence[str]]:
    """The baseline that the user named, of the same host if the recording has several, and what could not be read of
    it."""
    file = Path(split_operand(operand)[0]).expanduser()
    with Snapshot(file) as snapshot:
        names = [one.name for one in snapshot.hosts]
    if len(names) > 1 and host not in names:
        return None, [f"{host} has no baseline: {file} has no such host"]
    period = finished(recorded_period(operand, [host] if len(names) > 1 else []))
    return period, [f"{file}: {problem}" for problem in period.problems]


def _period(replay: ReplaySession, label: str, begin_ns: int, end_ns: int) -> Period:
    begin, end = (Stamp(one, wall_at(one, replay.begin, replay.end)) for one in (begin_ns, end_ns))
    return finished(session_period(replay, label, begin, end, replay.frame_names().name))


def _names(snapshot: Snapshot, *, redact: bool) -> NamePolicy:
    if not redact:
        return PlainNames()
    scripts = [one.text for one in snapshot.generations.values()]
    processes = [one.facts for host in snapshot.hosts for one in snapshot.processes(host.id)]
    return aliased(scripts, snapshot.host_names, processes)


def _parser() -> Parser:
    parser = Parser(
        prog="bttop summary",
        description="a recording in one line per program: what was on top, and how it differs from the baseline",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a snapshot, *.bttop")
    parser.add_argument(
        "--at", metavar="TIME", default="", help="the ten seconds up to 03:11, -5m or +30s (default: the last ten)"
    )
    parser.add_argument("--from", dest="since", metavar="TIME", help="begin here instead")
    parser.add_argument("--to", dest="until", metavar="TIME", help="end here")
    parser.add_argument(
        "--baseline", metavar="FILE[@FROM..TO]", default="", help="compare with this (default: the minute before)"
    )
    add_recorded_hosts(parser)
    parser.add_argument("--redact", action="store_true", help="replace names by aliases, as `bttop report` does")
    return parser
