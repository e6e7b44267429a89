"""Hosts that cannot be reached at the start: by a stand-in for ssh that lets a host in when a file exists."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.remote.fakes import fake_ssh
from tests.standin import standin
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the tracer must be root")
PATIENCE = 60.0
BEAT = [["attach", 1], ["beat", "a", 0.2, None, [{"type": "map", "data": {"@": {"7": 3}}}]]]
SCRIPT = "tracepoint:raw_syscalls:sys_enter { @[pid] = count(); }"
REFUSED = "echo 'ssh: connect to host web2 port 22: Connection refused' >&2; exit 255"
HANGS = "exec sleep 4321.5"


class Far:
    """web1 answers at once, web2 when it is let in; until then ssh does `meanwhile`."""

    def __init__(self, folder: Path, meanwhile: str) -> None:
        self._folder = folder
        self._gate = folder / "gate"
        before = f'case "$*" in *" web2 "*) test -e {self._gate} || {{ {meanwhile}; }};; esac'
        self._ssh = fake_ssh(folder, before=before)

    def let_in(self) -> None:
        self._gate.touch()

    def words(self, command: str, *more: str) -> list[str]:
        words = [sys.executable, "-m", "bttop", *([command] if command else []), "-H", "web1,web2", *more]
        far = str(standin(self._folder, BEAT))
        ssh = shlex.join(self._ssh)
        return [*words, "--force", "--show-self", "-i", "0.2", "--ssh", ssh, "--bpftrace", far, "-e", SCRIPT]


class Run:
    """A running command, and what it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.said: list[str] = []
        self.readers = [threading.Thread(target=self._read, args=(name,)) for name in ("stdout", "stderr")]
        for reader in self.readers:
            reader.start()

    def _read(self, name: str) -> None:
        for line in getattr(self.process, name):
            (self.said if name == "stderr" else self.lines).append(line)

    def hosts(self) -> set[str]:
        return {json.loads(line)["host"] for line in list(self.lines)}

    def until(self, is_so: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, (self.said, self.lines[-3:])
            time.sleep(0.02)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def running(words: list[str]) -> Iterator[Run]:
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        run = Run(process)
        try:
            yield run
        finally:
            run.end()
            for reader in run.readers:
                reader.join(PATIENCE)


@pytest.mark.parametrize("meanwhile", [REFUSED, HANGS])
def test_a_stream_begins_with_the_hosts_that_answer(tmp_path: Path, meanwhile: str) -> None:
    far = Far(tmp_path, meanwhile)
    with running(far.words("stream")) as run:
        run.until(lambda: run.hosts() == {"web1"})
        run.until(lambda: any("web2: " in line and "it is tried again" in line for line in list(run.said)))
        assert run.end() == 1
    run.until(lambda: not is_running(b"sleep\x004321.5"))


def is_running(words: bytes) -> bool:
    """Whether the command line of a process contains these words."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words in file.read_bytes():
                return True
        except OSError:
            continue
    return False


def test_a_host_that_comes_later_joins_the_stream_and_nothing_is_missing(tmp_path: Path) -> None:
    far = Far(tmp_path, REFUSED)
    with running(far.words("stream")) as run:
        run.until(lambda: run.hosts() == {"web1"})
        far.let_in()
        run.until(lambda: run.hosts() == {"web1", "web2"})
        run.until(lambda: any(line == "bttop: web2: it answers\n" for line in list(run.said)))
        assert run.end() == 143


def test_a_host_that_can_never_be_traced_is_said_once_and_not_tried_again(tmp_path: Path) -> None:
    count = tmp_path / "attempts"
    far = Far(tmp_path, f"echo >> {count}; echo 'Host key verification failed.' >&2; exit 255")
    with running(far.words("stream")) as run:
        run.until(lambda: len(run.lines) > 10)
        assert run.end() == 1
    assert len([line for line in run.said if "web2: its host key is not known" in line]) == 1
    assert count.read_text() == "\n"


def test_a_recording_has_the_host_that_comes_later(tmp_path: Path) -> None:
    far, out = Far(tmp_path, REFUSED), tmp_path / "far.bttop"
    with running(far.words("record", "-o", str(out))) as run:
        run.until(lambda: any("web2: " in line for line in list(run.said)))
        far.let_in()
        run.until(lambda: any("web2: it answers" in line for line in list(run.said)))
        run.until(lambda: "web2" in export(out))
        assert run.end() == 143
    found = json.loads(said("info", str(out), "--json"))
    assert [host["name"] for host in found["hosts"]] == ["web1", "web2"]
    assert found["missing_hosts"] == []
    marks = [(mark["host"], mark["cause"], mark["note"]) for mark in found["marks"]]
    assert marks == [
        (None, "lost", "web2 is missing: port 22: Connection refused"),
        ("web2", "reached", "it answers"),
    ]
    assert export(out) == {"web1", "web2"}


def said(*words: str) -> str:
    command = [sys.executable, "-m", "bttop", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE).stdout


def export(out: Path) -> set[str]:
    """The hosts that have flushes in a recording."""
    lines = [json.loads(line) for line in said("export", str(out)).splitlines()]
    return {line["host"] for line in lines if "rows" in line}


def test_without_any_host_the_run_ends_with_the_reasons(tmp_path: Path) -> None:
    words = Far(tmp_path, REFUSED).words("stream")
    words[words.index("web1,web2")] = "web2,web2x"
    words[words.index("--ssh") + 1] = shlex.join(fake_ssh(tmp_path, before=REFUSED))
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "none of the 2 hosts can be traced" in ended.stderr
    assert ended.stderr.count("Connection refused") == 2


def test_the_dashboard_shows_a_missing_host_in_its_header_until_it_joins(tmp_path: Path) -> None:
    far = Far(tmp_path, REFUSED)
    with Terminal(far.words(""), 120, 20) as shown:
        shown.wait_for("1 of 2 not reached: web2, port 22: Connection refused")
        shown.wait_for("1 of 2 hosts: without web2")
        far.let_in()
        shown.wait_for(lambda: all(f" {host}        7 " in shown.text for host in ("web1", "web2")))
        shown.wait_for(lambda: "without web2" not in shown.text and "rtt up to" in shown.text)
        shown.send("q")
        assert shown.exit_code() == 0
