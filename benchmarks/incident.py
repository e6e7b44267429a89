"""The incident of `bttop demo`: a shop becomes slow because a report reads a file in pieces of 16 bytes.

It needs root, a C compiler, cgroup v2, and what `lossy_network` of tests/real/load.py needs. The processes are in a
cgroup, so that the recording shows them alone on a host that does other work too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.real import load

from bttop.engine.host.cgroup_tree import mount_of

UNIT: Final = "shop.service"
_SOURCE: Final = Path(__file__).with_name("incident.c")
_ORDERS: Final = 4 << 20
"""Bytes of the file of orders."""
_BLOCK: Final = 16384
_PAUSE: Final = 0.06
"""Seconds between two blocks to the mirror: it loses every 33rd packet, in the incident as before it."""
_TRANSFER: Final = 45.0
"""Seconds of one transfer: a load of tests/real/load.py lives for a minute at most."""


class Shop:
    """The running processes of the unit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mirrors = 0

    @contextlib.contextmanager
    def running(self, name: str, data: str) -> Iterator[int]:
        """Run one part of `incident.c` on a file of the shop; yields its pid."""
        process = subprocess.Popen([self._folder / name, self._folder / data], stdin=subprocess.DEVNULL, cwd="/")
        try:
            take_in(process.pid)
            yield process.pid
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def mirroring(self) -> Iterator[None]:
        """Transfers over a network that loses segments, by processes named `mirror`, until the block ends."""
        stop = threading.Event()
        with load.lossy_network() as network:
            thread = threading.Thread(target=self._mirror, args=(network, stop))
            thread.start()
            try:
                yield
            finally:
                stop.set()
                os.kill(self._mirrors, signal.SIGKILL)
                thread.join()

    def _mirror(self, network: load.LossyNetwork, stop: threading.Event) -> None:
        while not stop.is_set():
            with network.transfer(round(_BLOCK * _TRANSFER / _PAUSE), comm="mirror", pause=_PAUSE) as transfer:
                self._mirrors = transfer.sender
                take_in(transfer.sender)
                with contextlib.suppress(AssertionError):  # killed at the end
                    transfer.run()


def folder_of(unit: str) -> Path:
    """The folder of a cgroup. Raises RuntimeError without cgroup v2."""
    mount = mount_of()
    if mount is None:
        raise RuntimeError("cgroup v2 is not mounted here")
    return mount / unit


def take_in(pid: int) -> None:
    """Move a process into the cgroup of the shop, before the other processes of the host."""
    (folder_of(UNIT) / "cgroup.procs").write_text(str(pid))
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, pid, -10)


@contextlib.contextmanager
def group(unit: str) -> Iterator[None]:
    """An empty cgroup, which is removed at the end."""
    folder_of(unit).mkdir()
    try:
        yield
    finally:
        folder_of(unit).rmdir()


@contextlib.contextmanager
def shop() -> Iterator[Shop]:
    """The shop with its files, which are removed at the end. Raises RuntimeError without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("a C compiler is needed")
    with tempfile.TemporaryDirectory(prefix="shop-") as name:
        folder = Path(name)
        for part in ("shopd", "report"):
            subprocess.run([compiler, "-O0", "-w", "-o", folder / part, _SOURCE], check=True)
        (folder / "orders.csv").write_bytes(b"1042,17,3,19.95\n" * (_ORDERS // 16))
        (folder / "page.html").write_bytes(b"<li>tea, 3.20</li>\n" * 500)
        yield Shop(folder)
