"""Two processes that make a known number of pwrite64 calls, one on the first and one on the last CPU.

Each call writes KEY bytes at offset ROUND * 2 + WRITER, for keys 1 to `keys` in every round. So a map keyed by the byte
count gets each key equally often, from both CPUs, and for each key every offset from 0 to `rounds * 2 - 1` once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LIMIT_SECONDS = 300
"""Seconds after which an alarm signal ends a writer, in case its benchmark was killed."""

_C = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  long writer = atol(argv[1]), keys = atol(argv[2]), rounds = atol(argv[3]);
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(atoi(argv[4]), &set);
  sched_setaffinity(0, sizeof set, &set);
  alarm(atoi(argv[5]));
  static char text[65536];
  int target = open("/dev/null", O_WRONLY);
  if (getchar() == EOF) return 1;
  for (long round = 0; round < rounds; round++)
    for (long key = 1; key <= keys; key++)
      pwrite(target, text, key, round * 2 + writer);
  puts("done");
  fflush(stdout);
  getchar();
}
"""

_PYTHON = """
import os, signal, sys
writer, keys, rounds, cpu, limit = (int(word) for word in sys.argv[1:])
os.sched_setaffinity(0, {cpu})
signal.alarm(limit)
target = os.open("/dev/null", os.O_WRONLY)
texts = [bytes(key) for key in range(1, keys + 1)]
sys.stdin.read(1)
for number in range(rounds):
    for text in texts:
        os.pwrite(target, text, number * 2 + writer)
print("done", flush=True)
sys.stdin.read(1)
"""


class Writers(NamedTuple):
    """Both processes; they wait for `write`."""

    processes: tuple[subprocess.Popen[str], ...]

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self.processes)

    def write(self) -> None:
        """Make all calls and wait until both writers are done. Raises RuntimeError if one ends early."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("g")
            process.stdin.flush()
        for process in self.processes:
            assert process.stdout is not None
            if process.stdout.readline() != "done\n":
                raise RuntimeError("a writer ended before its last call")


@contextlib.contextmanager
def command() -> Iterator[list[str]]:
    """Yield the command of a writer: compiled C if there is a compiler (about four times as fast), else Python."""
    compiler = shutil.which("cc")
    if compiler is None:
        yield [sys.executable, "-I", "-S", "-c", _PYTHON]
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "writer")
        subprocess.run([compiler, "-O2", "-w", "-x", "c", "-", "-o", program], input=_C, text=True, check=True)
        yield [str(program)]


@contextlib.contextmanager
def writers(start: list[str], keys: int, rounds: int) -> Iterator[Writers]:
    """Start the two processes; they are killed when the block ends."""
    cpus = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        processes = []
        for number, cpu in enumerate((cpus[0], cpus[-1])):
            words = [*start, *(str(value) for value in (number, keys, rounds, cpu, LIMIT_SECONDS))]
            process = stack.enter_context(
                subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.kill)
            processes.append(process)
        yield Writers(tuple(processes))
