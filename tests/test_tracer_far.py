"""What the tracer does for a dashboard on another host: files, processes, the time, and its lease."""

from __future__ import annotations

import os
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from bttop.engine.tracer.frames import Content, Hello, Started, StartRefused, TimeAnswer
from tests.pythons import PYTHONS
from tests.test_tracer import Session, open_session

__all__ = ["open_session"]

Opener = Callable[..., Session]


def test_it_says_what_its_host_is(open_session: Opener) -> None:
    hello = open_session().one(Hello)
    assert hello.uname == tuple(os.uname())
    assert (hello.uid, hello.cpus) == (os.geteuid(), os.cpu_count())


def test_it_answers_with_the_time(open_session: Opener) -> None:
    session = open_session()
    session.send(do="time", token=7)
    answer = session.one(TimeAnswer)
    assert answer.token == 7
    assert abs(answer.stamp.boot_ns - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) < 30_000_000_000


@pytest.mark.parametrize("python", PYTHONS)
def test_it_reads_files_links_and_paths(open_session: Opener, tmp_path: Path, python: str) -> None:
    (tmp_path / "file").write_bytes(b"\xff\0x")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    session = open_session(python=python)
    files = [str(tmp_path / name) for name in ("file", "fifo", "missing")]
    session.send(do="read", token=1, files=files, links=[f"{tmp_path}/*"], patterns=[f"{tmp_path}/f*"])
    found = session.one(Content)
    assert {path: b64decode(text) for path, text in found.files.items()} == {files[0]: b"\xff\0x"}
    assert found.links == {str(tmp_path / "link"): "file"}
    assert sorted(found.paths) == [str(tmp_path / "fifo"), str(tmp_path / "file")]
    assert not found.cut


def test_a_long_file_is_cut_and_what_does_not_fit_is_said(open_session: Opener, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}") for number in range(8)]
    for path in paths:
        Path(path).write_bytes(b"x" * 400_000)
    session = open_session()
    session.send(do="read", token=1, files=paths)
    found = session.one(Content)
    assert found.cut
    assert {len(b64decode(text)) for text in found.files.values()} == {256 * 1024}
    assert 0 < len(found.files) < 8


def test_it_reads_a_process_and_its_ancestors(open_session: Opener) -> None:
    session = open_session()
    session.send(do="processes", token=1, pids=[os.getpid(), 2**22 - 1, -1])
    found = session.one(Content)
    own = f"/proc/{os.getpid()}"
    assert {f"{own}/stat", f"{own}/status", f"{own}/cmdline"} <= set(found.files)
    assert f"/proc/{os.getppid()}/stat" in found.files
    assert f"{own}/exe" in found.links


@pytest.mark.parametrize(
    "command",
    [
        {"do": "time"},
        {"do": "read", "token": "x"},
        {"do": "read", "token": 1, "files": "x"},
        {"do": "read", "token": 1, "files": [1]},
        {"do": "processes", "token": 1, "pids": ["x"]},
    ],
)
def test_a_wrong_question_is_refused(open_session: Opener, command: dict[str, object]) -> None:
    session = open_session()
    session.send(**command)
    assert session.one(StartRefused).reason


def test_without_commands_it_ends_with_its_lease(open_session: Opener) -> None:
    session = open_session("--lease", "1")
    session.one(Started, session.start(["wait"]))
    session.send(do="meter", every=1)
    begin = time.monotonic()
    assert session.process.wait(20) == 0
    assert time.monotonic() - begin > 0.5


def test_before_the_first_request_for_costs_the_lease_is_longer(open_session: Opener) -> None:
    session = open_session("--lease", "1")
    begin = time.monotonic()
    assert session.process.wait(20) == 0
    assert time.monotonic() - begin > 3.5


def test_a_command_renews_the_lease(open_session: Opener) -> None:
    session = open_session("--lease", "1")
    session.send(do="meter", every=60)
    for token in range(4):
        time.sleep(0.5)
        session.send(do="time", token=token)
    session.until(lambda: len(session.all(TimeAnswer)) == 4)
    assert session.process.poll() is None
