"""The memory of who the processes were."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bttop.engine.identities import Identities

from .proctree import add_process

PATIENCE = 20.0


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "proc"
    add_process(made, 70)
    return made


@pytest.fixture
def identities(root: Path, clock: Clock) -> Iterator[Identities]:
    made = Identities(3, root=root, clock=clock)
    yield made
    made.close()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def seen(identities: Identities, pid: int) -> str:
    found = identities.get(pid)
    return found.comm if found else ""


def test_a_noted_process_is_known_soon_and_after_its_end(identities: Identities, root: Path) -> None:
    assert identities.get(70) is None
    identities.note([70])
    wait_until(lambda: seen(identities, 70) == "java")
    shutil.rmtree(root / "70")
    identities.look(70)
    assert seen(identities, 70) == "java"


def test_a_process_that_was_never_seen_stays_unknown(identities: Identities) -> None:
    assert identities.look(99) is None
    assert identities.get(99) is None


def test_the_next_process_with_the_same_id_is_another(identities: Identities, root: Path) -> None:
    identities.look(70)
    add_process(root, 70, comm=b"nginx", start=99_999)
    identities.look(70)
    assert seen(identities, 70) == "nginx"
    assert [one.comm for one in identities.known()] == ["java", "nginx"]


def test_a_process_that_executes_another_program_is_looked_at_anew(identities: Identities, root: Path) -> None:
    add_process(root, 70, comm=b"bash")
    identities.look(70)
    add_process(root, 70, comm=b"curl", command=b"curl\0x")
    identities.look(70)
    assert [one.command for one in identities.known()] == ["curl x"]


def test_the_first_look_at_a_program_is_kept(identities: Identities, root: Path) -> None:
    identities.look(70)
    add_process(root, 70, command=b"changed")
    assert identities.look(70) == identities.get(70)
    assert [one.command for one in identities.known()] == ["java -jar x.jar"]


def test_a_known_id_is_checked_again_only_after_a_while(identities: Identities, root: Path, clock: Clock) -> None:
    identities.look(70)
    add_process(root, 70, comm=b"nginx", start=99_999)
    add_process(root, 71, comm=b"last")
    identities.note([70, 71])
    wait_until(lambda: seen(identities, 71) == "last")
    assert seen(identities, 70) == "java"
    clock.seconds = 31.0
    identities.note([70])
    wait_until(lambda: seen(identities, 70) == "nginx")


def test_those_not_asked_for_are_forgotten_first(identities: Identities, root: Path) -> None:
    for pid in (71, 72, 73):
        add_process(root, pid)
    for pid in (70, 71, 72):
        identities.look(pid)
    identities.get(70)
    identities.look(73)
    assert [one.pid for one in identities.known()] == [72, 70, 73]
    assert identities.get(71) is None


def test_process_zero_is_nobody(identities: Identities, root: Path) -> None:
    add_process(root, 0)
    identities.note([0, -5, 70])
    wait_until(lambda: seen(identities, 70) == "java")
    assert identities.get(0) is None


def test_after_the_end_nothing_is_looked_at(root: Path) -> None:
    identities = Identities(root=root)
    identities.close()
    identities.note([70])
    assert identities._thread is None


def test_the_thread_ends(root: Path) -> None:
    identities = Identities(root=root)
    identities.note([70])
    thread = identities._thread
    assert thread is not None
    identities.close()
    wait_until(lambda: not thread.is_alive())


def test_a_real_process_is_remembered() -> None:
    identities = Identities()
    found = identities.look(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()
