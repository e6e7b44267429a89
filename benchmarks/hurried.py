"""The dashboard itself in a terminal at ten times the usual rate, with reloads, pins, resizes and views, for long.

What is looked for is what grows: memory, threads, descriptors, and processes left behind. The five questions run
every 100 ms; every three seconds something is done to them. The histories and the hindsight are small ones
(small_memory.py), so that they are full when memory begins to count: what grows then is a leak.
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
from bttop.engine.questions import LADDER
from bttop.paths import shipped

COMMAND = (sys.executable, "-m", "benchmarks.small_memory")
INTERVAL = 0.1
BETWEEN = 3.0
"""Seconds between two things that are done: a reload or a pin at this rate takes about two."""
SETTLED = 5
"""A fifth of the run passes before memory counts: histories are full, and imports are in place."""
GONE_WITHIN = 2.0
_STARTED = 19
"""Place of the start in /proc/PID/stat, counted from the state."""
SIZES = ((200, 50), (80, 24), (120, 40), (160, 48))
KEYS = (b"2jp", b"u", b"z", b"z", b"1jjP", b"u", b"v", b"s", b"\x1b", b"\t", b"b", b"\x1b")


class Born(NamedTuple):
    """A process beyond doubt: in an hour under load its id is somebody else's."""

    pid: int
    ticks: str
    """When it was started, in clock ticks since boot."""


class Look(NamedTuple):
    """The dashboard's process at one moment."""

    resident: float
    threads: int
    descriptors: int


def run(minutes: float) -> Sequence[Row]:
    """Run for so long, then leave by `q`."""
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
        # Apart from each other: an Esc with a key at its heels is another key.
        terminal.send(key)
        time.sleep(0.5)
    left, took = _left(seen)
    at_end = "lived to the end" if ended_early is None else f"ended by itself with {ended_early}"
    return [
        Row("reloads, pins, resizes, views; the dashboard", f"{done}, {at_end}"),
        *_growth(looks),
        *_rest(left, took),
    ]


def _deeds(terminal: Terminal, folder: Path) -> Iterator[Callable[[], None]]:
    """What is done, in turn and for ever."""
    for count in itertools.count():
        name, size, keys = LADDER[count % len(LADDER)], SIZES[count % len(SIZES)], KEYS[count % len(KEYS)]
        path = folder / f"{name}.bt"
        yield lambda path=path, count=count: _edit(path, count)  # type: ignore[misc]
        yield lambda keys=keys: terminal.send(keys)  # type: ignore[misc]
        yield lambda size=size: terminal.resize(*size)  # type: ignore[misc]


def _edit(path: Path, count: int) -> None:
    """Save the file with another comment, so that it is another script."""
    text = path.read_text().partition("\n// saved ")[0].rstrip("\n")
    path.write_text(f"{text}\n// saved {count}\n")


def _look(pid: int) -> Look:
    process = Path(f"/proc/{pid}")
    threads = sum(1 for _ in (process / "task").iterdir())
    return Look(resident_mib(pid), threads, sum(1 for _ in (process / "fd").iterdir()))


def _descendants(pid: int) -> set[int]:
    """All processes below one; those that end meanwhile have none."""
    try:
        below = children(pid)
    except OSError:
        return set()
    return set(below).union(*(_descendants(child) for child in below))


def _born(pids: Iterable[int]) -> set[Born]:
    return {Born(pid, fields[_STARTED]) for pid in pids if (fields := _fields(pid))}


def _left(processes: set[Born]) -> tuple[list[str], float]:
    """Which of the processes are left two seconds after the last key, and how long the last to go took."""
    began = time.monotonic() - 0.5
    while (alive := [one for one in processes if _lives(one)]) and time.monotonic() - began < GONE_WITHIN:
        time.sleep(0.02)
    return [_told(one.pid) for one in alive], time.monotonic() - began


def _lives(process: Born) -> bool:
    fields = _fields(process.pid)
    return bool(fields) and fields[0] not in "ZX" and fields[_STARTED] == process.ticks


def _fields(pid: int) -> list[str]:
    """What /proc/PID/stat says behind the name; nothing when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _told(pid: int) -> str:
    """Who is left, by its command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:120].strip()
    except OSError:
        return "gone since"


def _growth(looks: Sequence[Look]) -> Iterator[Row]:
    """The last fifth against the second: medians, since a reload holds two programs for a moment."""
    fifth = max(1, len(looks) // SETTLED)
    early, late = looks[fifth : 2 * fifth] or looks, looks[-fifth:]
    yield compared(
        "resident, MiB, last fifth (peer: second fifth)",
        median(look.resident for look in late),
        median(look.resident for look in early),
        "{:.1f}",
    )
    yield compared("threads", median(look.threads for look in late), median(look.threads for look in early))
    yield compared("descriptors", median(look.descriptors for look in late), median(look.descriptors for look in early))


def _rest(left: Sequence[str], took: float) -> Iterator[Row]:
    names = f" ({', '.join(left)})" if left else ""
    yield Row("processes left 2 s after q, seconds until the last had gone", f"{len(left)}{names}, {took:.1f}")
