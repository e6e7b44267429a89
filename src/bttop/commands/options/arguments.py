"""Arguments of several commands: probes, programs, pin, interval, durations."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bttop.engine.cost.budget import Budget
from bttop.errors import UsageError, bttop_command
from bttop.output import say
from bttop.paths import shipped
from bttop.patterns import pattern
from bttop.trust import Trust

if TYPE_CHECKING:
    from bttop.script.process.pin import Pin

LONGEST_INTERVAL = 3600.0
SHORTEST_INTERVAL = 0.05
_AGO = pattern(r"-\d")
_DEFAULT = pattern(r" \((?:default )?%\(default\).*")
_NO_VALUE = pattern(r"argument (\S+): expected one argument")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError instead of exiting, and prints through `bttop.output`."""

    def error(self, message: str) -> NoReturn:
        found = _NO_VALUE.fullmatch(message)
        option = next((one for one in self._actions if found and "/".join(one.option_strings) == found[1]), None)
        if option is not None:
            raise _without_value(option)
        raise UsageError(message, hint=bttop_command(*self.prog.split()[1:], "--help"))

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002  argparse's signature
        """Print the help or the version to stdout."""
        say(message.splitlines())


def _without_value(option: argparse.Action) -> UsageError:
    """The error of an option at the end of the command, or before another option; the command shows the place of its
    value."""
    value = option.metavar if isinstance(option.metavar, str) else option.dest.upper()
    words = sys.argv[1:]
    ends = [at for at, word in enumerate(words, 1) if word in option.option_strings and not _has_value(words[at:])]
    at = ends[0] if ends else len(words)
    hint = bttop_command(*words[:at], value, *words[at:])
    about = _DEFAULT.sub("", option.help or "").replace("%%", "%")
    return UsageError(f"it needs {value}: {about}", title="/".join(option.option_strings), hint=hint)


def _has_value(following: Sequence[str]) -> bool:
    return bool(following) and not following[0].startswith("-")


