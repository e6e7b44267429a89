"""Programs that user probes slow down, and what a call of theirs takes: shared with benchmarks/meter.py."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.real import load

COUNTED: Final = "{ @calls = count(); }"
_LATENCY: Final = (
    "uprobe:LIBRARY:FUNCTION { @begun[tid] = nsecs; } "
    "uretprobe:LIBRARY:FUNCTION { @took = hist(nsecs - @begun[tid]); delete(@begun[tid]); }"
)
_TIMED: Final = """
import ctypes, select, sys, time
call = getattr(ctypes.CDLL(sys.argv[1]), sys.argv[2])

def once():
    begun = time.process_time_ns()
    for _ in range(5_000):
        call(0)
    return (time.process_time_ns() - begun) / 5_000

while True:
    once()
    if select.select([0], [], [], 0)[0] and sys.stdin.readline():
        print(min(once() for _ in range(20)), flush=True)
"""
_USDT: Final = r"""
__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
        ".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection");
unsigned short hit_semaphore __attribute__((section(".probes"), used));
void hit(void) {
    __asm__ volatile("990: nop\n.pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n"
        ".4byte 992f-991f,994f-993f,3\n991: .asciz \"stapsdt\"\n992: .balign 4\n"
        "993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte hit_semaphore\n"
        ".asciz \"bttop\"\n.asciz \"hit\"\n.asciz \"\"\n994: .balign 4\n.popsection");
}
"""
"""A probe with a semaphore, in the form of <sys/sdt.h>."""


class Slowed(NamedTuple):
    """What is asked of a function."""

    scripts: tuple[str, ...]
    """With LIBRARY and FUNCTION; each is a program."""
    probes: int = 1
    """How many probes of the first program a call hits."""


SLOWED: Final = {
    "entry": Slowed((f"uprobe:LIBRARY:FUNCTION {COUNTED}",)),
    "return": Slowed((f"uretprobe:LIBRARY:FUNCTION {COUNTED}",)),
    "entry and return": Slowed((_LATENCY,), 2),
    "two programs": Slowed((f"uprobe:LIBRARY:FUNCTION {COUNTED}", "uprobe:LIBRARY:FUNCTION { @others = count(); }")),
}
FUNCTIONS: Final = ("getppid", "srand")
"""Of libc: the kernel emulates the first instruction of one, or single-steps it, with most distributions."""
USDT: Final = Slowed((f"usdt:LIBRARY:bttop:hit {COUNTED}",))


class Caller:
    """A process that calls a function of a library as fast as it can, and says how many ns of CPU a call takes."""

    def __init__(self, library: str, function: str) -> None:
        command = ["timeout", "300", sys.executable, "-I", "-S", "-c", _TIMED, library, function]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, preexec_fn=load.go_first
        )

    def least_ns(self) -> float:
        """The least of twenty rounds from now on: what else the host does makes a call only dearer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


def own_libc(folder: Path) -> str:
    """A copy of libc: no other process calls it, and a bpftrace that runs in another root finds the same file."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    found = next(line.split()[-1] for line in maps if "/libc.so" in line or "/libc-" in line)
    return str(shutil.copy(found, str(folder / "libc.so")))


def usdt_library(folder: Path) -> str:
    """A library with a function `hit` that has a USDT probe; empty without a C compiler for this machine's notes."""
    source, made = folder / "usdt.c", folder / "usdt.so"
    compiler = shutil.which("cc")
    if compiler is None:
        return ""
    source.write_text(_USDT)
    ended = subprocess.run([compiler, "-shared", "-fPIC", "-o", made, source], capture_output=True, check=False)
    return str(made) if ended.returncode == 0 else ""


@contextlib.contextmanager
def calling(library: str, function: str) -> Iterator[Caller]:
    caller = Caller(library, function)
    try:
        yield caller
    finally:
        caller.close()
