"""A pseudo-terminal that only reads and counts bytes. Terminal emulation would compete for the CPU."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.terminal import environment

BTTOP = [sys.executable, "-m", "bttop"]


class Terminal:
    """Runs a command in a terminal of `columns` x `rows` and notes when each of `marks` first arrives."""

    def __init__(
        self,
        command: Sequence[str],
        columns: int,
        rows: int,
        marks: Sequence[bytes] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.bytes = 0
        """Bytes that the command has sent so far."""
        self.arrived: dict[bytes, float] = {}
        """Mark to its arrival in seconds since the start."""
        self._marks = tuple(marks)
        self._tail = b""
        self._changed = threading.Condition()
        self._master, slave = os.openpty()
        self.resize(columns, rows)
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave, env=environment(env)
        )
        os.close(slave)
        self._pump = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._pump.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._pump.join(5)
        os.close(self._master)

    def send(self, data: bytes) -> None:
        """Type `data`."""
        os.write(self._master, data)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size; the kernel notifies the command with SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for_all(self, marks: Sequence[bytes], seconds: float = 90.0) -> float:
        """Wait for all marks; return the seconds from the start to the arrival of the last."""
        return max(self.wait_for(mark, seconds) for mark in marks)

    def wait_for(self, mark: bytes, seconds: float = 90.0) -> float:
        """Wait for a mark; return the seconds from the start to its arrival. Raises TimeoutError after `seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: mark in self.arrived, seconds):
                raise TimeoutError(f"{mark!r} did not arrive within {seconds} s")
            return self.arrived[mark]

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return  # the last process with this terminal has ended
            now = time.monotonic() - self._started
            with self._changed:
                self.bytes += len(data)
                self._note(self._tail + data, now)
                self._tail = data[-64:]
                self._changed.notify_all()

    def _note(self, data: bytes, now: float) -> None:
        for mark in self._marks:
            if mark not in self.arrived and mark in data:
                self.arrived[mark] = now


class Usage(NamedTuple):
    """The CPU time that a process has used so far."""

    cpu_ns: int
    main_ns: int
    """CPU time of the first thread, which is the screen's."""
    at: float

    def percent_since(self, before: Usage) -> float:
        """Return the CPU use since `before` in percent of one core."""
        return (self.cpu_ns - before.cpu_ns) / (self.at - before.at) / 1e7

    def main_percent_since(self, before: Usage) -> float:
        """Return the CPU use of the first thread since `before` in percent of one core."""
        return (self.main_ns - before.main_ns) / (self.at - before.at) / 1e7


def usage(pid: int) -> Usage:
    """Return the run time of all threads from schedstat, which is more precise than the ticks of /proc/PID/stat."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    used = {int(task.name): int((task / "schedstat").read_text().split()[0]) for task in tasks}
    return Usage(sum(used.values()), used[pid], time.monotonic())


def resident_mib(pid: int) -> float:
    """Return VmRSS of a process in MiB."""
    return status(pid, "VmRSS") / 1024


def status(pid: int, field: str) -> int:
    """Return a number from /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def pss_mib(pid: int) -> float:
    """Return the proportional set size of a process in MiB: a page that several processes share counts in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    found = children(pid)
    return found + [one for child in found for one in descendants(child)]


def children(pid: int) -> list[int]:
    """Return the child processes of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
