"""`bttop stream`: flushes as lines of JSON, or one table of the whole run, without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bttop.commands.options.arguments import add_many, duration, tracing_parser
from bttop.commands.starting.tracing import start_engine
from bttop.engine.engine import Engine
from bttop.errors import UsageError
from bttop.model.grouping.group_flush import FlushGrouper
from bttop.output import check_stdout, warn, width
from bttop.store.no_column import no_column

if TYPE_CHECKING:
    from bttop.engine.remote.ssh import Destination

USUAL_ROWS = 10
MOST_ROWS = 25_000
"""Of more keys only the largest are kept while the run lasts."""


def run(arguments: Sequence[str]) -> int:
    """Write until the duration has passed, a signal arrives, or the reader closes stdout."""
    parser = tracing_parser(
        "bttop stream", "write one JSON object per flushed map to standard output, without a screen"
    )
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=duration, help="end after this long: 5s, 10m, 1h"
    )
    parser.add_argument(
        "--total",
        metavar="N",
        nargs="?",
        type=_rows,
        const=USUAL_ROWS,
        help=f"instead, write one table of the whole run at its end: the N largest rows of each map ({USUAL_ROWS})",
    )
    parser.add_argument(
        "--group-by", metavar="COLUMN", help="add up the rows of each map with the same COLUMN: comm, syscall, frame, …"
    )
    add_many(parser)
    options = parser.tracing_options(with_rows(arguments))
    check_stdout()  # before anything starts: a stream needs stdout
    if options.hosts:
        from bttop.commands.options.host_names import destinations  # only for other hosts

        hosts = destinations(options.hosts, sudo=options.sudo, many=options.many)
        if len(hosts) > 1:
            return _several(options, hosts)
    engine, _ = start_engine(options, "bttop stream")
    # Imported after the check of the host: an error message does not need its tables of system calls.
    from bttop.engine.headless.stream import StreamRun
    from bttop.engine.headless.stream_forms import GroupedForm, JsonLines, StreamForm, TotalTable
    from bttop.model.format.names import decoders

    known = decoders(engine.host.machine, engine.host.devices)
    form: StreamForm = JsonLines({"": known}) if options.total is None else TotalTable(options.total, width(), known)
    if options.group_by is not None:
        # The number of rows is another one in each flush: a total must not divide a group by it.
        grouper = FlushGrouper(options.group_by, known, counts=options.total is None)
        form = GroupedForm(form, _checked(grouper, engine))
    return StreamRun(engine, options.duration, form).run()


def _several(options: argparse.Namespace, hosts: Sequence[Destination]) -> int:
    """Write lines of JSON of several hosts; return 1 also if one of them was never reached."""
    if options.total is not None or options.group_by is not None:
        raise UsageError("--total and --group-by are for one host", title="hosts")
    from bttop.commands.starting.far_engines import decoders_of, start_engines
    from bttop.engine.headless.stream import StreamRun
    from bttop.engine.headless.stream_forms import JsonLines
    from bttop.engine.hosts.gathering import PAUSE

    engines = start_engines(options, hosts, "bttop stream", warn)
    known = {engine.host.name: decoders_of(engine.host) for engine in engines.engines}
    engines.on_new.append(lambda engine: known.update({engine.host.name: decoders_of(engine.host)}))
    code = StreamRun(engines, options.duration, JsonLines(known), PAUSE).run()
    return 1 if engines.missing else code


def _checked(grouper: FlushGrouper, engine: Engine) -> FlushGrouper:
    """The grouper, if a map has its column; maps without it are named on standard error. Raises UsageError if none
    has."""
    plans = {f"{one.name}:{name}": plan for one in engine.programs for name, plan in one.plan.maps.items()}
    grouped = {name for name, plan in plans.items() if grouper.plan(plan) is not None}
    if plans and not grouped:
        raise no_column(grouper, plans)
    if without := sorted(set(plans) - grouped):
        warn(f"bttop stream: left out, without a column {grouper.title}: {', '.join(without)}")
    return grouper


def with_rows(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--total=10` for a `--total` without a number: argparse would read the probe that
    follows as the number."""
    words = list(arguments)
    for at, word in enumerate(words):
        if word == "--":
            break
        if word == "--total" and not (at + 1 < len(words) and words[at + 1].isdecimal()):
            words[at] = f"--total={USUAL_ROWS}"
    return words


def _rows(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_ROWS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rows between 1 and {MOST_ROWS}")
    return int(text)
