"""Who is behind a process id, on a made-up /proc and on the real one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bttop.engine.host.cgroup import Container
from bttop.engine.host.process import processes
from bttop.engine.host.process.processes import Parent, is_alive, look_up, pids_named, start_of, threads_of
from tests.engine.proctree import add_process

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "proc"
    add_process(made, 1, comm=b"systemd", parent=0, cgroup=b"0::/init.scope\n", uid=0)
    add_process(made, 50, comm=b"bash", parent=1)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n")
    return made


def test_a_process_is_told_with_everything_around_it(root: Path) -> None:
    docker = b"0::/system.slice/docker-" + b"ab" * 32 + b".scope\n"
    add_process(root, 70, parent=50, threads=(71, 72), start=250 * TICKS, cgroup=docker)
    found = look_up(70, root)
    assert found is not None
    assert (found.pid, found.tid, found.comm, found.command) == (70, 70, "java", "java -jar x.jar")
    assert (found.uid, found.user, found.threads, found.started) == (33, "www-data", 3, 250.0)
    assert found.parents == (Parent(50, "bash"), Parent(1, "systemd"))
    assert found.executable == "/usr/bin/java"
    assert found.unit == f"docker-{'ab' * 32}.scope"
    assert found.container == Container("ab" * 6, "docker")
    assert not found.kernel
    assert found.age(260_500_000_000) == 10.5
    assert found.age(0) == 0


def test_a_thread_leads_to_its_process(root: Path) -> None:
    add_process(root, 70, threads=(71,))
    found = look_up(71, root)
    assert found is not None
    assert (found.pid, found.tid) == (70, 71)


def test_a_thread_of_the_kernel_has_no_command(root: Path) -> None:
    add_process(root, 2, comm=b"kthreadd", parent=0, command=b"", flags=0x208040)
    found = look_up(2, root)
    assert found is not None
    assert (found.kernel, found.command, found.parents) == (True, "", ())


def test_a_user_without_a_name_is_its_number(root: Path) -> None:
    add_process(root, 70, uid=4711)
    found = look_up(70, root)
    assert found is not None
    assert found.user == "4711"


@pytest.mark.parametrize("comm", [b"a) S 1 (b", b"a b", b"\xff\x1b[31m", b"line\nTgid:\t1", b"", b"((", b"))"])
def test_a_hostile_name_changes_nothing_else(root: Path, comm: bytes) -> None:
    add_process(root, 70, comm=comm, parent=50)
    found = look_up(70, root)
    assert found is not None
    assert found.comm == comm.decode(errors="replace")
    assert (found.pid, found.threads, found.parents[0].pid) == (70, 1, 50)


def test_a_long_command_line_is_cut(root: Path) -> None:
    add_process(root, 70, command=b"x" * 10_000)
    found = look_up(70, root)
    assert found is not None
    assert found.command == "x" * 4096 + "…"


def test_a_process_that_is_replaced_while_it_is_read_is_not_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_process(root, 70)
    whole = processes._process

    def replaced(tid: int, tgid: int, folder: Path, seen: processes._Stat, status: dict[str, str]) -> processes.Process:
        found = whole(tid, tgid, folder, seen, status)
        add_process(root, 70, start=99_999)
        return found

    monkeypatch.setattr(processes, "_process", replaced)
    assert look_up(70, root) is None


@pytest.mark.parametrize("missing", ["cmdline", "cgroup", "exe", "comm"])
def test_a_file_that_cannot_be_read_leaves_its_field_empty(root: Path, missing: str) -> None:
    add_process(root, 70)
    (root / "70" / missing).unlink()
    assert look_up(70, root) is not None


@pytest.mark.parametrize("content", [b"", b"70", b"70 (x", b"70 (x) S", b"70 (x) S a b c" + b" d" * 30, b"\xff" * 99])
def test_a_stat_that_makes_no_sense_is_nobody(root: Path, content: bytes) -> None:
    add_process(root, 70)
    (root / "70" / "stat").write_bytes(content)
    assert look_up(70, root) is None
    assert start_of(70, root) is None
    assert not is_alive(70, root)


@pytest.mark.parametrize("pid", [-1, 0, 999, 10**30])
def test_an_id_without_a_process_is_nobody(root: Path, pid: int) -> None:
    assert look_up(pid, root) is None
    assert threads_of(pid, root) == ()
    assert not is_alive(pid, root)


def test_parents_in_a_circle_end(root: Path) -> None:
    add_process(root, 70, parent=71)
    add_process(root, 71, parent=70)
    found = look_up(70, root)
    assert found is not None
    assert 0 < len(found.parents) <= 64


def test_a_zombie_is_not_alive(root: Path) -> None:
    add_process(root, 70, state="Z")
    assert look_up(70, root) is not None
    assert not is_alive(70, root)


def test_processes_are_found_by_the_fifteen_bytes_of_their_name(root: Path) -> None:
    add_process(root, 70, comm=b"a-very-long-nam")
    add_process(root, 71, comm=b"a-very-long")
    assert pids_named("a-very-long-name-indeed", root) == (70,)
    assert pids_named("a-very-long", root) == (71,)


def test_this_very_process_is_told() -> None:
    found = look_up(os.getpid())
    assert found is not None
    assert (found.pid, found.uid, found.kernel) == (os.getpid(), os.geteuid(), False)
    assert found.parents[0].pid == os.getppid()
    assert found.executable == os.path.realpath(sys.executable)
    assert is_alive(found.pid)
    assert found.pid in pids_named(found.comm)


def test_a_thread_of_this_process_is_seen() -> None:
    found: list[int] = []

    def look() -> None:
        seen = look_up(threading.get_native_id())
        found.extend([threading.get_native_id(), seen.pid if seen else 0])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found[1] == os.getpid() != found[0]
    assert threading.get_native_id() in threads_of(os.getpid())


def test_a_process_that_has_ended_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert not is_alive(ended.pid)
