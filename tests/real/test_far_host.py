"""Each release of bpftrace on another host, over a real ssh."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sshd import CAN_RUN, running_sshd


@pytest.mark.skipif(not CAN_RUN, reason="needs sshd, ssh and root")
def test_a_release_of_the_host_prints_exact_flushes(bpftrace: str, tmp_path: Path) -> None:
    script = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }"
    far = tmp_path / "bpftrace"
    # A release in a chroot makes its folder visible there, and bttop starts programs of other hosts in /.
    far.write_text(f'#!/bin/sh\ncd {tmp_path} && exec {bpftrace} "$@"\n')
    far.chmod(0o755)
    with running_sshd(tmp_path, "web1") as sshd:
        words = [sys.executable, "-m", "bttop", "stream", "-H", "web1", "--for", "1s", "-i", "0.5", "--force"]
        words += ["--ssh", shlex.join(sshd.ssh), "--bpftrace", str(far), "-e", script]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr
    flushes = [json.loads(line) for line in ended.stdout.splitlines()]
    assert flushes
    assert all(line["rows"] for line in flushes)
    assert [line["flush"] for line in flushes] == list(range(1, len(flushes) + 1))
    # A busy CPU loses ticks; that flush covers the time of two.
    assert {doubt for line in flushes for doubt in line.get("doubts", ())} <= {"lost ticks"}
