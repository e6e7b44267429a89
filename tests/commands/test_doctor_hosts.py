"""The table of `bttop doctor -H`."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bttop.commands.doctor_hosts import table
from bttop.engine.remote import examination
from bttop.engine.remote.examination import HostFinding, examine_hosts
from bttop.engine.remote.far_host import Progress
from bttop.engine.remote.ssh import Destination
from tests.engine.remote.fakes import fake_ssh
from tests.standin import standin

OK = HostFinding("web1", kernel="6.18.0", bpftrace="0.17.0", cpus=2, round_trip=0.012, clock=3.5, clock_error=0.006)


def test_a_row_says_what_is_there_and_a_broken_one_why_not() -> None:
    lines = list(table([OK, HostFinding("web22", "its host key is not known", "ssh web22")]))
    assert lines == [
        "host   state   round trip  clock  bpftrace  cpus  kernel",
        "web1   ok      12ms        +3.5s  0.17.0    2     6.18.0",
        "web22  broken",
        "       its host key is not known",
        "       try: ssh web22",
        "",
        "1 of 2 hosts can be traced",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="the tracer must be root")
def test_hosts_are_examined_at_once_and_each_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3, timeout=30)
    examined = examination._examine

    def examine(ssh: list[str], bpftrace: str, progress: Progress, host: Destination) -> HostFinding:
        together.wait()
        return examined(ssh, bpftrace, progress, host)

    monkeypatch.setattr(examination, "_examine", examine)
    ssh = fake_ssh(
        tmp_path, before='for word; do case $word in web2) echo "Connection refused" >&2; exit 255;; esac; done'
    )
    found = examine_hosts(ssh, [Destination("web1"), Destination("web2"), Destination("web3")], str(standin(tmp_path)))
    assert [one.name for one in found] == ["web1", "web2", "web3"]
    assert [one.why_not for one in found] == ["", "Connection refused", ""]
    assert found[0].round_trip is not None
    assert abs(found[0].clock) < 1
