"""A session with the dashboard over stand-ins that list probes, and whose starts are written down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bttop.script.language.reader import read
from bttop.script.rewrite.prepare import prepare
from tests.standin import standin
from tests.ui.dashboard import CALLS, Dashboard, beat, dashboard, probe, record

LISTING: Final = """kprobe:tcp_recvmsg
kprobe:tcp_retransmit_skb
kprobe:tcp_sendmsg
kprobe:tcp_sendpage
tracepoint:syscalls:sys_enter_openat
"""
ARGUMENTS: Final = """tracepoint:syscalls:sys_enter_openat
    int __syscall_nr
    int dfd
    const char * filename
"""
OPENS: Final = "tracepoint:syscalls:sys_enter_openat { @opens[pid, comm] = count(); }"
CURL: Final = [["attach", 1], beat(OPENS, record(OPENS, "@opens", {"4711,curl": 50}))]
"""What a program does that does not say by itself what it does: one row each interval."""
_END: Final = "\x1e"
_PART: Final = "\x1f"


def rows_of(**calls: int) -> str:
    """A probe file that counts these names, all of the process of the tests."""
    rows = {f"{os.getpid()},{name}": count for name, count in calls.items()}
    return probe(CALLS, [["attach", 1], beat(CALLS, record(CALLS, "@calls", rows))])


def waiting_for(path: Path, started: Path, **calls: int) -> str:
    """The same; it attaches only once the path is there, and makes the other one when it has started."""
    rows = record(CALLS, "@calls", {f"{os.getpid()},{name}": count for name, count in calls.items()})
    return probe(CALLS, [["touch", str(started)], ["await", str(path)], ["attach", 1], beat(CALLS, rows)])


def changing(**calls: int) -> str:
    """A probe file whose intervals show one of these names each, in turn."""
    flushes = [
        beat(CALLS, record(CALLS, "@calls", {f"{os.getpid()},{name}": count}), times=1) for name, count in calls.items()
    ]
    return probe(CALLS, [["attach", 1], ["repeat", None, flushes]])


def refused(message: str) -> str:
    """A probe file whose bpftrace has this against it."""
    return probe(CALLS, [["refuse", message, 1]])


def misspelt() -> str:
    """What bpftrace would have against the `count` of CALLS in a probe file: its place in the text it is given."""
    given = prepare(read(CALLS)).text.split("\n")[0]
    column = given.index("count") + 1
    return f"stdin:2:{column}-{column + 5}: ERROR: Unknown function: count\n{given}\n{' ' * (column - 1)}~~~~~\n"


def noting_bpftrace(folder: Path, steps: Sequence[Sequence[Any]] = CURL, before: str = ":") -> Path:
    """A stand-in that lists probes and notes its arguments in the folder; `before` is a shell command before each
    program. Other starts may come before the probe files are read."""
    actor = standin(folder, steps, answers={"-l": LISTING, "-lv": ARGUMENTS}, name="actor")
    bpftrace = folder / "bpftrace-noted"
    bpftrace.write_text(
        f"#!/bin/sh\nprintf '%s\\037' \"$@\" >{folder}/start.$$\nprintf '\\036' >>{folder}/start.$$\n"
        f"cat {folder}/start.$$ >>{folder}/starts\nrm {folder}/start.$$\n"
        f'[ "$1" != -f ] || {{ {before}; }}\nexec {actor} "$@"\n'
    )
    bpftrace.chmod(0o755)
    return bpftrace


def starts_in(folder: Path) -> list[list[str]]:
    """The arguments of every start that a noting bpftrace has noted in the folder."""
    noted = folder / "starts"
    found = noted.read_text().split(_END)[:-1] if noted.exists() else []
    return [one.split(_PART)[:-1] for one in found]


class Session(Dashboard):
    """A dashboard, and what it has started."""

    folder: Path

    def starts(self) -> list[list[str]]:
        """The arguments of every bpftrace that was started so far."""
        return starts_in(self.folder)

    def programs(self) -> list[str]:
        """The texts that were run, not only checked."""
        return [one[one.index("-e") + 1] for one in self.starts() if one[0] == "-f"]

    def paste(self, text: str) -> None:
        """Paste as terminals do."""
        self.terminal.send(f"\x1b[200~{text}\x1b[201~")

    def ask(self, text: str) -> None:
        """Put a text in the place of what the prompt shows, and send it."""
        self.press("\x01", "\x0b")
        self.paste(text)
        self.press("Enter")

    def colour(self, text: str) -> str:
        """The colour in which a text is written."""
        self.wait_for(text)
        x, y = self.place(text)
        return str(self.terminal.screen.buffer[y - 1][x - 1].fg)


@contextmanager
def session(
    folder: Path,
    probes: Mapping[str, str],
    *,
    steps: Sequence[Sequence[Any]] = CURL,
    columns: int = 100,
    rows: int = 30,
    options: Sequence[str] = (),
    before: str = ":",
    through: Sequence[str] = (),
) -> Iterator[Session]:
    """Run the dashboard; `before` is a shell command before each program, `through` what runs bttop."""
    bpftrace = noting_bpftrace(folder, steps, before)
    command = (*through, sys.executable, "-m", "bttop")
    with dashboard(folder, probes, columns, rows, ["--bpftrace", str(bpftrace), *options], command) as shown:
        found = Session(shown.terminal)
        found.folder = folder
        yield found
