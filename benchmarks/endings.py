"""Kills each part of a normal user's dashboard with SIGKILL: how long BPF programs stay attached."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.real.seconduser import argv, second_user
from tests.real.test_privilege import WAYS, doomed_by, shown

from benchmarks.options import Options
from benchmarks.table import Row
from bttop.engine.host.host import find_bpftrace

VICTIMS = ("dashboard", "tracer", "sudo", "bpftrace")
LIMIT = 2.0


def run(options: Options) -> Sequence[Row]:
    """Kill each part `--rounds` times, for each way to get root privileges."""
    bpftrace = find_bpftrace(None).path
    return [_row(way, victim, options.rounds, bpftrace) for way in WAYS for victim in VICTIMS]


def _row(way: str, victim: str, rounds: int, bpftrace: str) -> Row:
    times = [_seconds(way, victim, bpftrace) for _ in range(rounds)]
    in_time = sum(seconds < LIMIT for seconds in times)
    return Row(f"sudo for the {way}: kill -9 {victim}", f"{in_time} of {rounds}, worst {max(times):.2f} s")


def _seconds(way: str, victim: str, bpftrace: str) -> float:
    with tempfile.TemporaryDirectory() as folder, shown(second_user(Path(folder), *WAYS[way]), bpftrace) as one:
        one.wait_until_live()
        killed, doomed = doomed_by(one, way, victim)
        start = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        while any(argv(pid) for pid in doomed) and time.monotonic() < start + 10 * LIMIT:
            time.sleep(0.005)
        return time.monotonic() - start
