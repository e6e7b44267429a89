from __future__ import annotations

from pathlib import Path

import pytest

from bttop.engine.host.host import Bpftrace
from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.safety.own_processes import _BY_NAME, own_processes
from bttop.model.record.release import Release
from bttop.script.process.self_exclusion import Exclusion
from tests.engine.proctree import add_process, in_namespace

OLD, SWAPPING, NEW = (Bpftrace("/usr/bin/bpftrace", Release(0, minor)) for minor in (17, 23, 27))
TRACER = 400
HOST = PidNumbers()
INODE = 4026532178


@pytest.fixture
def root(tmp_path: Path) -> Path:
    proc = tmp_path / "proc"
    (proc / "sys/kernel").mkdir(parents=True)
    (proc / "sys/kernel/pid_max").write_text("32768\n")
    add_process(proc, 1, comm=b"systemd", parent=0)
    return proc


def chain(root: Path, *processes: tuple[int, bytes]) -> int:
    """Each the child of the one before, the first of process 1; the last one's id."""
    parent = 1
    for pid, comm in processes:
        add_process(root, pid, comm=comm, parent=parent)
        parent = pid
    return parent


def pids(root: Path, own: int) -> set[int]:
    return set(own_processes(TRACER, NEW, HOST, own, root).pids)


def test_the_sessions_sshd_and_sudo_but_neither_the_listening_one_nor_the_shell(root: Path) -> None:
    own = chain(root, (10, b"sshd"), (11, b"sshd"), (12, b"sshd"), (13, b"bash"), (14, b"sudo"), (15, b"bttop"))
    assert pids(root, own) == {11, 12, 14, 15, TRACER}


def test_the_tracer_behind_a_sudo_and_its_monitor_is_left_out_too(root: Path) -> None:
    own = chain(root, (11, b"sshd"), (13, b"bash"), (15, b"bttop"))
    chain(root, (TRACER, b"sudo"), (401, b"sudo"), (402, b"python3"), (403, b"bpftrace"))
    for pid in (TRACER, 401, 402):
        (root / f"{pid}/task/{pid}/children").write_text(f"{pid + 1} ")
    assert pids(root, own) == {11, 15, TRACER, 401, 402}


def test_from_openssh_9_8_on_a_session_has_a_name_of_its_own(root: Path) -> None:
    own = chain(root, (10, b"sshd"), (11, b"sshd-session"), (12, b"sshd-session"), (13, b"bash"), (15, b"bttop"))
    assert pids(root, own) == {11, 12, 15, TRACER}


def test_a_single_sshd_is_the_sessions_own(root: Path) -> None:
    own = chain(root, (11, b"sshd"), (13, b"bash"), (15, b"bttop"))
    assert pids(root, own) == {11, 15, TRACER}


def test_the_server_of_tmux_its_client_and_what_carries_that(root: Path) -> None:
    own = chain(root, (20, b"tmux: server"), (21, b"bash"), (22, b"bttop"))
    chain(root, (30, b"sshd"), (31, b"sshd"), (32, b"bash"), (33, b"tmux: client"))
    assert pids(root, own) == {20, 22, 31, 33, TRACER}


def test_names_count_from_the_tracer_on_until_the_ids_begin_anew(root: Path) -> None:
    own = chain(root, (22, b"bttop"))
    assert own_processes(TRACER, NEW, HOST, own, root).since == TRACER
    assert own_processes(32_000, NEW, HOST, own, root).since == 0
    (root / "sys/kernel/pid_max").unlink()
    assert own_processes(TRACER, NEW, HOST, own, root).since == 0


def test_a_bpftrace_of_another_name_is_known_by_both(root: Path) -> None:
    one = own_processes(TRACER, Bpftrace("/opt/bpftrace-of-a-very-long-name", Release(0, 27)), HOST, 22, root)
    assert one.comms == ("bpftrace", "bpftrace-of-a-v")


NAMES = ("bpftrace", "bttop")


@pytest.mark.parametrize(
    ("bpftrace", "expected"),
    [
        (OLD, Exclusion(comms=NAMES, unknown=_BY_NAME)),
        (SWAPPING, Exclusion((22, TRACER), NAMES[:1], TRACER, NAMES[1:], fields_differ=True)),
        (NEW, Exclusion((22, TRACER), NAMES[:1], TRACER, NAMES[1:], fields_differ=True)),
    ],
)
def test_in_a_pid_namespace_of_its_own_ids_are_used_where_bpftrace_counts_so_and_names_elsewhere(
    root: Path, bpftrace: Bpftrace, expected: Exclusion
) -> None:
    own = chain(root, (22, b"bttop"))
    in_namespace(root, INODE, "22")
    assert own_processes(TRACER, bpftrace, PidNumbers.read(bpftrace.release, root), own, root) == expected
