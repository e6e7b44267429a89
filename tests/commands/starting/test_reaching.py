"""The limit of open files when many hosts are connected, and the hosts that a start waits for."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys

import pytest

from tests.engine.remote.fakes import fake_ssh

HOSTS = 20


@pytest.mark.parametrize(
    ("soft", "hard", "code", "says"),
    [
        (100, 4096, 3, "none of the 20 hosts can be traced"),
        (100, 200, 2, "hosts: 20 hosts need 336 open files, and the limit is 200"),
    ],
)
def test_the_limit_of_open_files_is_raised_or_said(
    tmp_path_factory: pytest.TempPathFactory, soft: int, hard: int, code: int, says: str
) -> None:
    ssh = fake_ssh(tmp_path_factory.mktemp("ssh"), before="echo 'Host key verification failed.' >&2; exit 255")
    words = [sys.executable, "-m", "bttop", "stream", "--ssh", ssh[0], "-H", ",".join(f"n{i}" for i in range(HOSTS))]
    ended = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )
    assert ended.returncode == code
    assert says in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ("web1", "bttop: waiting for web1 (Ctrl+C ends)"),
        ("web1,web2", "bttop: waiting for web1, web2 (Ctrl+C ends)"),
        ("n1,n2,n3,n4,n5", "bttop: waiting for n1, n2, n3 and 2 more (Ctrl+C ends)"),
    ],
)
def test_a_start_that_takes_long_says_for_which_hosts_it_waits(
    tmp_path_factory: pytest.TempPathFactory, hosts: str, says: str
) -> None:
    ssh = fake_ssh(tmp_path_factory.mktemp("ssh"), before="exec sleep 100")
    words = [sys.executable, "-m", "bttop", "stream", "--ssh", ssh[0], "-H", hosts]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        try:
            assert started.stderr.readline().rstrip("\n") == says
        finally:
            started.send_signal(signal.SIGINT)
            started.stderr.read()
