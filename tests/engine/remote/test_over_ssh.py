"""Another host over the real OpenSSH: an sshd of the test on the loopback interface."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sshd import CAN_RUN, Sshd, running_sshd
from tests.standin import standin
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(not CAN_RUN, reason="needs sshd, ssh and root")
PATIENCE = 60.0
BEAT = [["attach", 1], ["beat", "a", 0.2, None, [{"type": "map", "data": {"@": {"7": 3}}}]]]
SCRIPT = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd"), "web1", "web2") as found:
        found.name("stranger", more=["UserKnownHostsFile /dev/null"])
        lines = found.config.read_text().splitlines()
        # ssh obeys the first value: put the option of the stranger before the others.
        at = lines.index("Host stranger")
        lines.insert(at + 1, "  UserKnownHostsFile /dev/null")
        found.config.write_text("\n".join(lines) + "\n")
        yield found


def bttop(sshd: Sshd, command: str, *arguments: str, folder: Path) -> list[str]:
    words = [sys.executable, "-m", "bttop", *([command] if command else []), *arguments]
    far = str(standin(folder, BEAT))
    return [*words, "-i", "0.2", "--ssh", shlex.join(sshd.ssh), "--bpftrace", far, "-e", SCRIPT]


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def running(text: str) -> list[int]:
    """The processes whose command line contains a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_flushes_of_another_host_arrive(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "stream", "-H", "web1", "--for", "1s", "--force", folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    first = json.loads(ended.stdout.splitlines()[0])
    assert first["rows"] == [{"key": [7], "value": 3}]
    assert not running(str(tmp_path / "bpftrace"))


def test_after_kill_9_nothing_is_left_there(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "stream", "-H", "web1", "--force", folder=tmp_path)
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        assert len(running(str(tmp_path / "bpftrace"))) > 1
        process.send_signal(signal.SIGKILL)
    begin = time.monotonic()
    until(lambda: not running(str(tmp_path / "bpftrace")) and not sshd.sessions())
    assert time.monotonic() - begin < 5


def test_a_lost_connection_is_made_again(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "stream", "-H", "web1", "--force", folder=tmp_path)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["generation"] == 1
        for pid in sshd.sessions():
            os.kill(pid, signal.SIGKILL)
        until(lambda: json.loads(process.stdout.readline() if process.stdout else "").get("generation", 0) > 1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("host", "code", "says"),
    [
        ("stranger", 3, "its host key is not known"),
        ("no-such-host.invalid", 3, "Could not resolve hostname"),
        ("-oProxyCommand=touch", 2, "is not the name of a host"),
    ],
)
def test_a_host_that_cannot_be_reached_is_one_sentence(
    sshd: Sshd, tmp_path: Path, host: str, code: int, says: str
) -> None:
    words = bttop(sshd, "stream", f"-H={host}" if host.startswith("-") else f"-H{host}", folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == code
    assert says in ended.stderr
    assert len(ended.stderr.splitlines()) <= 2


def test_a_recording_is_named_after_the_host(sshd: Sshd, tmp_path: Path) -> None:
    out = tmp_path / "far.bttop"
    words = bttop(sshd, "record", "-H", "web1", "--for", "1s", "--force", "-o", str(out), folder=tmp_path)
    assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0
    said = subprocess.run([sys.executable, "-m", "bttop", "info", out], capture_output=True, text=True, check=True)
    assert "web1" in said.stdout


def test_several_hosts_are_one_recording_that_says_which_one_is_missing(sshd: Sshd, tmp_path: Path) -> None:
    out = tmp_path / "far.bttop"
    hosts = ["-H", "web[1-2],stranger", "--show-self"]
    words = bttop(sshd, "record", *hosts, "--for", "1s", "--force", "-o", str(out), folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, "stranger: its host key is not known" in ended.stderr) == (1, True), ended.stderr
    assert not running(str(tmp_path / "bpftrace"))

    def said(command: str, *more: str) -> str:
        found = [sys.executable, "-m", "bttop", command, str(out), *more]
        return subprocess.run(found, capture_output=True, text=True, check=True).stdout

    whole = said("info")
    assert all(part in whole for part in ("program of web1", "program of web2", "stranger is missing: its host key"))
    assert "everything can be read" in said("verify")
    flushes = [line for line in map(json.loads, said("export").splitlines()) if "rows" in line]
    assert {line["host"] for line in flushes} == {"web1", "web2"}
    assert all(line["rows"] == [{"key": [7], "value": 3}] for line in flushes)
    times = [line["time"] for line in flushes]
    assert times == sorted(times)
    assert {json.loads(line).get("host") for line in said("export", "-H", "web2").splitlines()} == {None}


def test_a_pin_to_no_process_is_refused(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "stream", "-H", "web1", "-p", str(2**22 - 1), folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"there is no process {2**22 - 1} on web1" in ended.stderr


def test_several_hosts_are_one_stream_and_a_missing_one_is_said(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "stream", "-H", "web[1-2],stranger", "--for", "1s", "--force", "--show-self", folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "stranger: its host key is not known" in ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {line["host"] for line in lines} == {"web1", "web2"}
    assert {line["program"] for line in lines} == {"-e 1"}
    assert not running(str(tmp_path / "bpftrace"))


@pytest.mark.parametrize(
    ("more", "says"),
    [(["-p", "7"], "a process id is one of a single host"), (["--total"], "--total and --group-by are for one host")],
)
def test_what_is_for_one_host_is_refused_for_several(sshd: Sshd, tmp_path: Path, more: list[str], says: str) -> None:
    words = bttop(sshd, "stream", "-H", "web1,web2", *more, folder=tmp_path)
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert says in ended.stderr


def test_the_dashboard_shows_several_hosts_as_one_and_a_lost_one_comes_back(sshd: Sshd, tmp_path: Path) -> None:
    words = bttop(sshd, "", "-H", "web[1-2]", "-H", "stranger", "--force", "--show-self", folder=tmp_path)
    with Terminal(words, 110, 20) as shown:
        for text in (
            "by host",
            "2 of 3 hosts: without stranger",
            "1 of 3 refused: stranger, its host key is not known",
        ):
            shown.wait_for(text)
        shown.wait_for(lambda: all(f" {host}        7 " in shown.text for host in ("web1", "web2")))
        os.kill(sshd.sessions()[0], signal.SIGKILL)
        shown.wait_for("2 of 3 missing: web")
        shown.wait_for("1 of 3 refused: stranger")
        shown.wait_for("2 of 3 hosts: without stranger")
        shown.send("H")
        shown.wait_for("alone; H adds up all hosts")
        shown.send("q")
        assert shown.exit_code() == 0
    assert not running(str(tmp_path / "bpftrace"))
