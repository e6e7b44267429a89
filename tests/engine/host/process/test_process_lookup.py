"""The memory of who the processes were."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bttop.engine.host.process.pid_numbers import PidNumbers
from bttop.engine.host.process.process_lookup import ProcessLookup
from bttop.model.record.release import Release
from tests.engine.proctree import add_process, in_namespace

PATIENCE = 60.0


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
def lookup(root: Path, clock: Clock) -> Iterator[ProcessLookup]:
    made = ProcessLookup(3, root=root, clock=clock)
    yield made
    made.close()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def seen(lookup: ProcessLookup, pid: int) -> str:
    found = lookup.get(pid)
    return found.comm if found else ""


def test_a_noted_process_is_known_soon_and_after_its_end(lookup: ProcessLookup, root: Path) -> None:
    assert lookup.get(70) is None
    lookup.note([70])
    wait_until(lambda: seen(lookup, 70) == "java")
    shutil.rmtree(root / "70")
    lookup.look(70)
    assert seen(lookup, 70) == "java"


def test_a_process_that_was_never_seen_stays_unknown(lookup: ProcessLookup) -> None:
    assert lookup.look(99) is None
    assert lookup.get(99) is None


def test_the_next_process_with_the_same_id_is_another(lookup: ProcessLookup, root: Path) -> None:
    lookup.look(70)
    add_process(root, 70, comm=b"nginx", start=99_999)
    lookup.look(70)
    assert seen(lookup, 70) == "nginx"
    assert [one.comm for one in lookup.known()] == ["java", "nginx"]


def test_a_process_that_executes_another_program_is_looked_at_anew(lookup: ProcessLookup, root: Path) -> None:
    add_process(root, 70, comm=b"bash")
    lookup.look(70)
    add_process(root, 70, comm=b"curl", command=b"curl\0x")
    lookup.look(70)
    assert [one.command for one in lookup.known()] == ["curl x"]


def test_the_first_look_at_a_program_is_kept(lookup: ProcessLookup, root: Path) -> None:
    lookup.look(70)
    add_process(root, 70, command=b"changed")
    assert lookup.look(70) == lookup.get(70)
    assert [one.command for one in lookup.known()] == ["java -jar x.jar"]


def test_a_known_id_is_checked_again_only_after_a_while(lookup: ProcessLookup, root: Path, clock: Clock) -> None:
    lookup.look(70)
    add_process(root, 70, comm=b"nginx", start=99_999)
    add_process(root, 71, comm=b"last")
    lookup.note([70, 71])
    wait_until(lambda: seen(lookup, 71) == "last")
    assert seen(lookup, 70) == "java"
    clock.seconds = 31.0
    lookup.note([70])
    wait_until(lambda: seen(lookup, 70) == "nginx")


def test_those_not_asked_for_are_forgotten_first(lookup: ProcessLookup, root: Path) -> None:
    for pid in (71, 72, 73):
        add_process(root, pid)
    for pid in (70, 71, 72):
        lookup.look(pid)
    lookup.get(70)
    lookup.look(73)
    assert [one.pid for one in lookup.known()] == [72, 70, 73]
    assert lookup.get(71) is None


def test_process_zero_is_nobody(lookup: ProcessLookup, root: Path) -> None:
    add_process(root, 0)
    lookup.note([0, -5, 70])
    wait_until(lambda: seen(lookup, 70) == "java")
    assert lookup.get(0) is None


def test_a_number_that_is_no_process_id_is_nobody(lookup: ProcessLookup, root: Path) -> None:
    add_process(root, 10**30)
    lookup.note([10**30, 70])
    wait_until(lambda: seen(lookup, 70) == "java")
    assert lookup.look(10**30) is None


def test_after_the_end_nothing_is_looked_at(root: Path) -> None:
    lookup = ProcessLookup(root=root)
    lookup.close()
    lookup.note([70])
    assert lookup._worker._thread is None


def test_the_thread_ends(root: Path) -> None:
    lookup = ProcessLookup(root=root)
    lookup.note([70])
    thread = lookup._worker._thread
    assert thread is not None
    lookup.close()
    wait_until(lambda: not thread.is_alive())


def test_a_real_process_is_remembered() -> None:
    lookup = ProcessLookup()
    found = lookup.look(os.getpid())
    assert found is not None
    assert found.pid == os.getpid()


def test_where_bpftrace_counts_otherwise_than_proc_no_process_is_taken_for_another(root: Path) -> None:
    in_namespace(root, 4026532178, "22")
    lookup = ProcessLookup(root=root, numbers=PidNumbers.read(Release(0, 17), root))
    lookup.note([70])
    assert (lookup.look(70), lookup.get(70), lookup.known()) == (None, None, ())
    assert not lookup.has_ended(70)
    assert not lookup.has_ended(71)
    assert "other numbers" in lookup.why_unknown


def test_where_both_count_alike_it_is_known_whether_a_process_has_ended(root: Path) -> None:
    in_namespace(root, 4026532178, "22")
    lookup = ProcessLookup(root=root, numbers=PidNumbers.read(Release(0, 27), root))
    assert lookup.look(70) is not None
    assert (lookup.has_ended(70), lookup.has_ended(71), lookup.why_unknown) == (False, True, "")


def test_an_open_file_is_named_as_long_as_it_is_open(tmp_path: Path) -> None:
    known, place = ProcessLookup(), tmp_path / "journal"
    with place.open("w") as file:
        number = file.fileno()
        assert known.open_file(os.getpid(), number) == str(place)
    assert known.open_file(os.getpid(), number) != str(place)
    assert known.open_file(os.getpid(), 2**70) == known.open_file(2**40, 0) == ""
