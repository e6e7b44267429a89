"""The five stock questions as bare bpftrace processes: the plain probe files, printing once a second."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from bttop.engine.generation.candidates import Candidates
from bttop.engine.generation.source import Settings, Source
from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.request.questions import Asked, questions
from bttop.paths import shipped
from bttop.script.library.probe_files import Library

T = TypeVar("T")

_AGGREGATES: Final = re.compile(r"(@\w+)(?:\[.*\])? = (?:count|sum|avg|hist|lhist|stats|min|max)\(")
_TICK: Final = "tick"
"""What is printed last in each interval."""
_TRIES: Final = 5


class IntervalMissing(Exception):
    """A bpftrace has ended before it printed an interval."""


def ladder_names() -> list[str]:
    """The names of the five panes."""
    return [question.name for question in questions(Library.load([shipped("probes")]), Asked())]


def plain_ladder(host: Host, bpftrace: Bpftrace, folder: Path) -> list[list[str]]:
    """Write the five scripts into `folder` and return the commands that run them. Of a question with fallbacks it is
    the first source that can run here."""
    found = questions(Library.load([shipped("probes")]), Asked())
    return [_command(_first(question.sources, host, bpftrace), bpftrace, folder) for question in found]


def _first(sources: tuple[Source, ...], host: Host, bpftrace: Bpftrace) -> Source:
    chosen = Candidates(sources, Settings(), host, bpftrace.release).current(lambda _source, _why: None)
    assert chosen is not None, f"no source of {sources[0].name} can run here"
    return chosen.source


def _command(source: Source, bpftrace: Bpftrace, folder: Path) -> list[str]:
    path = folder / f"{Path(source.name).stem}.bt"
    path.write_text(with_prints(source.text))
    return [bpftrace.path, "-f", "json", str(path), "0"]


def with_prints(text: str) -> str:
    """Return a script as a user would write it: each map that aggregates is printed and cleared once a second."""
    maps = dict.fromkeys(_AGGREGATES.findall(text))
    prints = " ".join(f"print({name}); clear({name});" for name in maps)
    return f'{text}\ninterval:s:1 {{ {prints} printf("{_TICK}\\n"); }}\n'


@contextmanager
def ladder_running(programs: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The programs, started together."""
    started = [
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for words in programs
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.communicate()


def again_if_one_ends(measure: Callable[[], T]) -> T:
    """What `measure` returns, tried up to five times: up to 0.23 a bare bpftrace can end at a stack that it fails to
    look up. Raises IntervalMissing if one has ended in each of them."""
    for _ in range(_TRIES - 1):
        with suppress(IntervalMissing):
            return measure()
    return measure()


def seconds_until_all_flushed(programs: Sequence[Sequence[str]]) -> float:
    """Start the programs together; return the seconds until the last one has printed its first interval. Raises
    IntervalMissing when one of them ends before."""
    began = time.monotonic()
    with ladder_running(programs) as started:
        for process in started:
            read_interval(process)
        return time.monotonic() - began


def read_interval(process: subprocess.Popen[bytes]) -> None:
    """Read what a program prints in one interval. Raises IntervalMissing when it ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        if _TICK.encode() in line:
            return
    raise IntervalMissing("bpftrace ended before it had printed an interval")
