"""A long run of the dashboard in a terminal at ten times the usual rate, with reloads, pins, resizes and views.

It looks for growth of memory, threads and descriptors, and for processes left behind. The five questions flush every
100 ms; an action follows every three seconds. The histories and the look-back buffer are small (small_memory.py) and
full before memory is measured: later growth is a leak.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.table import Row, compared
from benchmarks.terminal import Terminal, children, resident_mib
from bttop.paths import shipped
from bttop.script.library.ladder import LADDER

COMMAND = (sys.executable, "-m", "benchmarks.small_memory")
INTERVAL = 0.1
BETWEEN = 3.0
"""Seconds between two actions; a reload or a pin takes about two at this rate."""
SETTLED = 5
"""The first one of this many parts of the run is not measured: histories fill and modules are imported."""
GONE_WITHIN = 2.0
_STARTED = 19
"""Index of the start time in /proc/PID/stat, counted from the state."""
SIZES = ((200, 50), (80, 24), (120, 40), (160, 48))
KEYS = (b"2jp", b"u", b"z", b"z", b"1jjP", b"u", b"v", b"s", b"\x1b", b"\t", b"B", b"\x1b")


class Born(NamedTuple):
    """Identifies a process by id and start time: in an hour under load, ids are reused."""

    pid: int
    ticks: str
    """Start time in clock ticks since boot."""


class Look(NamedTuple):
    """A sample of the dashboard's process; `resident` is in MiB."""

    resident: float
    threads: int
    descriptors: int


def run(minutes: float) -> Sequence[Row]:
    """Run for `minutes`, then quit with `q`."""
    with tempfile.TemporaryDirectory(prefix="bttop-soak-") as place:
        folder = Path(place) / "probes"
        shutil.copytree(shipped("probes"), folder)
        command = [*COMMAND, "-i", str(INTERVAL), "--probes", str(folder)]
        with Terminal(command, *SIZES[0], [b"syscalls"]) as terminal:
            terminal.wait_for(b"syscalls")
            return _watched(terminal, folder, minutes * 60)


def _watched(terminal: Terminal, folder: Path, seconds: float) -> list[Row]:
    looks: list[Look] = []
    seen: set[Born] = set()
    done = 0
    end = time.monotonic() + seconds
    deeds = _deeds(terminal, folder)
    while time.monotonic() < end and terminal.process.poll() is None:
        next(deeds)()
        done += 1
        time.sleep(BETWEEN)
        looks.append(_look(terminal.process.pid))
        seen |= _born({terminal.process.pid} | _descendants(terminal.process.pid))
    ended_early = terminal.process.poll()
    for key in (b"\x1b", b"\x1b", b"q"):
        # With pauses: an Esc directly before another key is read as a different key.
        terminal.send(key)
        time.sleep(0.5)
    left, took = _left(seen)
    at_end = "ran to the end" if ended_early is None else f"ended early with exit code {ended_early}"
    return [
        Row("reloads, pins, resizes, views; the dashboard", f"{done}, {at_end}"),
        *_growth(looks),
        *_rest(left, took),
    ]


def _deeds(terminal: Terminal, folder: Path) -> Iterator[Callable[[], None]]:
    """Yield the actions in turn, endlessly."""
    for count in itertools.count():
        name, size, keys = LADDER[count % len(LADDER)], SIZES[count % len(SIZES)], KEYS[count % len(KEYS)]
        path = folder / f"{name}.bt"
        yield lambda path=path, count=count: _edit(path, count)  # type: ignore[misc]
        yield lambda keys=keys: terminal.send(keys)  # type: ignore[misc]
        yield lambda size=size: terminal.resize(*size)  # type: ignore[misc]


def _edit(path: Path, count: int) -> None:
    """Save the file with a different comment, so that the script changes."""
    text = path.read_text().partition("\n// saved ")[0].rstrip("\n")
    path.write_text(f"{text}\n// saved {count}\n")


def _look(pid: int) -> Look:
    process = Path(f"/proc/{pid}")
    threads = sum(1 for _ in (process / "task").iterdir())
    return Look(resident_mib(pid), threads, sum(1 for _ in (process / "fd").iterdir()))


def _descendants(pid: int) -> set[int]:
    """Return all descendants of a process; none if it has ended."""
    try:
        below = children(pid)
    except OSError:
        return set()
    return set(below).union(*(_descendants(child) for child in below))


def _born(pids: Iterable[int]) -> set[Born]:
    return {Born(pid, fields[_STARTED]) for pid in pids if (fields := _fields(pid))}


def _left(processes: set[Born]) -> tuple[list[str], float]:
    """Return the processes that are left two seconds after the last key, and the seconds until the last one ended."""
    began = time.monotonic() - 0.5
    while (alive := [one for one in processes if _lives(one)]) and time.monotonic() - began < GONE_WITHIN:
        time.sleep(0.02)
    return [_told(one.pid) for one in alive], time.monotonic() - began


def _lives(process: Born) -> bool:
    fields = _fields(process.pid)
    return bool(fields) and fields[0] not in "ZX" and fields[_STARTED] == process.ticks


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; an empty list if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _told(pid: int) -> str:
    """Return the command line of a process that is left."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120].strip()
    except OSError:
        return "ended meanwhile"


def _growth(looks: Sequence[Look]) -> Iterator[Row]:
    """Compare the last fifth with the second fifth. Medians, because a reload holds two programs for a moment."""
    fifth = max(1, len(looks) // SETTLED)
    early, late = looks[fifth : 2 * fifth] or looks, looks[-fifth:]
    yield compared(
        "resident memory, MiB, last fifth (peer: second fifth)",
        median(look.resident for look in late),
        median(look.resident for look in early),
        "{:.1f}",
    )
    yield compared("threads", median(look.threads for look in late), median(look.threads for look in early))
    yield compared("descriptors", median(look.descriptors for look in late), median(look.descriptors for look in early))


def _rest(left: Sequence[str], took: float) -> Iterator[Row]:
    names = f" ({', '.join(left)})" if left else ""
    yield Row("processes left 2 s after q, seconds until the last ended", f"{len(left)}{names}, {took:.1f}")
