"""Runs one prepared script on a real bpftrace and assembles its lines into flushes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator

from bttop.engine.host.host import Bpftrace, Host
from bttop.engine.tracer import launch
from bttop.model.flush.flush import Flush
from bttop.model.flush.reader import FlushReader
from bttop.model.record.records import Stamp, StampedLine
from bttop.script.rewrite.prepare import Prepared

PATIENCE = 60.0
"""Timeout for a flush, in seconds: with two busy CPUs several ticks in a row get lost."""


class Run:
    """A running bpftrace; a separate thread appends to `flushes`."""

    def __init__(
        self, process: subprocess.Popen[bytes], bpftrace: Bpftrace, prepared: Prepared, key_limit: int
    ) -> None:
        self.flushes: list[Flush] = []
        self._process = process
        self._reader = FlushReader(bpftrace.release, prepared.plan, 1, key_limit=key_limit)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait_for_flushes(self, more: int) -> None:
        """Wait for `more` flushes from now on. Raises TimeoutError if they do not come within `PATIENCE`."""
        with self._changed:
            wanted = len(self.flushes) + more
            if not self._changed.wait_for(lambda: len(self.flushes) >= wanted, PATIENCE):
                raise TimeoutError(f"no flush within {PATIENCE} s")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for data in self._process.stdout:
            line = StampedLine(1, "stdout", _stamp(), data.rstrip(b"\n"))
            flush = self._reader.feed(line)
            if flush is not None:
                with self._changed:
                    self.flushes.append(flush)
                    self._changed.notify_all()


def _stamp() -> Stamp:
    return Stamp(time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns())


@contextlib.contextmanager
def running(host: Host, bpftrace: Bpftrace, prepared: Prepared) -> Iterator[Run]:
    """Run a script as bttop would; bpftrace is killed when the block ends."""
    environment = launch.environment(
        bpftrace.release, cpus=host.cpus, user_stacks=False, one_process=False, all_probes=False
    )
    process = subprocess.Popen(
        launch.command(bpftrace, prepared),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Run(process, bpftrace, prepared, launch.map_keys(host.cpus))
    finally:
        process.kill()
        process.wait()
