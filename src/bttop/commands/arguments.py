"""What several commands take: probes, programs, pin, interval, durations."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bttop.engine.budget import Budget
from bttop.engine.pinning import pin_of
from bttop.errors import UsageError
from bttop.output import say
from bttop.paths import shipped
from bttop.script.pin import Pin
from bttop.trust import Trust

LONGEST_INTERVAL = 3600.0
SHORTEST_INTERVAL = 0.05
_AGO = re.compile(r"-\d")


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would exit, and prints by the one door."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog} --help")

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002  argparse's signature
        """What argparse prints by itself: the help and the version, to standard output."""
        say(message.splitlines())


def with_times(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--from -5m` as `--from=-5m`: argparse takes a word that begins with a dash for an option."""
    words = list(arguments)
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1] in ("--from", "--to", "--at") and _AGO.match(words[at]):
            words[at - 1 : at + 1] = [f"{words[at - 1]}={words[at]}"]
    return words


def tracing_parser(program: str, description: str, epilog: str | None = None) -> Parser:
    """The parser of a command that runs programs."""
    parser = Parser(
        prog=program, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _add_questions(parser)
    _add_safety(parser)
    parser.add_argument("--probes", metavar="DIR", type=Path, help="a folder of probe files to look in first")
    add_trust(parser)
    parser.add_argument("--bpftrace", metavar="PATH", help="which bpftrace to run (also $BTTOP_BPFTRACE)")
    return parser


def _add_questions(parser: Parser) -> None:
    """What to ask, of whom, and how often."""
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
        help="only this process, in the kernel: a PID, a name, a unit, a container's id, or a cgroup's path",
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


def _add_safety(parser: Parser) -> None:
    """What tracing may cost and do."""
    parser.add_argument(
        "--budget",
        metavar="PERCENT",
        type=_percent,
        default=Budget().percent,
        help="of all CPUs; programs that together run longer are detached (default %(default)g; 100: never)",
    )
    parser.add_argument(
        "--no-stats",
        dest="stats",
        action="store_false",
        help="leave the kernel's BPF statistics off (20 to 60 ns a run); costs are unknown then, and unguarded",
    )
    parser.add_argument(
        "--force", action="store_true", help="run what could be costly without measuring it for half a second first"
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="let programs change this system, each after a question (y)"
    )
    parser.add_argument(
        "--confirm-unsafe", action="store_true", help="with --unsafe and without a screen: the second word it needs"
    )
    parser.add_argument(
        "--show-self", action="store_true", help="also show bttop, its bpftraces, its sshd, tmux, screen and sudo"
    )


def with_saving(parser: Parser) -> Parser:
    """The same parser with the conditions that save by themselves."""
    parser.add_argument(
        "--save-when",
        dest="save_when",
        action="append",
        default=[],
        metavar="CONDITION",
        help="set a mark and record when it holds: 'p99(@usecs) > 5ms', 'rate(syscalls:@calls) > 100K'",
    )
    return parser


def add_trust(parser: argparse.ArgumentParser) -> None:
    """The option for files of others."""
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="use this file or folder although another user could have written it",
    )


def trust_of(options: argparse.Namespace) -> Trust:
    """Whose files are obeyed. The probes and themes that came with bttop are beyond doubt: who may write them may write
    it as well."""
    return Trust.of_this_process([*options.trust, shipped("probes"), shipped("themes")])


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


def _percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage of all CPUs: above 0, at most 100")
    return percent


def duration(text: str) -> float:
    """Seconds of `5s`, `10m`, `1h` or a plain number."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in "smh" else (text, "s")
    try:
        seconds = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 5s, 10m or 1h")
    return seconds
