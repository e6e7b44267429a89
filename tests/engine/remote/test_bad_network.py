"""A host behind a network that loses packets, some or all: a namespace with a real sshd."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import network
from tests.network import FarNetwork, far_network
from tests.sshd import CAN_RUN, Sshd, running_sshd
from tests.standin import standin

pytestmark = pytest.mark.skipif(not (CAN_RUN and network.CAN_RUN), reason="needs sshd, ssh, ip, iptables and root")
PATIENCE: Final = 60.0
BEAT: Final = [["attach", 1], ["beat", "a", 0.2, None, [{"type": "map", "data": {"@": {"7": 3}}}]]]
SCRIPT: Final = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }"


class Stream:
    """A running `bttop stream`."""

    def __init__(self, sshd: Sshd, hosts: str, folder: Path) -> None:
        words = ["stream", "-H", hosts, "--force", "-i", "0.2", "--bpftrace", str(standin(folder, BEAT)), "-e", SCRIPT]
        words = [sys.executable, "-m", "bttop", *words, "--ssh", shlex.join(sshd.ssh)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict[str, object]] = []
        self.said: list[str] = []
        self.readers = [threading.Thread(target=self._read, args=(name,)) for name in ("stdout", "stderr")]
        for reader in self.readers:
            reader.start()

    def _read(self, name: str) -> None:
        for line in getattr(self.process, name):
            if name == "stderr":
                self.said.append(line)
            else:
                self.lines.append(json.loads(line))

    def close(self) -> None:
        self.process.terminate()
        for reader in self.readers:
            reader.join(PATIENCE)
        with self.process:
            self.process.wait(PATIENCE)

    def flushes(self, host: str) -> list[dict[str, object]]:
        return [line for line in list(self.lines) if line["host"] == host]

    def until(self, is_so: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, (self.said, self.lines[-3:])
            time.sleep(0.02)

    def until_said(self, text: str) -> None:
        self.until(lambda: any(text in line for line in list(self.said)))


@pytest.fixture
def far() -> Iterator[FarNetwork]:
    with far_network() as found:
        if found is None:
            pytest.skip("the kernel does not make such a network")
        yield found


def test_lost_packets_lose_no_flush_and_a_lost_host_is_said_and_stops_no_other(far: FarNetwork, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "far", "web1", network=far) as sshd, running_sshd(tmp_path / "near", "web2") as near:
        sshd.config.write_text(sshd.config.read_text() + near.config.read_text())
        stream = Stream(sshd, "web1,web2", tmp_path)
        try:
            stream.until(lambda: stream.flushes("web1"))
            far.lose(0.1)
            before = len(stream.flushes("web1"))
            stream.until(lambda: len(stream.flushes("web1")) > before + 10)
            numbers = [line["flush"] for line in stream.flushes("web1")]
            assert numbers == list(range(1, len(numbers) + 1))

            far.lose(1)
            stream.until_said("web1: it does not answer")
            others = len(stream.flushes("web2"))
            stream.until_said("web1: no connection: no answer for 5 s")
            assert len(stream.flushes("web2")) > others
            # On a busy host it may answer late, which is said; it must not be given up.
            assert not any("web2: no connection" in line for line in stream.said)

            far.lose(0)
            stream.until_said("web1: it answers again")
            stream.until(lambda: stream.flushes("web1")[-1].get("generation", 1) != 1)
        finally:
            far.lose(0)
            stream.close()
