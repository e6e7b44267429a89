"""The loads of the recorded waits: threads that fight for a lock, and a ledger on a disk that a backup keeps busy.

They need root, a C compiler and cgroup v2. The processes are in a cgroup, so that the recording shows them alone on a
host that does other work too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import incident

_SOURCE: Final = Path(__file__).with_name("waits.c")
_ENTRIES: Final = 4 << 20
"""Bytes of the ledger's file: all of them exist before, so that a write changes no metadata."""
_DISK: Final = Path("/var/tmp")


@contextlib.contextmanager
def _running(name: str, *words: str) -> Iterator[int]:
    """Run one part of `waits.c` in the cgroup of the shop; yields its pid. Raises RuntimeError without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("a C compiler is needed")
    with tempfile.TemporaryDirectory(prefix="waits-") as folder:
        program = Path(folder, name)
        subprocess.run([compiler, "-O0", "-w", "-pthread", "-o", program, _SOURCE], check=True)
        process = subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, cwd="/")
        try:
            incident.take_in(process.pid)
            yield process.pid
        finally:
            process.kill()
            process.wait()


def orders() -> contextlib.AbstractContextManager[int]:
    """Threads that book orders under one lock; yields their pid."""
    return _running("orders")


@contextlib.contextmanager
def audit(pid: int) -> Iterator[None]:
    """Another thread of the process that keeps the lock for 30 ms each time."""
    os.kill(pid, signal.SIGUSR1)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGUSR2)


@contextlib.contextmanager
def ledger() -> Iterator[int]:
    """A process that writes an entry and waits for the disk, 20 times a second; yields its pid."""
    with _file("ledger") as path:
        path.write_bytes(bytes(_ENTRIES))
        os.sync()
        with _running("ledger", str(path)) as pid:
            yield pid


@contextlib.contextmanager
def backup() -> Iterator[int]:
    """A process that writes 4 MiB at a time to the same disk; yields its pid."""
    with _file("backup") as path, _running("backup", str(path)) as pid:
        yield pid


@contextlib.contextmanager
def _file(name: str) -> Iterator[Path]:
    path = _DISK / f"bttop-{name}-{os.getpid()}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
