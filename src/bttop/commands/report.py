"""`bttop report`: a recording as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bttop.commands.options.arguments import Parser, add_recorded_hosts, with_times
from bttop.commands.options.outputs import writing
from bttop.files import create_with, write_whole
from bttop.output import warn, write_data
from bttop.store.report.gather import gather
from bttop.store.report.page import page
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import empty
from bttop.store.times import window

_STDOUT = "-"


def run(arguments: Sequence[str]) -> int:
    """Write the page; return 1 if something in the snapshot could not be read."""
    options = _parser().parse_args(with_times(arguments))
    with Snapshot(options.file, options.hosts) as snapshot:
        span = extent(snapshot)
        if span is None:
            raise empty(options.file, snapshot.problems)
        report = gather(snapshot, *window(options.since, options.until, *span))
        _write("".join(page(report, redact=options.redact)), options.output, overwrite=options.overwrite)
        for problem in snapshot.problems:
            warn(f"bttop: {options.file}: {problem}")
        return 1 if snapshot.problems else 0


def _parser() -> Parser:
    parser = Parser(
        prog="bttop report",
        description="write a recording as one self-contained HTML page, without scripts or external files",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a snapshot, *.bttop")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="the output (report.html); - is standard output"
    )
    parser.add_argument("--from", dest="since", metavar="TIME", help="begin here: 03:11, -5m, +30s or an ISO time")
    parser.add_argument("--to", dest="until", metavar="TIME", help="end here")
    add_recorded_hosts(parser)
    parser.add_argument(
        "--redact",
        action="store_true",
        help="replace names of processes, paths, addresses and hosts by aliases; equal names get the same alias",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    return parser


def _write(text: str, output: str, *, overwrite: bool) -> None:
    if output == _STDOUT:
        write_data(lambda out: out.write(text))
        return
    path = Path(output)
    with writing(path, instead="add --overwrite, or another -o FILE"):
        write = write_whole if overwrite else create_with
        write(path, text.encode())
    warn(f"bttop: {path}: {len(text.encode()) / 1024:,.0f} KiB")
