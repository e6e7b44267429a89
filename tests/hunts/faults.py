"""Six faults, each made by a process until its block ends: five C programs of this folder, and a lossy TCP transfer."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, TypeAlias

from tests.real import load

Fault: TypeAlias = Callable[[Path, str], AbstractContextManager[None]]
"""Makes a fault in a folder, by a process of a name of at most 15 bytes."""

MISSING: Final = "/etc/absent.conf"
"""The file that `missing_file` looks for."""
_SOURCES: Final = Path(__file__).parent
# A frame pointer and a frame of its own for each function: stacks name the cause.
_OPTIONS: Final = (
    "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread", f"-DLIMIT_SECONDS={load.LIMIT_SECONDS}"
)  # fmt: skip
_ENDLESS: Final = 1 << 50
"""Bytes that no transfer of a test gets through."""


def why_not() -> str:
    """Why the faults cannot be made here, or an empty string."""
    return load.lossy_network_missing() if shutil.which("cc") else "there is no C compiler"


def own_name(word: str) -> str:
    """A process name that no other test has: a word of at most seven letters, and this process id."""
    return f"{word}-{os.getpid()}"


def of_program(source: str, *arguments: str) -> Fault:
    """The fault of the C program of this folder whose source has this name."""

    @contextlib.contextmanager
    def fault(folder: Path, name: str) -> Iterator[None]:
        program = folder / name
        subprocess.run(["cc", *_OPTIONS, "-o", program, _SOURCES / f"{source}.c"], check=True)
        with subprocess.Popen([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.kill()

    return fault


@contextlib.contextmanager
def tcp_loss(_: Path, name: str) -> Iterator[None]:
    """A transfer to `load.LossyNetwork.PORT` on 127.0.0.1 that loses every 33rd segment."""
    with load.lossy_network() as network, network.transfer(_ENDLESS, comm=name) as transfer:
        transfer.begin()
        yield
