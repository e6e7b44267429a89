"""bttop with a hurried sense of time, and its processes, to be stopped and continued."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bttop.engine.headless.end_signals import ENDING
from bttop.store.snapshot.extent import extent
from bttop.store.snapshot.snapshot import Snapshot
from bttop.store.snapshot.tables.opening import CannotReview
from tests.standin import standin
from tests.ui.dashboard import INTERVAL, SOURCES, counting

HURRY: Final = """
from bttop.engine import engine
from bttop.engine.tracer import stop_detector
from bttop.engine.generation import generation
from bttop.engine.safety import meter
from bttop.engine.tracer import tracers
stop_detector.LATE_NS = 1_500_000_000
generation.SHORTEST_SILENCE = 2_500_000_000
engine.TICK = tracers.METER_SECONDS = 0.2
"""
"""A fraction of the patience: a gap is longer than 1.5 s, and silence than 2.5 s."""
STOPPED: Final = 3.5
"""Seconds of a stop: longer than silence."""
PATIENCE: Final = 40.0
RUNNER: Final = HURRY + "import sys\nfrom bttop.cli import main\nsys.exit(main())\n"
USUAL: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
UNUSUAL: Final = tuple([one for one in ENDING if one not in USUAL and one in tuple(signal.Signals)])
"""Every other signal that ends a process, the first and the last of those of real time among them."""
PROGRAMS: Final = ("one", "two")


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Look again and again until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.02)


def runner(folder: Path) -> list[str]:
    """The command that runs bttop in a hurry."""
    path = folder / "runner.py"
    path.write_text(RUNNER)
    return [sys.executable, str(path)]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Family:
    """A bttop and all that it started."""

    def __init__(self, bttop: int) -> None:
        self.bttop = bttop
        wait_until(lambda: len(self.traced()) == len(PROGRAMS), "the programs run")
        self.programs = self.traced()

    @property
    def tracer(self) -> int:
        found = children(self.bttop)
        return found[0] if found else 0

    def traced(self) -> list[int]:
        """The bpftrace processes of now."""
        return sorted(children(self.tracer))

    def members(self, who: str) -> list[int]:
        """What is to be stopped together."""
        groups = {"bttop": [self.bttop], "tracer": [self.tracer], "bpftrace": self.programs}
        return [pid for name, pids in groups.items() if name == who or who == "all" for pid in pids]

    def stop(self, who: str) -> None:
        """Stop them for a while."""
        for pid in self.members(who):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(STOPPED)
        for pid in self.members(who):
            os.kill(pid, signal.SIGCONT)


class Headless:
    """`bttop record` or `bttop stream` at work."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    def said(self) -> str:
        """Standard error so far."""
        return (self._folder / "stderr").read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The complete lines of standard output so far; one that is no JSON fails."""
        whole, _, _ = (self._folder / "stdout").read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]


@contextmanager
def headless(folder: Path, command: str, *options: str, programs: Sequence[str] = PROGRAMS) -> Iterator[Headless]:
    """Run a command without a screen over programs that count for ever."""
    for name in programs:
        (folder / f"{name}.bt").write_text(counting())
    usual = ["--probes", str(folder), "--bpftrace", str(standin(folder)), "-i", str(INTERVAL), "--force"]
    words = [*runner(folder), command, *programs, *usual, "--budget", "100", *options]
    env = os.environ | {"PYTHONPATH": SOURCES, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=env)
    try:
        yield Headless(process, folder)
    finally:
        process.kill()
        process.wait()


def recorded_seconds(path: Path) -> float:
    """How much a recording that goes on holds."""
    if not path.exists() or not path.stat().st_size:
        return 0.0
    with contextlib.suppress(CannotReview), Snapshot(path) as snapshot:  # it has no line yet
        span = extent(snapshot)
        return 0.0 if span is None else (span[1].boot_ns - span[0].boot_ns) / 1e9
    return 0.0
