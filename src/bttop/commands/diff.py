"""`bttop diff`: what changed between two recordings, two windows of one, or two hosts."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

from bttop.commands.options.arguments import Parser, add_recorded_hosts
from bttop.errors import UsageError, bttop_command
from bttop.model.format.json_text import json_text
from bttop.output import say, warn, write_data
from bttop.store.compare.diff import Diff, Window, diff
from bttop.store.compare.diff_text import as_object, lines, summary_lines
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import empty
from bttop.store.times import parse_window, split_operand, window

_EPILOG = """Write a window after the file: incident.bttop@03:10..03:12, @-5m.. or @..+2m.
A window without a file refers to the first file:

  bttop diff yesterday.bttop today.bttop
  bttop diff incident.bttop@03:05..03:10 @03:10..03:12
  bttop diff edge.bttop --host web1 --host web2

diff shows only changes that are unlikely to be chance (error rate 1 % for each map; it takes
bursts into account), ranked by their share of the map.
"""


def run(arguments: Sequence[str]) -> int:
    """Compare and print; return 1 if something could not be read."""
    options = _parser().parse_args(arguments)
    first_hosts, last_hosts = _hosts(options.hosts)
    first_file, first_window = split_operand(options.before)
    last_file, last_window = split_operand(options.after or _same_window(first_window, options.hosts))
    if not first_file or (not last_file and not last_window and len(options.hosts) < 2):
        hint = _halves(first_file, first_hosts) if first_file else bttop_command("diff", "--help")
        raise UsageError("diff needs two recordings, two windows or two hosts", hint=hint)
    with contextlib.ExitStack() as stack:
        before = stack.enter_context(Snapshot(Path(first_file), first_hosts))
        after = stack.enter_context(Snapshot(Path(last_file or first_file), last_hosts))
        found = diff(_window(before, first_window), _window(after, last_window))
        _print(found, options)
        problems = list(dict.fromkeys([*before.problems, *after.problems]))
        for problem in problems:
            warn(f"bttop: {problem}")
        return 1 if problems else 0


def _halves(file: str, hosts: Sequence[str]) -> str:
    """The command that compares the halves of a recording."""
    with Snapshot(Path(file), hosts) as snapshot:
        span = extent(snapshot)
        if span is None:
            raise empty(snapshot.path, snapshot.problems)
    half = f"{(span[1].boot_ns - span[0].boot_ns) / 2e9:.0f}s"
    return bttop_command("diff", f"{file}@..+{half}", f"@+{half}..")


def _hosts(hosts: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The hosts of each side: two are compared with each other, one is that of both sides. Raises UsageError."""
    if len(hosts) > 2:
        raise UsageError(f"diff compares two hosts, and {len(hosts)} are given", hint=bttop_command("diff", "--help"))
    return hosts[:1], hosts[-1:]


def _same_window(times: str, hosts: Sequence[str]) -> str:
    """The window of the second host, if only the first operand has one."""
    return f"@{times}" if times and len(hosts) == 2 else ""


def _window(snapshot: Snapshot, times: str) -> Window:
    span = extent(snapshot)
    if span is None:
        raise empty(snapshot.path, snapshot.problems)
    return Window(snapshot, *(parse_window(times, *span) if times else window(None, None, *span)))


def _parser() -> Parser:
    parser = Parser(
        prog="bttop diff",
        description="what changed between two recordings, two windows of one, or two hosts",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", metavar="FILE[@FROM..TO]")
    parser.add_argument(
        "after", nargs="?", default="", metavar="FILE[@FROM..TO]", help="or @FROM..TO: another window of the first file"
    )
    add_recorded_hosts(parser, "only this host of the recordings; two hosts are compared with each other")
    parser.add_argument("--top", metavar="N", type=int, default=10, help="keys of each map to show (10)")
    parser.add_argument("--summary", action="store_true", help="only what changed most, in sentences")
    parser.add_argument("--json", action="store_true", help="everything as one JSON object")
    return parser


def _print(found: Diff, options: argparse.Namespace) -> None:
    if options.json:
        text = json_text(as_object(found), indent=2)
        write_data(lambda out: out.write(f"{text}\n"))
    elif options.summary:
        say(summary_lines(found))
    else:
        say(lines(found, max(options.top, 1)))
