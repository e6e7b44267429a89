"""The command line: arguments, exit codes and wiring. Exit codes: 0 in order, 1 a failure, 2 a usage error,
3 an environment that cannot trace, 129/143 ended by a hang-up or SIGTERM."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bttop import __version__
from bttop.engine.attempts import Settings
from bttop.engine.engine import Engine
from bttop.engine.host import Host, check_can_trace, find_bpftrace
from bttop.engine.pinning import pin_of, with_children
from bttop.engine.questions import questions, wanted_files
from bttop.errors import BttopError, UsageError
from bttop.paths import overlay
from bttop.script.library import Library
from bttop.script.pin import Pin

LONGEST_INTERVAL = 3600.0
SHORTEST_INTERVAL = 0.05


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run bttop; the process's exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    commands = {"stream": _stream, "probes": _probes}
    try:
        if arguments and arguments[0] in commands:
            return commands[arguments[0]](arguments[1:])
        return _dashboard(arguments)
    except BttopError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _dashboard(arguments: Sequence[str]) -> int:
    parser = _parser("bttop", "top for bpftrace: several bpftrace programs on one live screen")
    parser.add_argument("--theme", metavar="NAME", help="colour theme (t goes round them)")
    parser.add_argument("--version", action="version", version=f"bttop {__version__}")
    options = parser.parse_args(arguments)
    _check_terminal()
    folders = overlay("probes", options.probes)
    # The rest of the library is read behind the first frame: thirty files would delay the first probe by 30 ms.
    library = Library.load(folders, wanted_files(options.probe, options.programs))
    engine, settings = _engine(options, "bttop", library)
    try:
        engine.start()
        # Only now: the import takes 0.2 s, in which the programs compile and attach.
        from bttop.ui.run import run_dashboard

        return run_dashboard(engine, settings, folders, options.theme)
    finally:
        engine.close()


def _stream(arguments: Sequence[str]) -> int:
    parser = _parser("bttop stream", "write one JSON object per flushed map to standard output, without a screen")
    parser.add_argument(
        "--for", dest="duration", metavar="DURATION", type=_duration, help="end after this long: 5s, 10m, 1h"
    )
    options = parser.parse_args(arguments)
    library = Library.load(overlay("probes", options.probes), wanted_files(options.probe, options.programs))
    engine, _ = _engine(options, "bttop stream", library)
    from bttop.engine.stream import Stream

    return Stream(engine, options.duration).run()


def _probes(arguments: Sequence[str]) -> int:
    parser = _Parser(prog="bttop probes", description="list the library, with what can run here and why not")
    parser.add_argument("--probes", metavar="DIR", type=Path, help="a folder of probe files to look in first")
    options = parser.parse_args(arguments)
    from bttop.engine.listing import listing

    lines = "".join(f"{line}\n" for line in listing(Library.load(overlay("probes", options.probes)), Host.read()))
    try:
        sys.stdout.write(lines)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None  # whoever read us has seen enough; else the interpreter complains at exit
    return 0


def _parser(program: str, description: str) -> argparse.ArgumentParser:
    parser = _Parser(prog=program, description=description, epilog=_EPILOG if program == "bttop" else None,
                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("probe", nargs="*", metavar="PROBE", help="a probe of the library, or the path of a .bt file")
    parser.add_argument(
        "-e",
        dest="programs",
        action="append",
        default=[],
        metavar="PROGRAM",
        help="a bpftrace program as text",
    )
    parser.add_argument(
        "-p",
        "--pin",
        type=_pin,
        metavar="PID",
        help="only this process, in the kernel: a PID, a name, or a cgroup's path",
    )
    parser.add_argument(
        "--children", action="store_true", help="with -p: the process's children as well, also later ones"
    )
    parser.add_argument(
        "-i",
        "--interval",
        dest="interval",
        type=_interval,
        default=1.0,
        metavar="SECONDS",
        help="between two flushes",
    )
    parser.add_argument("--probes", metavar="DIR", type=Path, help="a folder of probe files to look in first")
    parser.add_argument("--bpftrace", metavar="PATH", help="which bpftrace to run (also $BTTOP_BPFTRACE)")
    return parser


_EPILOG = """without PROBE and -e the five questions of every incident: syscalls, retransmits, vfs_read,
sched_switch, profile.

other commands:
  bttop stream [...]  the same flushes as lines of JSON on standard output
  bttop probes        the library, with what can run here and why not
"""


def _engine(options: argparse.Namespace, command: str, library: Library) -> tuple[Engine, Settings]:
    """Check the host and start every program."""
    try:
        asked = questions(library, options.probe, options.programs, folder=options.probes)
    except UsageError:
        # Only now everything is read: the message names what there is.
        asked = questions(Library.load(overlay("probes", options.probes)), options.probe, options.programs)
    host = Host.read()
    check_can_trace(host, " ".join([command, *sys.argv[1:]][:6]) if command == "bttop" else command)
    if options.children and (options.pin is None or not options.pin.pids):
        raise UsageError("--children needs a process: -p PID", hint=f"{command} -p PID --children")
    pin = with_children(options.pin) if options.children else options.pin
    settings = Settings(round(options.interval * 1000), pin)
    engine = Engine(host, find_bpftrace(options.bpftrace))
    for question in asked:
        engine.add(question.name, question.sources, settings, failure=question.failure)
    return engine, settings


def _check_terminal() -> None:
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None or not stream.isatty():
            raise UsageError(f"{name} is not a terminal", title="no terminal", hint="bttop stream --for 5s")
    if os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "this terminal cannot be drawn on (TERM=dumb)", title="no terminal", hint="bttop stream --for 5s"
        )


def _pin(text: str) -> Pin:
    found = pin_of(text)
    if isinstance(found, str):
        raise argparse.ArgumentTypeError(found)
    return found


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not between {SHORTEST_INTERVAL} and {LONGEST_INTERVAL:g} seconds"
        )
    return seconds


def _duration(text: str) -> float:
    number, unit = (text[:-1], text[-1:]) if text[-1:] in "smh" else (text, "s")
    try:
        seconds = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 5s, 10m or 1h")
    return seconds
