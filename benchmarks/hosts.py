"""Many hosts: what `bttop stream -H` and the dashboard need for 50 connections to an sshd on this machine.

Each host runs five stand-ins for bpftrace, with 20 keys in a flush, once a second. The CPU time is that of bttop itself
and of its ssh processes; bytes are what ssh reads from the network. The peer of the first answers is the same work
without bttop: as many ssh, started together, each with a python that starts the same five stand-ins there.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.sshd import CAN_RUN, Sshd, running_sshd
from tests.standin import standin
from tests.terminal import Terminal

from benchmarks.options import Options
from benchmarks.table import Row, alone, in_turn

HOSTS: Final = 50
PANES: Final = 5
KEYS: Final = 20
SETTLED: Final = 10.0
"""Seconds after the first answers until the measurement begins."""
PATIENCE: Final = 180.0
MOST_ROUNDS: Final = 3
_SCRIPT: Final = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }"
_PEER: Final = """
import subprocess, sys
found = [subprocess.Popen([{far!r}, "-e", str(number)], stdout=subprocess.PIPE) for number in range({panes})]
for one in found:
    while b'"map"' not in one.stdout.readline():
        pass
print("answered", flush=True)
sys.stdin.read()
for one in found:
    one.kill()
"""
_TICK: Final = os.sysconf("SC_CLK_TCK")


class _Used(NamedTuple):
    at: float
    own: float
    """CPU seconds of bttop."""
    ssh: float
    """CPU seconds of its ssh processes."""
    read: int
    """Bytes that they have read."""


class _Run(NamedTuple):
    answered: float
    """Seconds until every program of every host had answered."""
    before: _Used
    after: _Used


def run(options: Options) -> Sequence[Row]:
    """Measure % of a core, KiB/s and seconds. Needs root, ssh and sshd."""
    if not CAN_RUN:
        raise SystemExit("this benchmark needs root, ssh and sshd")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"web{number + 1}" for number in range(HOSTS)]
        with running_sshd(folder / "sshd", *names) as sshd:
            far = _far(folder)
            one = _measure(folder, sshd, far, 1, 0.0)
            # Starts take as long as other jobs on this machine let them: so in turn, and more than once.
            peers, runs = [], []
            for left in reversed(range(min(MOST_ROUNDS, options.rounds))):
                peers.append(_measure_peer(sshd, far, names))
                runs.append(_measure(folder, sshd, far, HOSTS, 0.0 if left else options.seconds))
            dashboard = _measure_dashboard(sshd, far, options.seconds)
    firsts = [run.answered for run in runs]
    return [
        *_steady(runs[-1].before, runs[-1].after),
        alone(f"dashboard of {HOSTS} hosts, 160x48 (% of a core)", [dashboard], "{:.1f}"),
        in_turn(f"first answers of {HOSTS} hosts, and without bttop (s)", firsts, peers, "{:.1f}"),
        alone("first answers of one host (s)", [one.answered], "{:.1f}"),
    ]


def _steady(before: _Used, after: _Used) -> list[Row]:
    """What is used while nothing starts."""
    seconds = after.at - before.at
    return [
        alone(f"bttop, {HOSTS} hosts (% of a core)", [(after.own - before.own) / seconds * 100], "{:.1f}"),
        alone(f"its {HOSTS} ssh (% of a core)", [(after.ssh - before.ssh) / seconds * 100], "{:.1f}"),
        alone("network, one host (KiB/s)", [(after.read - before.read) / seconds / HOSTS / 1024], "{:.1f}"),
    ]


def _far(folder: Path) -> Path:
    """The stand-in for bpftrace."""
    rows = {str(number): number * 7919 for number in range(KEYS)}
    beat = ["beat", "a", 1.0, None, [{"type": "map", "data": {"@": rows}}]]
    return standin(folder, [["attach", 1], beat])


def _measure_peer(sshd: Sshd, far: Path, names: Sequence[str]) -> float:
    """Seconds until every stand-in of every host has answered, without bttop."""
    code = _PEER.format(far=str(far), panes=PANES)
    command = f"python3 -I -S -c {shlex.quote(code)}"
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen([*sshd.ssh, name, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for name in names
        ]
        for one in running:
            assert one.stdout is not None
            if one.stdout.readline() != b"answered\n":
                raise SystemExit("a plain ssh has ended")
        return time.monotonic() - begin


def _measure(folder: Path, sshd: Sshd, far: Path, hosts: int, seconds: float) -> _Run:
    """Start bttop, wait until every program of every host has answered, and measure for `seconds`."""
    words = ["stream", *_words(sshd, far, hosts)]
    begin = time.monotonic()
    out = (folder / "lines").open("wb")
    process = subprocess.Popen([sys.executable, "-m", "bttop", *words], stdout=out)
    try:
        while len(_answers(folder / "lines")) < hosts * PANES:
            if time.monotonic() - begin > PATIENCE:
                raise SystemExit(f"not all programs have answered within {PATIENCE:g} s")
            time.sleep(0.2)
        answered = time.monotonic() - begin
        time.sleep(SETTLED if seconds else 0)
        before = _used(process.pid)
        time.sleep(seconds)
        return _Run(answered, before, _used(process.pid))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        out.close()


def _measure_dashboard(sshd: Sshd, far: Path, seconds: float) -> float:
    """% of a core that the dashboard takes, once every program is live."""
    with Terminal([sys.executable, "-m", "bttop", *_words(sshd, far, HOSTS)], 160, 48) as shown:
        shown.wait_for(f"{PANES} of {PANES} live", PATIENCE)
        time.sleep(2 * SETTLED)
        before = _used(shown.process.pid)
        time.sleep(seconds)
        after = _used(shown.process.pid)
        shown.send("q")
        shown.exit_code(PATIENCE)
    return (after.own - before.own) / (after.at - before.at) * 100


def _words(sshd: Sshd, far: Path, hosts: int) -> list[str]:
    """The arguments of five programs on so many hosts."""
    programs = [word for number in range(PANES) for word in ("-e", f"// {number}\n{_SCRIPT}")]
    ssh = " ".join(sshd.ssh)
    return ["-H", f"web[1-{hosts}]", "--ssh", ssh, "--bpftrace", str(far), "--force", "--budget", "100", *programs]


def _answers(path: Path) -> set[tuple[bytes, bytes]]:
    """The programs that have answered, each with its host, by the heads of the lines."""
    heads = (line.split(b'"generation"')[0].split(b'"seconds":')[-1] for line in path.read_bytes().splitlines())
    return {(head.partition(b'"program"')[0].partition(b",")[2], head.partition(b'"program"')[2]) for head in heads}


def _used(pid: int) -> _Used:
    found = subprocess.run(["pgrep", "-P", str(pid), "-x", "ssh"], capture_output=True, text=True, check=False)
    ssh = [int(word) for word in found.stdout.split()]
    return _Used(time.monotonic(), _cpu(pid), sum(map(_cpu, ssh)), sum(map(_read, ssh)))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _read(pid: int) -> int:
    return int(Path(f"/proc/{pid}/io").read_text().split()[1])