def with_times(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--from=-5m` for `--from -5m`: argparse reads a word with a leading dash as option."""
    words = list(arguments)
    for at in range(len(words) - 1, 0, -1):
        if words[at - 1] in ("--from", "--to", "--at") and _AGO.match(words[at]):
            words[at - 1 : at + 1] = [f"{words[at - 1]}={words[at]}"]
    return words


def folder(text: str) -> Path:
    """The type of an option that names a folder which must exist."""
    path = Path(text)
    try:
        with os.scandir(path):
            return path
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None


class TracingParser(Parser):
    """A parser of a command that runs programs. What follows `--` are the parameters of its only script."""

    def tracing_options(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; `parameters` of the result is what follows `--`."""
        words = list(arguments)
        at = words.index("--") if "--" in words else len(words)
        options = self.parse_args(words[:at])
        options.parameters = tuple(words[at + 1 :])
        self._read_hosts(options)
        if options.parameters and len(options.probe) + len(options.programs) != 1:
            why = "the parameters behind -- need exactly one script; with several, each has its own"
            raise UsageError(f"{why}: './x.bt 5 20' profile", hint=bttop_command(*self.prog.split()[1:], "--help"))
        return options

    def _read_hosts(self, options: argparse.Namespace) -> None:
        """Read the pin of this host; that of another one is read when there is a connection."""
        if options.hosts and options.children:
            self.error("--children cannot be used with -H: the children of a process of another host are not known")
        if not options.hosts and options.ssh:
            self.error("--ssh needs a host: -H HOST")
        if not options.hosts and options.sudo:
            self.error("--sudo is for other hosts: -H HOST; on this one start bttop itself with sudo")
        options.pin_text, options.pin = options.pin, None
        if options.pin_text is not None and not options.hosts:
            options.pin = self._own_pin(options.pin_text)

    def _own_pin(self, text: str) -> Pin:
        from bttop.engine.request.pinning import pin_of  # imports half of `script`, for one option

        found = pin_of(text)
        if isinstance(found, str):
            self.error(f"argument -p/--pin: {found}")
        return found


def tracing_parser(program: str, description: str, epilog: str | None = None) -> TracingParser:
    """Return the parser of a command that runs programs."""
    parser = TracingParser(
        prog=program, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _add_questions(parser)
    add_hosts(parser)
    _add_safety(parser)
    parser.add_argument("--probes", metavar="DIR", type=folder, help="a folder of probe files, searched first")
    add_trust(parser)
    parser.add_argument("--bpftrace", metavar="PATH", help="the bpftrace to run (also $BTTOP_BPFTRACE)")
    return parser


def _add_questions(parser: Parser) -> None:
    """Add the options for programs, pin and interval."""
    parser.add_argument(
        "probe",
        nargs="*",
        metavar="PROBE",
        help="a probe of the library, or the path of a .bt file, with its parameters: './x.bt 5 20'",
    )
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
        action=_Once,
        metavar="PID",
        help="trace only this process, filtered in the kernel: a PID, a name, a unit, a container ID or a cgroup path",
    )
    parser.add_argument(
        "--children", action="store_true", help="with -p: also trace the children of the process, including later ones"
    )
    parser.add_argument(
        "-i",
        "--interval",
        dest="interval",
        type=_interval,
        default=1.0,
        metavar="SECONDS",
        help="time between two flushes (default %(default)g)",
    )


def add_recorded_hosts(parser: argparse.ArgumentParser, about: str = "only this host of the recording") -> None:
    """Add the option that selects hosts of a recording."""
    parser.add_argument(
        "-H", "--host", dest="hosts", action="append", default=[], metavar="HOST", help=f"{about}; may be repeated"
    )


def add_hosts(parser: argparse.ArgumentParser) -> None:
    """Add the options for other hosts."""
    parser.add_argument(
        "-H",
        "--host",
        dest="hosts",
        action="append",
        default=[],
        metavar="HOST",
        help="trace this host, over ssh: a name of your ssh configuration, or user@host; sudo:HOST starts the tracer "
        "there by sudo -n",
    )
    parser.add_argument("--sudo", action="store_true", help="with -H: start the tracer by sudo -n")
    parser.add_argument(
        "--ssh",
        metavar="COMMAND",
        type=_command,
        help="with -H: the ssh to use, with its options: 'ssh -F FILE' (also $BTTOP_SSH)",
    )


def add_many(parser: argparse.ArgumentParser) -> None:
    """Add --many."""
    parser.add_argument("--many", action="store_true", help="with -H: more than 64 hosts are meant")


def _command(text: str) -> list[str]:
    import shlex

    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r}: {problem}") from None
    if not words:
        raise argparse.ArgumentTypeError("it is empty")
    return words


def _add_safety(parser: Parser) -> None:
    """Add the options for the cost and the rights of programs."""
    parser.add_argument(
        "--budget",
        metavar="PERCENT",
        type=_percent,
        default=Budget().percent,
        help="limit for all programs in %% of all CPUs; above it the costliest is thinned, or detached (%(default)g)",
    )
    parser.add_argument(
        "--no-stats",
        dest="stats",
        action="store_false",
        help="do not use the kernel's BPF statistics (20 to 60 ns a run); costs are then unknown and not limited",
    )
    parser.add_argument(
        "--force", action="store_true", help="skip the trial run of half a second for programs that could be costly"
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="allow programs that change this system; each needs a confirmation (y)"
    )
    parser.add_argument(
        "--confirm-unsafe", action="store_true", help="with --unsafe and without a screen: the required confirmation"
    )
    parser.add_argument(
        "--fuse-probes",
        action="store_true",
        help="run bttop's own probes in one bpftrace, which takes less memory; the default below 1 GB of free memory",
    )
    parser.add_argument(
        "--show-self", action="store_true", help="also show bttop, its bpftrace processes, sshd, tmux, screen and sudo"
    )


def with_saving(parser: TracingParser) -> TracingParser:
    """Add --save-when and return the parser."""
    parser.add_argument(
        "--save-when",
        dest="save_when",
        action="append",
        default=[],
        metavar="CONDITION",
        help="set a mark and record when it is true: 'p99(@usecs) > 5ms', 'rate(syscalls:@calls) > 100K'",
    )
    return parser


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add --trust."""
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="use this file or folder even if another user could have written it",
    )


def trust_of(options: argparse.Namespace) -> Trust:
    """Return whose files bttop uses. Trusts the probes and themes of bttop itself: a user who may write them may also
    write bttop."""
    return Trust.of_this_process([*options.trust, shipped("probes"), shipped("themes")])


class _Once(argparse.Action):
    """Stores the value of an option that may be given once: by default the last value would replace the others."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "is given twice; write several PIDs as -p 7,8")
        setattr(namespace, self.dest, values)


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
        raise argparse.ArgumentTypeError(f"{text!r} is not a percentage of all CPUs (above 0, at most 100)")
    return percent


def duration(text: str) -> float:
    """Parse `5s`, `10m`, `1h` or a plain number; return seconds."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in "smh" else (text, "s")
    try:
        seconds = float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 5s, 10m or 1h")
    return seconds
