"""`bttop info`: the content of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from msgspec import to_builtins

from bttop.commands.options.arguments import Parser, add_recorded_hosts
from bttop.model.format.json_text import json_text
from bttop.model.format.text import visible
from bttop.output import say, write_data
from bttop.store.flush_json import timestamp
from bttop.store.labels import ahead_text
from bttop.store.snapshot.check_up import ProgramSummary, Summary, summary
from bttop.store.snapshot.cost_table import cost_words
from bttop.store.snapshot.facts import HOST_COLUMNS
from bttop.store.snapshot.snapshot import Snapshot

_NAME_WIDTH: Final = 20


def run(arguments: Sequence[str]) -> int:
    """Print a summary; return 1 if something could not be read."""
    parser = Parser(prog="bttop info", description="show what a snapshot contains")
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    add_recorded_hosts(parser)
    options = parser.parse_args(arguments)
    with Snapshot(options.file, options.hosts) as snapshot:
        found = summary(snapshot)
        if options.json:
            text = json_text(_object(snapshot, found), indent=2)
            write_data(lambda out: out.write(f"{text}\n"))
        else:
            say(_lines(snapshot, found))
        return 1 if snapshot.problems else 0


def _lines(snapshot: Snapshot, found: Summary) -> Iterator[str]:
    session, hosts = snapshot.session, {host.id: host.name for host in snapshot.hosts}
    yield f"{visible(str(snapshot.path))}: {found.size:,} bytes"
    for host in snapshot.hosts:
        facts, ahead = host.facts, f"  clock ahead by {ahead_text(host.clock)}" if len(hosts) > 1 else ""
        yield visible(f"{host.name}  Linux {facts.kernel}  {facts.machine}, {facts.cpus} CPUs{ahead}")
        yield visible(f"bpftrace {facts.release}  bttop {session.bttop}")
    if session.command:
        yield visible(session.command)
    if found.span is not None:
        begin, end = found.span
        seconds = (end.boot_ns - begin.boot_ns) / 1e9
        yield f"{_local(begin.wall_ns)} to {_local(end.wall_ns)}, {seconds:,.0f} s"
    width = max([_NAME_WIDTH, *(len(visible(one.name)) for one in found.programs)])
    for name in hosts.values():
        yield ""
        of = f"program of {name}" if len(hosts) > 1 else "program"
        titles = f"{'flushes':>9} {'started':>8} {'per run':>10} {'probe runs':>12} {'a core':>8}  state"
        yield f"{visible(of):{width}} {titles}"
        for program in found.programs:
            if program.host == name:
                yield _program_line(program, width)
    for mark in snapshot.marks():
        yield visible(f"mark {_local(mark.stamp.wall_ns)}  {snapshot.told(mark)}")
    for problem in snapshot.problems:
        yield visible(f"problem: {problem}")


def _program_line(program: ProgramSummary, width: int) -> str:
    caveats = [program.last_reason, *(f"pinned to {pin}" for pin in program.pins)]
    caveats += [f"{program.dropped:,} older flushes are gone"] if program.dropped else []
    said = "".join(f", {visible(one)}" for one in caveats if one)
    each, events, core = cost_words(program.cost)
    name = f"{visible(program.name):{width}}"
    head = f"{name} {program.flushes:9,} {program.generations:8} {each:>10} {events:>12} {core:>8}"
    return f"{head}  {visible(program.last_state)}{said}"


def _local(wall_ns: int) -> str:
    return f"{datetime.fromtimestamp(wall_ns / 1e9).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _object(snapshot: Snapshot, found: Summary) -> dict[str, Any]:
    span = None if found.span is None else [timestamp(stamp.wall_ns) for stamp in found.span]
    names = {host.id: host.name for host in snapshot.hosts}
    marks = [
        {"time": timestamp(one.stamp.wall_ns), "host": names.get(one.host), "cause": one.cause, "note": one.note}
        for one in snapshot.marks()
    ]
    programs = [to_builtins(one) for one in found.programs]
    return {
        "file": str(snapshot.path),
        "size": found.size,
        "bttop": snapshot.session.bttop,
        "command": snapshot.session.command,
        "missing_hosts": list(snapshot.missing_hosts),
        "hosts": [dict(zip(HOST_COLUMNS[1:], host.as_row()[1:], strict=True)) for host in snapshot.hosts],
        "span": span,
        "programs": programs,
        "marks": marks,
        "problems": snapshot.problems,
    }
